"""What a sandbox sees of its environment, file by file and only to read: where a definition leads out of the model."""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ide_server.errors import AccessDenied, FileNotFound, FileTooLarge, NotAFile, SandboxFailed, UnsafePath
from ide_server.host.equipment import EquipmentSource
from ide_server.host.files.beneath import checked_name
from ide_server.host.files.reading import open_for_reading
from ide_server.host.mounts.threads import Threads
from ide_server.host.sandbox import Mount
from ide_server.settings import MEBIBYTE
from ide_server.wire import ModelId

MAX_BYTES = 4 * MEBIBYTE
THREADS = 2
TMP = "/tmp"
STUBS = f"{TMP}/cache/ty/vendored"
"""Where ty puts those of its own stubs that a definition leads to. What lies there is the sandbox's, as all of /tmp."""


class Tmp(Protocol):
    def open_tmp(self, model_id: ModelId) -> int:
        """A descriptor of the folder that the model's workspace has as /tmp. Raises SandboxFailed."""


class EnvironmentFiles:
    """Paths are those inside a sandbox, without the slash that they begin with."""

    def __init__(self, equipment: EquipmentSource, tools: Sequence[Mount], workspaces: Tmp) -> None:
        self._equipment = equipment
        self._tools = tuple(tools)
        self._workspaces = workspaces
        # What the sandbox's root may not read stays closed.
        self._threads = Threads.of_container_root(THREADS, name="environment files")

    def close(self) -> None:
        self._threads.close()

    async def read(self, model_id: ModelId, path: str) -> str:
        """The text of a file of the present environment, or of the tools beside it.

        Raises NameNotAllowed, UnsafePath, FileNotFound, AccessDenied, NotAFile, FileTooLarge, and as `equip` does.
        """
        absolute = b"/" + checked_name(path)
        environment = (await self._equipment.equip(model_id)).environment
        with self._equipment.use(environment):
            root, rest = self._root(model_id, absolute, (*environment.mounts, *self._tools))
            descriptor = opened(root, path)
            try:
                content = await self._threads.run(read_beneath, descriptor, rest, path)
            finally:
                os.close(descriptor)
        return text_of(content, path)

    def _root(self, model_id: ModelId, path: bytes, mounts: Sequence[Mount]) -> tuple[Callable[[], int], bytes]:
        """What opens the folder that the file lies beneath, and the rest of its path. Mounts lie upon each other."""
        if path.startswith(f"{STUBS}/".encode()):
            return lambda: self._workspaces.open_tmp(model_id), path.removeprefix(f"{TMP}/".encode())
        above = [mount for mount in mounts if path.startswith(f"{mount.destination}/".encode())]
        if not above:
            seen = sorted({mount.destination for mount in mounts} | {STUBS})
            raise UnsafePath(f"Expected a path below one of {', '.join(seen)}; got {os.fsdecode(path)[:200]!r}.")
        nearest = max(above, key=lambda mount: len(mount.destination))
        return lambda: open_folder(nearest.source), path.removeprefix(f"{nearest.destination}/".encode())


def opened(root: Callable[[], int], shown: str) -> int:
    try:
        return root()
    except (OSError, SandboxFailed):
        raise FileNotFound(f"{shown} is not there; the environment, or the workspace that wrote it, is gone.") from None


def open_folder(folder: Path) -> int:
    return os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def read_beneath(root: int, path: bytes, shown: str) -> bytes:
    """At most MAX_BYTES. Blocks."""
    try:
        file, entry = open_for_reading(root, path)
    except PermissionError:
        raise AccessDenied(f"{shown} is closed to a sandbox by its permissions.") from None
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise UnsafePath(f"{shown} leads out of the environment, through a link.") from None
        raise FileNotFound(f"{shown} is not there.") from None
    with file:
        if entry.byte_size > MAX_BYTES:
            raise FileTooLarge(f"{shown} has {entry.byte_size} bytes, more than the {MAX_BYTES} that are shown.")
        return file.read(MAX_BYTES)


def text_of(content: bytes, shown: str) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise NotAFile(f"{shown} is not text.")
    return text
