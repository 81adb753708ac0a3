"""One watcher of a terminal: where it reads in the ring, what it has acknowledged, the size its screen has."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from ide_server.errors import InvalidRequest
from ide_server.host.terminals.ring import Ring

FRAME_BYTES = 64 << 10
WINDOW_BYTES = 384 << 10
STALL_SECONDS = 30.0
MOST_CELLS = 1000


class Size(NamedTuple):
    rows: int
    columns: int


def checked_size(rows: int, columns: int) -> Size:
    if not (1 <= rows <= MOST_CELLS and 1 <= columns <= MOST_CELLS):
        raise InvalidRequest(f"Expected 1 to {MOST_CELLS} rows and columns, got {rows} and {columns}.")
    return Size(rows, columns)


class ClientStalled(Exception):
    """The client acknowledged nothing for STALL_SECONDS while a window of output or more waited for it."""


Say = Callable[[Callable[[], bytes]], bool]
"""Sends the frame that it is given, without waiting. False, and it asks for none, where it would have to."""


class Client:
    """Holds positions in the ring, never output: however slow a client is, it costs the host no more than this."""

    say: Say | None = None
    """A key's echo goes out so, for which a task's turn costs more than all the rest."""
    is_served = False
    """By its task: something is on its way, which nothing may overtake."""

    def __init__(self, ring: Ring, offset: int) -> None:
        self._ring = ring
        self._window_bytes = min(WINDOW_BYTES, ring.capacity_bytes // 2)
        self._deadline: float | None = None
        self.live_offset = ring.end
        self.position = offset if ring.start <= offset <= ring.end else ring.clean_start()
        self.acknowledged = self.position
        self.setup_due = True
        self.wanted_size: Size | None = None
        self.shown_size: Size | None = None
        self.refused_bytes = 0
        self.changed = asyncio.Event()

    @property
    def is_behind(self) -> bool:
        """Whether a window of output or more, sent or not, is unacknowledged."""
        return self._ring.end - self.acknowledged >= self._window_bytes

    @property
    def at_end(self) -> bool:
        return self.position == self._ring.end

    def acknowledge(self, offset: int) -> None:
        """Offsets from before a new setup come late and mean nothing. Raises InvalidRequest for one never sent."""
        if offset > self.position:
            raise InvalidRequest(f"Expected ack of at most {self.position}, the output sent so far; got {offset}.")
        if offset > self.acknowledged:
            self.acknowledged = offset
            self._deadline = None
            self.notice()

    def notice(self) -> None:
        """Something changed: output came, an acknowledgement, a size."""
        if self.is_behind and self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + STALL_SECONDS
        self.changed.set()

    def take_output(self) -> bytes:
        """The next frame; b"" when there is none or the window is full.

        A client that the ring has passed skips to what the ring still holds, and is due a new setup.
        """
        window = self.acknowledged + self._window_bytes - self.position
        if window <= 0:
            return b""
        if self.position < self._ring.start:
            self.position = self.acknowledged = self._ring.clean_start()
            self.setup_due = True
            return b""
        frame = self._ring.read(self.position, min(window, FRAME_BYTES))
        self.position += len(frame)
        return frame

    def say_output(self) -> bool:
        """Whether it has all that there is then. Where it has not, its task has to be told."""
        if self.say is None or self.is_served or self.setup_due or not self.say(self.take_output):
            return False
        return self.at_end and not self.is_behind

    async def wait_changed(self) -> None:
        """Raises ClientStalled, also where changes keep coming: they are output, not acknowledgements."""
        if self._deadline is None:  # whatever sets one notices a change too
            await self.changed.wait()
        elif asyncio.get_running_loop().time() >= self._deadline:
            raise ClientStalled
        else:
            try:
                async with asyncio.timeout_at(self._deadline):
                    await self.changed.wait()
            except TimeoutError:
                raise ClientStalled from None
        self.changed.clear()
