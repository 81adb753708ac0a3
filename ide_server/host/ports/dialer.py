"""Connects to ports inside a sandbox: a small program there makes the connections and hands them out."""

import asyncio
import os
import socket
from typing import Protocol

from ide_server.errors import PortNotListening
from ide_server.host.sandbox import Child

DIAL = ("/opt/slipway/bin/dial",)
ANSWER_SECONDS = 5.0
ANSWER_BYTES = 200
FAMILIES = (socket.AF_INET, socket.AF_INET6)


class Place(Protocol):
    """A sandbox."""

    async def start_program(self, arguments: tuple[str, ...], *, descriptors: tuple[int, ...]) -> Child: ...


class Dialer:
    """One request at a time: a connection within a sandbox is made at once or refused at once."""

    def __init__(self, ours: socket.socket, child: Child) -> None:
        self._ours = ours
        self._child = child
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, place: Place) -> "Dialer":
        """Raises SandboxFailed."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        try:
            with theirs:
                return cls(ours, await place.start_program(DIAL, descriptors=(theirs.fileno(),)))
        except BaseException:
            ours.close()
            raise

    @property
    def ended(self) -> bool:
        return self._child.ended

    async def connect(self, port: int) -> socket.socket:
        """Raises PortNotListening."""
        try:
            async with self._turn, asyncio.timeout(ANSWER_SECONDS):
                await asyncio.get_running_loop().sock_sendall(self._ours, str(port).encode())
                said, descriptors = await self._answer()
        except (TimeoutError, OSError) as error:
            # An answer that is still to come would be taken for the next one's.
            self.close()
            raise PortNotListening(f"Port {port} of this model cannot be reached just now. Try again.") from error
        connection = checked(descriptors)
        if connection is None:
            raise PortNotListening(
                f"Nothing answers on port {port} of this model ({said.decode(errors='replace')}). "
                "Start the server in a terminal, then open the port again."
            )
        connection.setblocking(False)
        return connection

    async def _answer(self) -> tuple[bytes, list[int]]:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(self._ours, ready.set_result, None)
        try:
            await ready
        finally:
            loop.remove_reader(self._ours)
        said, descriptors, _, _ = socket.recv_fds(self._ours, ANSWER_BYTES, 1)
        if not said:
            raise ConnectionError("the program in the sandbox has ended")
        return said, descriptors

    def close(self) -> None:
        """The program ends by that."""
        self._ours.close()


def checked(descriptors: list[int]) -> socket.socket | None:
    """What comes out of a sandbox is taken for a connection only if it is one."""
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
        try:
            connection = socket.socket(fileno=descriptor)
        except OSError:
            os.close(descriptor)
            continue
        if connection.family in FAMILIES and connection.type == socket.SOCK_STREAM:
            return connection
        connection.close()
    return None
