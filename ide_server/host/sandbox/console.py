"""Takes a pseudo-terminal over from the OCI runtime, which sends its master through a socket."""

import fcntl
import os
import socket
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ide_server.errors import SandboxFailed


@dataclass(frozen=True)
class Pty:
    """A program at a pseudo-terminal. Whoever asked for it reaps `pid`; the sandbox cannot end before that."""

    pid: int
    descriptor: int
    """The master, owned by the caller."""


@contextmanager
def console_socket(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        try:
            path.chmod(0o600)  # before listen: nobody else can have connected
            listener.listen(1)
            listener.setblocking(False)
            yield listener
        finally:
            path.unlink()


def receive_master(listener: socket.socket) -> int:
    """The runtime has ended, so what it sent is there or never will be."""
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        raise SandboxFailed("The OCI runtime sent no terminal.") from None
    with connection:
        _, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
    if not descriptors:
        raise SandboxFailed("The OCI runtime sent no terminal.")
    os.set_inheritable(descriptors[0], False)
    return descriptors[0]


def set_size(descriptor: int, rows: int, columns: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
