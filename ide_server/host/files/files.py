"""Reading and writing the files of models. docs/files.md says how a write is made whole or not at all."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from ide_server.errors import InvalidRequest
from ide_server.host.files import actions
from ide_server.host.files.archive import archive
from ide_server.host.files.beneath import checked_name, checked_path
from ide_server.host.files.conditions import Condition, IfAbsent, IfMatch
from ide_server.host.files.copies import Copies
from ide_server.host.files.failures import attempt
from ide_server.host.files.reading import OpenFile, open_for_reading
from ide_server.host.files.staging import STAGING_THREADS
from ide_server.host.files.trash import Trash, outermost
from ide_server.host.files.uploads import Uploads
from ide_server.host.files.writing import Write, Written
from ide_server.host.mounts import Mounts
from ide_server.host.mounts.threads import Threads
from ide_server.wire import Entry, FolderUsage, ModelId

P = ParamSpec("P")
T = TypeVar("T")

LARGEST_FOLDERS = 20
MOST_ARCHIVED_PATHS = 500


class Files:
    """Paths are spelled as mounts/names.py says. Every method raises ModelNotFound and FilesystemUnavailable, and for
    its path NameNotAllowed, UnsafePath, FileNotFound, NotAFolder and AccessDenied, beside what it says itself."""

    def __init__(self, mounts: Mounts) -> None:
        self._mounts = mounts
        self._staging_threads = Threads(STAGING_THREADS, name="staging")
        self._copies = Copies()
        self.trash = Trash(mounts)
        self.uploads = Uploads(mounts, self._staging_threads)

    async def close(self) -> None:
        self.trash.close()
        await self.uploads.close()
        self._staging_threads.close()

    async def list_folder(self, model_id: ModelId, path: str) -> list[Entry]:
        """By name. Links are listed as links, not as what they lead to."""
        entries = await self._act(model_id, path, actions.list_folder, checked_path(path))
        return entries if path else await self._copies.hide(await self._mounts.get(model_id), entries)

    async def entry(self, model_id: ModelId, path: str) -> Entry:
        return await self._act(model_id, path, actions.entry, checked_path(path))

    async def largest_folders(self, model_id: ModelId) -> list[FolderUsage]:
        mount = await self._mounts.get(model_id)
        return await mount.largest_folders(LARGEST_FOLDERS)

    async def open(self, model_id: ModelId, path: str) -> OpenFile:
        """A file to read from, links followed; the caller closes it. Raises NotAFile."""
        name = checked_name(path)
        mount = await self._mounts.get(model_id)
        file, entry = await attempt(mount, path, open_for_reading, name)
        return OpenFile(file, entry, mount.threads)

    async def make_folder(self, model_id: ModelId, path: str) -> Entry:
        """Raises AlreadyExists, FilesystemFull."""
        return await self._act(model_id, path, actions.make_folder, checked_name(path))

    async def move(self, model_id: ModelId, source: str, destination: str) -> Entry:
        """Raises AlreadyExists: it never replaces."""
        return await self._act(model_id, source, actions.move, checked_name(source), checked_name(destination))

    async def copy(self, model_id: ModelId, source: str, destination: str) -> Entry:
        """A file, a link, or a folder with all that is in it. Raises AlreadyExists, FilesystemFull: then nothing is."""
        name, new_name = checked_name(source), checked_name(destination)
        mount = await self._mounts.get(model_id)
        return await self._copies.copy(mount, source, destination, name=name, new_name=new_name)

    async def archive(self, model_id: ModelId, paths: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """A zip of them. Raises FileNotFound before its first chunk."""
        if not 0 < len(paths) <= MOST_ARCHIVED_PATHS:
            raise InvalidRequest(f"Expected 1 to {MOST_ARCHIVED_PATHS} paths, got {len(paths)}. Take their folder.")
        names = [checked_name(path) for path in outermost(paths)]
        return archive(await self._mounts.get(model_id), paths[0], names)

    async def remove(self, model_id: ModelId, path: str, *, condition: IfMatch) -> None:
        """A file, a link, or a folder with all that is in it. Raises FileChanged, FolderNotEmpty."""
        await self._act(model_id, path, actions.remove, checked_name(path), condition)

    async def write(
        self,
        model_id: ModelId,
        path: str,
        chunks: AsyncIterable[bytes],
        *,
        condition: Condition,
        byte_size: int | None = None,
    ) -> Written:
        """All of it or nothing, charged by the difference. byte_size, if known, refuses beforehand what cannot fit.

        Raises FileChanged, FilesystemFull, NotAFile, and whatever chunks raises.
        """
        name = checked_name(path)
        write = Write(await self._mounts.get(model_id), path, name, condition)
        return await write.run(chunks, byte_size=byte_size, threads=self._staging_threads)

    async def write_new(self, model_id: ModelId, path: str, content: bytes) -> Entry:
        """A new file and the folders above it. Raises FileChanged if it exists, FilesystemFull."""
        await self._act(model_id, path, actions.make_folders_above, checked_name(path))
        written = await self.write(model_id, path, _once(content), condition=IfAbsent(), byte_size=len(content))
        return written.entry

    async def _act(
        self,
        model_id: ModelId,
        path: str,
        action: Callable[Concatenate[int, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await attempt(await self._mounts.get(model_id), path, action, *args, **kwargs)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
