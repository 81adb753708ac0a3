"""Language servers."""

from typing import Literal

from ide_server.wire.base import Message

LanguageServerName = Literal["ty", "basedpyright", "ruff", "typescript"]


class LanguageServer(Message, frozen=True):
    name: LanguageServerName
    title: str
    languages: list[str]
    """As the Language Server Protocol names them."""
    state: Literal["ready", "not_fetched", "fetching", "unavailable"]
    """One that is not fetched is when its socket is first connected to."""
    message: str
    """Why it could not be fetched, or how it ended last; empty if neither."""
    running: int
    """How many processes, one for each socket."""
    memory_bytes: int
    """Of all these."""
    memory_limit_bytes: int
    """Of each."""
