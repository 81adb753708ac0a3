"""What people call things: models, states, terminals, tokens."""

from ide_server.errors import InvalidRequest

NAME_CHARACTERS = 100


def checked_name(name: str) -> str:
    """Without blanks around it. Raises InvalidRequest."""
    name = name.strip()
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise InvalidRequest(f"Expected a name of 1 to {NAME_CHARACTERS} printable characters, got {name[:120]!r}.")
    return name
