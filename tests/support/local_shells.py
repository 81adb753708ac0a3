"""Shells of this machine at a PTY, in the place of a workspace's sandbox."""

import fcntl
import os
import struct
import termios
from collections.abc import Sequence
from dataclasses import dataclass

from ide_server.wire import ModelId


@dataclass(frozen=True)
class LocalPty:
    pid: int
    descriptor: int


class LocalShells:
    """Gives a PTY with Bash, or with another program, whatever the model and the program asked for."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments or ("bash", "--norc", "--noprofile", "-i")
        self.edition = 1
        """Count it up, and shells started before are outdated."""
        self.seats = 0
        """Taken and not left."""

    async def get(self, _: ModelId) -> "LocalSeat":
        self.seats += 1
        return LocalSeat(self)


class LocalSeat:
    def __init__(self, shells: LocalShells) -> None:
        self._shells = shells
        self._edition = shells.edition

    @property
    def outdated(self) -> bool:
        return self._edition != self._shells.edition

    async def open_terminal(self, _: Sequence[str], *, rows: int, columns: int) -> LocalPty:
        return open_pty(self._shells.arguments, rows=rows, columns=columns)

    def leave(self) -> None:
        self._shells.seats -= 1


def open_pty(arguments: Sequence[str], *, rows: int, columns: int) -> LocalPty:
    """setsid(1) makes the PTY the program's controlling terminal, without a fork of this interpreter."""
    master, slave = os.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        pid = os.posix_spawnp(
            "setsid",
            ("setsid", "--ctty", *arguments),
            {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8", "TERM": "xterm-256color", "PS1": "$ "},
            file_actions=[(os.POSIX_SPAWN_DUP2, slave, number) for number in range(3)],
        )
    finally:
        os.close(slave)
    return LocalPty(pid, master)
