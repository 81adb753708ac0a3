"""Substitutes of WebSockets: what the page asks of its stream of them, and what the stream tells it."""

from ide_server.wire.base import Message, Request


class OpenSocket(Request, frozen=True, array_like=True, tag="open"):
    """Its number is the page's choice, above those before it in the stream."""

    socket: int
    path: str
    """Of the WebSocket that it takes the place of, with its query."""


class SendText(Request, frozen=True, array_like=True, tag="send"):
    socket: int
    text: str


class CloseSocket(Request, frozen=True, array_like=True, tag="close"):
    socket: int


SocketRequest = OpenSocket | SendText | CloseSocket


class StreamNamed(Message, frozen=True, array_like=True, tag="stream"):
    """First message: the secret name by which the page asks things of the stream."""

    name: str


class SocketOpened(Message, frozen=True, array_like=True, tag="opened"):
    socket: int


class SocketText(Message, frozen=True, array_like=True, tag="text"):
    socket: int
    text: str


class SocketBytes(Message, frozen=True, array_like=True, tag="bytes"):
    socket: int
    base64: str


class SocketClosed(Message, frozen=True, array_like=True, tag="closed"):
    """As a WebSocket is, also one that was never open."""

    socket: int
    code: int
    reason: str


class StreamEnded(Message, frozen=True, array_like=True, tag="ended"):
    """Last message, and the only one of a stream that was refused: all its sockets are closed so."""

    code: int
    reason: str


SocketMessage = StreamNamed | SocketOpened | SocketText | SocketBytes | SocketClosed | StreamEnded
