"""What a terminal shows, and typing into it, without a socket between."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ide_server import wire
from ide_server.host.terminals import Client, Terminal

WAIT_SECONDS = 15
UNSEEN = re.compile(rb"\x1b\](?:133|633);[^\x07]*\x07")
"""What the shell tells the page of its prompts and its folder."""


class Screen:
    """A client that draws all it is sent into one string of bytes."""

    def __init__(self, terminal: Terminal, client: Client) -> None:
        self._terminal = terminal
        self._client = client
        self._outputs = terminal.outputs(client)
        self.drawn = b""
        self.exit_codes: list[int | None] = []

    def type(self, text: str) -> None:
        self._terminal.type(self._client, text)

    def set_size(self, rows: int, columns: int) -> None:
        self._terminal.set_size(self._client, rows, columns)

    async def until(self, pattern: bytes, *, seconds: float = WAIT_SECONDS) -> re.Match[bytes]:
        try:
            async with asyncio.timeout(seconds):
                while (found := re.search(pattern, self.drawn)) is None:
                    await self._draw()
        except TimeoutError:
            raise AssertionError(f"expected {pattern!r}, drawn is {self.drawn[-500:]!r}") from None
        self.drawn = self.drawn[found.end() :]
        return found

    async def until_ended(self) -> int | None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not self.exit_codes:
                await self._draw()
        return self.exit_codes[0]

    async def _draw(self) -> None:
        output = await anext(self._outputs)
        if isinstance(output, bytes):
            self.drawn = UNSEEN.sub(b"", self.drawn + output)
            self._terminal.acknowledge(self._client, self._client.position)
        elif isinstance(output, wire.Disconnect):
            self.exit_codes.append(output.exit_code)


@asynccontextmanager
async def watched(terminal: Terminal) -> AsyncIterator[Screen]:
    with terminal.attached(0) as client:
        yield Screen(terminal, client)
