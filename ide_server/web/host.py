"""The host process, as the web process reaches it: over a unix socket."""

from collections.abc import Iterable
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.typing import Subprotocol

from ide_server.errors import HostUnavailable

MAX_MESSAGE_BYTES = 4 << 20
"""The longest WebSocket message in either direction."""
MAX_QUEUED_FRAMES = 8
"""Read from the host ahead of a client that does not read; beyond it the host's own sending waits."""
MAX_REQUESTS = 512
CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 2.0


class Host:
    """The host process, as the web process reaches it."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path
        limits = httpx.Limits(max_connections=MAX_REQUESTS, max_keepalive_connections=32)
        self._client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket_path), limits=limits))

    async def close(self) -> None:
        await self._client.aclose()

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The reply with its body still to be read. Raises HostUnavailable."""
        try:
            return await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise HostUnavailable(
                "The host process is not running just now; it is being restarted. Try again."
            ) from error
        except httpx.PoolTimeout as error:
            raise HostUnavailable(f"{MAX_REQUESTS} requests are under way already. Try again.") from error
        except httpx.TransportError as error:
            raise HostUnavailable(
                "The host process ended while it worked on this request. Look whether it was done, then try again."
            ) from error

    async def connect(self, target: str, subprotocols: Iterable[str]) -> ClientConnection:
        """Raises what websockets raises, and OSError where there is no host."""
        return await unix_connect(
            str(self.socket_path),
            f"ws://host{target}",
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=MAX_QUEUED_FRAMES,
            open_timeout=CONNECT_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,  # a process that ends closes its unix sockets, so nothing dies in silence
            user_agent_header=None,
        )
