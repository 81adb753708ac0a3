"""One write of a file: uploaded beside the filesystem, then put in place by fsquota, synced, whole or not at all."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from os import stat_result

import anyio

from ide_server.errors import FileChanged, FilesystemUnavailable
from ide_server.host.files import actions, conditions
from ide_server.host.files.conditions import Condition, IfMatch
from ide_server.host.files.entries import entry_of, etag
from ide_server.host.files.failures import attempt
from ide_server.host.files.space import Room, full
from ide_server.host.files.staging import StagedFile
from ide_server.host.mounts import Mount, Refused, Replaced
from ide_server.host.mounts.threads import Threads
from ide_server.wire import Entry


@dataclass(frozen=True)
class Written:
    entry: Entry
    created: bool


@dataclass(frozen=True)
class Write:
    mount: Mount
    path: str
    """As the page says it."""
    name: bytes
    """As the filesystem has it."""
    condition: Condition

    async def run(self, chunks: AsyncIterable[bytes], *, byte_size: int | None, threads: Threads) -> Written:
        """Raises FileChanged, FilesystemFull, NotAFile, FileNotFound for a missing folder; whatever chunks raises."""
        found = await self.find()
        async with self.mount.uploads, StagedFile.make(self.mount.staging, threads) as staged:
            await self._receive(chunks, staged, found, byte_size=byte_size)
            return await self.put(staged, found)

    async def find(self) -> stat_result | None:
        """What is to be replaced; None for a new file. Raises FileChanged, NotAFile, FileNotFound."""
        found = await self._find()
        conditions.check(self.condition, self.path, None if found is None else etag(found))
        return found

    async def put(self, staged: StagedFile, found: stat_result | None) -> Written:
        """In the place of what was found. Raises FileChanged, FilesystemFull."""
        if found is None:
            return Written(await self._create(staged), created=True)
        return Written(await self._replace(staged, found, expected=self._expected(found)), created=False)

    async def _receive(
        self, chunks: AsyncIterable[bytes], staged: StagedFile, found: stat_result | None, *, byte_size: int | None
    ) -> None:
        room = Room(self.mount, self.path, present_bytes=None if found is None else found.st_size)
        await room.require(byte_size or 0)
        async for chunk in chunks:
            await room.require(staged.byte_size + len(chunk))
            await staged.write(chunk)

    async def _create(self, staged: StagedFile) -> Entry:
        made = await attempt(self.mount, self.path, actions.make_file, self.name)
        if made is None:
            raise await self._changed()
        try:
            return await self._replace(staged, made, expected=Replaced(made.st_mtime_ns, made.st_size))
        except BaseException:  # a cancelled request, too, leaves nothing behind
            with anyio.CancelScope(shield=True):
                await attempt(self.mount, self.path, actions.unmake_file, self.name, made)
            raise

    async def _replace(self, staged: StagedFile, found: stat_result, *, expected: Replaced | None) -> Entry:
        try:
            replaced = await self.mount.replace(found.st_ino, staged.name, expected=expected)
        except Refused as refused:
            raise await self._refused(refused, new=found.st_size == 0) from refused
        after = await self._find()
        if after is None or (after.st_ino, after.st_mtime_ns, after.st_size) != (
            found.st_ino,
            replaced.modified_ns,
            replaced.byte_size,
        ):
            raise await self._changed()  # saved, then moved or written again before its etag could be told
        return entry_of(after, self.name)

    def _expected(self, found: stat_result) -> Replaced | None:
        """fsquota compares once more, at the moment of the replace: of concurrent writers only one gets through."""
        if self.condition == IfMatch(None):
            return None
        return Replaced(found.st_mtime_ns, found.st_size)

    async def _refused(self, refused: Refused, *, new: bool) -> Exception:
        match refused.code:
            case "full":
                usage = await self.mount.usage()
                return full(self.path, usage, needed_bytes=refused.details["needed_bytes"], needed_files=int(new))
            case "changed" | "not_found":
                return await self._changed()
            case "io_error":
                return FilesystemUnavailable(f"The server's own disk did not take {self.path}: {refused}.")
            case _:
                return refused

    async def _changed(self) -> FileChanged:
        present = await self._find()
        if present is None:
            return FileChanged(f"{self.path} was removed while it was saved. Save it as a new file.", etag=None)
        return FileChanged(
            f"{self.path} was changed by somebody else while it was saved. Compare, then load or overwrite it.",
            etag=etag(present),
        )

    async def _find(self) -> stat_result | None:
        return await attempt(self.mount, self.path, actions.find_file, self.name)
