"""Terminals, and what takes the place of a WebSocket."""

from ide_server.wire.base import Message, Request, TerminalId


class Terminal(Message, frozen=True):
    id: TerminalId
    title: str
    created_at: float
    outdated: bool = False
    """It was started in another environment, or with other variables or mounted models, than the model has now."""


class NewTerminal(Request, frozen=True):
    rows: int
    columns: int
    folder: str = ""
    """Where the shell starts, as in Entry.path; at the filesystem's root where that is no folder."""


class TerminalChange(Request, frozen=True):
    title: str


class Stdin(Request, frozen=True, array_like=True, tag="stdin"):
    text: str


class SetSize(Request, frozen=True, array_like=True, tag="set_size"):
    rows: int
    columns: int


class Acknowledge(Request, frozen=True, array_like=True, tag="ack"):
    """All output before this byte offset has been drawn."""

    offset: int


TerminalRequest = Stdin | SetSize | Acknowledge


class Setup(Message, frozen=True, array_like=True, tag="setup"):
    """First message. The next binary frame starts at this byte offset of the terminal's output."""

    offset: int
    rows: int
    columns: int
    live_offset: int
    """Output before this was written before this client came; its screen must not answer queries in it."""


class Sized(Message, frozen=True, array_like=True, tag="size"):
    """Another client has set the size."""

    rows: int
    columns: int


class StdinFull(Message, frozen=True, array_like=True, tag="stdin_full"):
    """This many bytes typed were refused: the program does not read its input."""

    refused_bytes: int


class Disconnect(Message, frozen=True, array_like=True, tag="disconnect"):
    """The shell ended; None: a signal killed it, as the end of its sandbox does."""

    exit_code: int | None


TerminalMessage = Setup | Sized | StdinFull | Disconnect
