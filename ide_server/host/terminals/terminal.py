"""One terminal: a shell behind a PTY, the ring of its output, and the clients that watch it."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from ptyprocess.ptyprocess import PtyProcess, PtyProcessError
from terminado.management import PtyWithClients

from ide_server import wire
from ide_server.host.terminals.client import Client, Size, checked_size
from ide_server.host.terminals.keyboard import Keyboard
from ide_server.host.terminals.ring import Ring
from ide_server.host.terminals.turns import Turns

READ_BYTES = 4096  # what the line discipline holds; a read never returns more
FEW_BYTES = 1024
"""After a read of fewer most likely nothing is left; if something is, it is read in the loop's next turn."""
TURN_READS = 16
LAST_READS = 64
REOPEN_SECONDS = 1.0
END_SECONDS = 5.0

Output = bytes | wire.TerminalMessage


class Pty(Protocol):
    """A process and the master side of its terminal. Who takes it closes the descriptor and reaps the process."""

    @property
    def pid(self) -> int: ...
    @property
    def descriptor(self) -> int: ...


class Terminal(PtyWithClients):
    """terminado's process with clients, whose signals (`terminate`) are used as they are.

    Its reading, writing and sizing are replaced: they block, grow without bound and follow the smallest client.
    All state changes in functions without await, so each is atomic: a client attaches between two reads, never in one.
    """

    def __init__(
        self,
        record: wire.Terminal,
        pty: Pty,
        *,
        size: Size,
        scrollback_bytes: int,
        turns: Turns,
        on_end: Callable[[], None],
    ) -> None:
        # terminado's __init__ would spawn a process of its own, outside every sandbox.
        self.record = record
        self.size = size
        self.exit_code: int | None = None
        self.clients: list[Client] = []
        self.ptyproc = PtyProcess(pty.pid, pty.descriptor)
        self.ptyproc.delayafterclose = 0
        self.ring = Ring(scrollback_bytes)
        self._turns = turns
        self._on_end = on_end
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._descriptor = pty.descriptor
        os.set_blocking(self._descriptor, False)
        self._keyboard = Keyboard(self._descriptor)
        self._reading = False
        self._waits_for_turn = False
        self._reopen: asyncio.TimerHandle | None = None
        self._process_descriptor = os.pidfd_open(pty.pid)
        self._loop.add_reader(self._process_descriptor, self._end)
        self.ptyproc.setwinsize(*size)
        self._read_or_pause()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @contextmanager
    def attached(self, offset: int) -> Iterator[Client]:
        """A client that has all output before `offset`, or none that is of use if the ring no longer holds it."""
        client = Client(self.ring, offset)
        self.clients.append(client)
        self._read_or_pause()
        try:
            yield client
        finally:
            self.clients.remove(client)
            self._read_or_pause()

    async def outputs(self, client: Client) -> AsyncIterator[Output]:
        """What to send to the client, as it comes, until the shell has ended. Raises ClientStalled."""
        while True:
            output = self._next_output(client)
            if output is None:
                await client.wait_changed()
                continue
            client.is_served = True
            yield output
            client.is_served = False
            if isinstance(output, wire.Disconnect):
                return

    def acknowledge(self, client: Client, offset: int) -> None:
        client.acknowledge(offset)
        self._read_or_pause()

    def type(self, client: Client, text: str) -> None:
        if self.ended:
            return
        self._follow(client)
        client.refused_bytes += self._keyboard.type(text.encode())
        if client.refused_bytes:
            client.notice()

    def set_size(self, client: Client, rows: int, columns: int) -> None:
        """Raises InvalidRequest."""
        size = checked_size(rows, columns)
        client.wanted_size = client.shown_size = size
        self._follow(client)

    async def remove(self) -> None:
        """Hang up, then ever less politely, up to SIGKILL. Raises TimeoutError if even that does not end the shell."""
        await self.terminate(force=True)
        async with asyncio.timeout(END_SECONDS):
            await self._ended.wait()

    def _next_output(self, client: Client) -> Output | None:
        if not client.setup_due:
            if client.shown_size != self.size:
                client.shown_size = self.size
                return wire.Sized(*self.size)
            if client.refused_bytes:
                refused_bytes, client.refused_bytes = client.refused_bytes, 0
                return wire.StdinFull(refused_bytes)
            if frame := client.take_output():
                return frame
        if client.setup_due:
            client.setup_due = False
            client.shown_size = self.size
            return wire.Setup(client.position, *self.size, client.live_offset)
        if self.ended and client.at_end:
            return wire.Disconnect(self.exit_code)
        return None

    def _follow(self, client: Client) -> None:
        """The PTY has the size of the client that was active last; the others are told."""
        if self.ended or client.wanted_size in (None, self.size):
            return
        self.size = client.wanted_size
        self.ptyproc.setwinsize(*self.size)
        self._notice()

    def _readable(self) -> None:
        if self.clients:
            self._read()
        else:
            self._waits_for_turn = True
            self._read_or_pause()
            self._turns.ask(self._take_turn)

    def _take_turn(self) -> None:
        self._waits_for_turn = False
        if not self.ended:
            self._read()

    def _read(self) -> None:
        self._read_times(TURN_READS, while_bytes=FEW_BYTES)
        self._notice()
        self._read_or_pause()

    def _read_times(self, most: int, *, while_bytes: int) -> None:
        """While each read gives as many bytes."""
        for _ in range(most):
            if self._read_once() < while_bytes:
                break

    def _read_once(self) -> int:
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data and self._reopen is None:
            self._reopen = self._loop.call_later(REOPEN_SECONDS, self._read_again)
        self.ring.append(data)
        return len(data)

    def _read_again(self) -> None:
        """A program without open descriptors of its terminal may open it again through /dev/tty."""
        self._reopen = None
        self._read_or_pause()

    def _read_or_pause(self) -> None:
        """Read at the speed of the fastest client, or of the program when nobody watches."""
        paused = bool(self.clients) and all(client.is_behind for client in self.clients)
        reading = not (paused or self._waits_for_turn or self._reopen or self.ended)
        if reading == self._reading:
            return
        self._reading = reading
        if reading:
            self._loop.add_reader(self._descriptor, self._readable)
        else:
            self._loop.remove_reader(self._descriptor)

    def _notice(self) -> None:
        for client in self.clients:
            if self._owes_word(client) or not client.say_output():
                client.notice()

    def _owes_word(self, client: Client) -> bool:
        """Whether anything but output is due, or may be next."""
        return self.ended or client.refused_bytes > 0 or client.shown_size != self.size

    def _end(self) -> None:
        """The shell has ended. What it wrote last is still in the PTY: some KiB, and nobody can add to them."""
        self._read_times(LAST_READS, while_bytes=1)
        if self._reopen is not None:
            self._reopen.cancel()
        self.exit_code = exit_code(self.ptyproc)
        self._ended.set()
        self._read_or_pause()
        self._keyboard.close()
        self.ptyproc.close()
        self._loop.remove_reader(self._process_descriptor)
        os.close(self._process_descriptor)
        self._notice()
        self._on_end()


def exit_code(process: PtyProcess) -> int | None:
    """Reaps the process. None if a signal killed it, or if the OCI runtime left it to another parent."""
    try:
        process.isalive()
    except PtyProcessError:
        process.terminated = True
    code: int | None = process.exitstatus
    return code
