"""Copies of files and folders in a filesystem: made under a hidden name, moved to their place once they are whole."""

import contextlib
import secrets

import anyio

from ide_server.errors import AccessDenied, AlreadyExists, FileNotFound, FilesystemUnavailable
from ide_server.host.files import actions, trees
from ide_server.host.files.conditions import IfMatch
from ide_server.host.files.failures import attempt
from ide_server.host.files.space import fits, full
from ide_server.host.files.steps import held_root, stepped
from ide_server.host.files.trees import Size
from ide_server.host.mounts import Mount
from ide_server.wire import Entry

PREFIX = ".slipway-copy-"
"""Of the hidden name, at the root of the filesystem. What has it there and is not being made was cut off."""

ANY = IfMatch(None)


class Copies:
    def __init__(self) -> None:
        self._under_way: set[str] = set()

    async def copy(self, mount: Mount, source: str, destination: str, *, name: bytes, new_name: bytes) -> Entry:
        """Raises AlreadyExists, FilesystemFull, FileNotFound: then nothing of it is left."""
        await self._require_free(mount, destination, new_name)
        with held_root(mount) as root:
            size = await stepped(mount, source, trees.measure(root, name))
            await _require_room(mount, destination, size)
            hidden = PREFIX + secrets.token_hex(8)
            self._under_way.add(hidden)
            try:
                await stepped(mount, destination, trees.copy(root, name, root, hidden.encode()))
                return await attempt(mount, destination, actions.move, hidden.encode(), new_name)
            except BaseException as error:
                with anyio.CancelScope(shield=True):
                    await self._remove(mount, hidden)
                if isinstance(error, FilesystemUnavailable):  # or so it seemed: others may have taken the room
                    await _require_room(mount, destination, size)
                raise
            finally:
                self._under_way.discard(hidden)

    async def hide(self, mount: Mount, entries: list[Entry]) -> list[Entry]:
        """Those of the root without copies under way. What a copy that was cut off has left is removed."""
        return [entry for entry in entries if not entry.name.startswith(PREFIX) or await self._is_kept(mount, entry)]

    async def _is_kept(self, mount: Mount, entry: Entry) -> bool:
        if entry.name in self._under_way:
            return False
        try:
            await self._remove(mount, entry.name)
        except AccessDenied:  # a program has closed it: the person sees it, and can open it again
            return True
        return False

    async def _require_free(self, mount: Mount, destination: str, new_name: bytes) -> None:
        """Before anything is copied for nothing. Whoever takes the name meanwhile keeps it."""
        try:
            await attempt(mount, destination, actions.entry, new_name)
        except FileNotFound:
            return
        raise AlreadyExists(f"{destination} exists already. Choose another name.")

    async def _remove(self, mount: Mount, name: str) -> None:
        with contextlib.suppress(FileNotFound):
            await attempt(mount, name, actions.remove, name.encode(), ANY)


async def _require_room(mount: Mount, path: str, size: Size) -> None:
    usage = await mount.usage()
    if not fits(usage, needed_bytes=size.byte_size, needed_files=size.files):
        raise full(path, usage, needed_bytes=size.byte_size, needed_files=size.files)
