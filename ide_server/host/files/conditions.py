"""What a writer expects to find where it writes."""

from dataclasses import dataclass

from ide_server.errors import FileChanged


@dataclass(frozen=True)
class IfMatch:
    """A file with one of these etags; any file at all if None."""

    etags: frozenset[str] | None


@dataclass(frozen=True)
class IfAbsent:
    """Nothing of that name."""


Condition = IfMatch | IfAbsent


def check(condition: Condition, path: str, present: str | None) -> None:
    """present: the etag of what is there, None if nothing is. Raises FileChanged."""
    match condition:
        case IfAbsent() if present is not None:
            raise FileChanged(f"{path} exists already. Read it first, or choose another name.", etag=present)
        case IfMatch() if present is None:
            raise FileChanged(f"{path} is no longer there. Save it as a new file, or under another name.", etag=None)
        case IfMatch(etags) if etags is not None and present not in etags:
            raise FileChanged(
                f"{path} has changed since it was read. Compare, then load or overwrite it.", etag=present
            )
