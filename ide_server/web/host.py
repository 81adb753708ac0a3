"""The host process, as the web process reaches it: over a unix socket."""

from collections.abc import AsyncIterable, Iterable
from pathlib import Path

import aiohttp
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.typing import Subprotocol
from yarl import URL

from ide_server.errors import HostUnavailable

MAX_MESSAGE_BYTES = 4 << 20
"""The longest WebSocket message in either direction."""
MAX_QUEUED_FRAMES = 8
"""Read from the host ahead of a client that does not read; beyond it the host's own sending waits."""
MAX_REQUESTS = 512
MAX_HEAD_BYTES = 64 << 10
CONNECT_SECONDS = 5.0
IDLE_SECONDS = 3.0
"""How long a connection is kept for another request: the host closes it after 5."""
CLOSE_SECONDS = 2.0


class Host:
    """The host process, as the web process reaches it."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(socket_path), limit=MAX_REQUESTS, keepalive_timeout=IDLE_SECONDS),
            # A reply may take as long as it takes: the client who waits for it ends it by leaving.
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_field_size=MAX_HEAD_BYTES,
        )

    async def close(self) -> None:
        await self._session.close()

    async def request(
        self,
        method: str,
        target: str,
        *,
        headers: Iterable[tuple[str, str]],
        body: AsyncIterable[bytes] | bytes | None,
    ) -> aiohttp.ClientResponse:
        """The reply with its body still to be read, to be released. `target` goes as it is. Raises HostUnavailable."""
        url = URL(f"http://host{target}", encoded=True)
        try:
            return await self._session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except aiohttp.ClientConnectorError as error:
            raise HostUnavailable(
                "The host process is not running just now; it is being restarted. Try again."
            ) from error
        except TimeoutError as error:
            raise HostUnavailable(f"{MAX_REQUESTS} requests are under way already. Try again.") from error
        except aiohttp.ClientError as error:
            raise HostUnavailable(
                "The host process ended while it worked on this request. Look whether it was done, then try again."
            ) from error

    async def connect(
        self,
        target: str,
        subprotocols: Iterable[str],
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
        kind: type[ClientConnection] = ClientConnection,
    ) -> ClientConnection:
        """Raises what websockets raises, and OSError where there is no host."""
        return await unix_connect(
            str(self.socket_path),
            f"ws://host{target}",
            create_connection=kind,
            additional_headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers],
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=MAX_QUEUED_FRAMES,
            open_timeout=CONNECT_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # a process that ends closes its unix sockets, so nothing dies in silence
            user_agent_header=None,
        )
