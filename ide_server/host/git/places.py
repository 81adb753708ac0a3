"""Where a repository is, and where a file is in it: from paths of the page to those of git."""

from ide_server.errors import NameNotAllowed
from ide_server.host.files.beneath import checked_name, checked_path


def folder_of(repository: str) -> bytes:
    """Below the filesystem's root. Raises NameNotAllowed."""
    return checked_path(repository)


def path_in(repository: str, path: str) -> bytes:
    """Relative to the repository. Raises NameNotAllowed."""
    folder, name = checked_path(repository), checked_name(path)
    if not folder:
        return name
    if not name.startswith(folder + b"/"):
        raise NameNotAllowed(f"Expected a path in the repository {repository!r}, got {path!r}.")
    return name[len(folder) + 1 :]
