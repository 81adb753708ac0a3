"""What people type, on its way to a terminal's program: written without waiting, bounded while it is not read."""

import asyncio
import contextlib
import errno
import fcntl
import os
import termios

LIMIT_BYTES = 1 << 20
INTERRUPT = b"\x03"
TIOCGPTPEER = 0x5441  # asm-generic/ioctls.h; Python's termios has it from 3.13 on


class Keyboard:
    """Writes to the master side of a PTY, whose descriptor must be non-blocking."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        self._loop = asyncio.get_running_loop()

    def type(self, data: bytes) -> int:
        """Returns how many bytes were refused: all of `data` or none, since half a paste is worse than no paste."""
        if INTERRUPT in data and interrupts(self._descriptor):
            self._waiting.clear()
            discard_unread(self._descriptor)
            data = data[data.rindex(INTERRUPT) :]
        if len(self._waiting) + len(data) > LIMIT_BYTES:
            return len(data)
        self._waiting += data
        self._write()
        return 0

    def close(self) -> None:
        self._waiting.clear()
        self._loop.remove_writer(self._descriptor)

    def _write(self) -> None:
        try:
            del self._waiting[: os.write(self._descriptor, self._waiting)]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._waiting.clear()  # EIO: the program's side is closed, nobody will read this
        if self._waiting:
            self._loop.add_writer(self._descriptor, self._write)
        else:
            self._loop.remove_writer(self._descriptor)


def interrupts(descriptor: int) -> bool:
    """Whether the kernel, on reading Ctrl-C, discards what was typed before it and interrupts the program."""
    *_, local_flags, _, _, characters = termios.tcgetattr(descriptor)
    return (
        bool(local_flags & termios.ISIG) and not local_flags & termios.NOFLSH and characters[termios.VINTR] == INTERRUPT
    )


def discard_unread(descriptor: int) -> None:
    """Discard what the program has not read yet, as the kernel would do on a Ctrl-C it came to read.

    It does not come to it while whole lines fill the 4096 bytes of its line discipline: the rest, Ctrl-C included,
    waits behind them. Only the program's side of the PTY can be flushed; where it cannot be opened, the bytes stay.
    """
    with contextlib.suppress(OSError):
        peer = fcntl.ioctl(descriptor, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            termios.tcflush(peer, termios.TCIFLUSH)
        finally:
            os.close(peer)
