"""A client's connection on its way from the web process to the host, which from then on speaks with the client itself.

It goes over the connection on which the web process asked for the upgrade, as an ancillary message (SCM_RIGHTS). That
connection stays, as a leash: who lets go of it ends the client's.
"""

import os
import socket
from asyncio import BaseTransport

HEADER = "slipway-hand-over"
"""Of an upgrade request: the client's connection can be given. Of the answer: the host waits to hear whether it is."""
GIVEN, KEPT = b"+", b"-"


def give(way: BaseTransport, connection: BaseTransport) -> None:
    """The receiver's is another descriptor of the same connection."""
    with descriptor_of(way) as over, descriptor_of(connection) as client:
        socket.send_fds(over, [GIVEN], [client.fileno()])


def keep(way: BaseTransport) -> None:
    with descriptor_of(way) as over:
        over.send(KEPT)


def take(way: socket.socket) -> socket.socket | None:
    """None where it is kept. Raises EOFError."""
    said, descriptors, _, _ = socket.recv_fds(way, 1, 1)
    if not said:
        raise EOFError("expected a client's connection, or the word that it is kept; got nothing")
    return socket.socket(fileno=descriptors[0]) if descriptors else None


def descriptor_of(transport: BaseTransport) -> socket.socket:
    """One more, to be closed: a transport's own socket cannot carry descriptors."""
    return socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
