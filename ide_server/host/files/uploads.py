"""Uploads in several requests: what has come stays when the connection breaks, and the rest goes on from there."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from ide_server.errors import InvalidRequest, UploadNotFound, UploadOutOfStep
from ide_server.host.files.beneath import checked_name
from ide_server.host.files.conditions import Condition, IfAbsent, IfMatch
from ide_server.host.files.space import Room, charged_bytes
from ide_server.host.files.staging import StagedFile
from ide_server.host.files.writing import Write
from ide_server.host.mounts import Mounts
from ide_server.host.mounts.threads import Threads
from ide_server.wire import Entry, ModelId, NewUpload, Upload, UploadId

IDLE_SECONDS = 3600.0
"""How long one waits for more."""

MOST_UPLOADS = 32
"""Of one model; for one more, that which has waited longest is given up."""


@dataclass
class UnderWay:
    id: UploadId
    write: Write
    byte_size: int
    generation: int
    staged: StagedFile
    owned: AsyncExitStack
    """The staged file."""
    touched: float = field(default_factory=time.monotonic)
    turn: int = 0
    """Of the request that may write: a connection that broke may not know so yet when the next one comes."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    entry: Entry | None = None

    @property
    def model_id(self) -> ModelId:
        return self.write.mount.model_id

    @property
    def rest_bytes(self) -> int:
        return 0 if self.entry else charged_bytes(self.byte_size)

    def told(self) -> Upload:
        return Upload(self.id, self.write.path, self.byte_size, self.staged.byte_size, self.entry)


class Uploads:
    def __init__(self, mounts: Mounts, threads: Threads, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._mounts = mounts
        self._threads = threads
        self._idle_seconds = idle_seconds
        self._under_way: dict[UploadId, UnderWay] = {}
        self._expiring: dict[UploadId, asyncio.Task[None]] = {}

    async def close(self) -> None:
        for upload in list(self._under_way.values()):
            await self._end(upload)

    async def begin(self, model_id: ModelId, new: NewUpload) -> Upload:
        """Nothing is sent that cannot fit: what others still have to send counts as used. Raises FileChanged,
        FilesystemFull, NotAFile, FileNotFound for a missing folder."""
        if new.byte_size < 0:
            raise InvalidRequest(f"Expected the size of a file in bytes, got {new.byte_size}.")
        mount = await self._mounts.get(model_id)
        write = Write(mount, new.path, checked_name(new.path), condition_of(new.expected))
        found = await write.find()
        room = Room(mount, new.path, present_bytes=None if found is None else found.st_size)
        others = [upload for upload in self._of(model_id) if upload.entry is None]
        await room.require(new.byte_size, promised_bytes=sum(each.rest_bytes for each in others))
        async with AsyncExitStack() as stack:
            staged = await stack.enter_async_context(StagedFile.make(mount.staging, self._threads))
            upload = UnderWay(
                UploadId(secrets.token_hex(8)), write, new.byte_size, mount.generation, staged, stack.pop_all()
            )
        self._under_way[upload.id] = upload
        self._expiring[upload.id] = asyncio.create_task(self._expire(upload))
        for oldest in sorted(self._of(model_id), key=lambda each: each.touched)[:-MOST_UPLOADS]:
            await self._end(oldest)
        return upload.told()

    def get(self, model_id: ModelId, upload_id: UploadId) -> Upload:
        """Raises UploadNotFound."""
        return self._known(model_id, upload_id).told()

    async def append(
        self, model_id: ModelId, upload_id: UploadId, chunks: AsyncIterable[bytes], *, offset: int
    ) -> Upload:
        """With the last byte the file is put in place. Raises UploadOutOfStep, and as begin; whatever chunks raises."""
        upload = self._known(model_id, upload_id)
        upload.turn += 1
        turn = upload.turn
        async with upload.writing:
            self._require_step(upload, offset)
        async for chunk in chunks:
            async with upload.writing:
                if upload.turn != turn:
                    raise self._out_of_step(upload, "Another request goes on with this upload.")
                if upload.staged.byte_size + len(chunk) > upload.byte_size:
                    raise InvalidRequest(f"Expected {upload.byte_size:,} bytes of {upload.write.path}; more came.")
                await upload.staged.write(chunk)
                upload.touched = time.monotonic()
        async with upload.writing:
            if upload.staged.byte_size == upload.byte_size and upload.entry is None:
                await self._put(upload)
        return upload.told()

    async def cancel(self, model_id: ModelId, upload_id: UploadId) -> None:
        """Raises UploadNotFound."""
        await self._end(self._known(model_id, upload_id))

    def _of(self, model_id: ModelId) -> list[UnderWay]:
        return [upload for upload in self._under_way.values() if upload.model_id == model_id]

    def _known(self, model_id: ModelId, upload_id: UploadId) -> UnderWay:
        upload = self._under_way.get(upload_id)
        # A mount empties the staging folder; what has been put in place is not in there any more.
        if (
            upload is None
            or upload.model_id != model_id
            or (upload.entry is None and upload.generation != upload.write.mount.generation)
        ):
            raise UploadNotFound("The upload has been given up, or the server was started again. Upload the file anew.")
        return upload

    def _require_step(self, upload: UnderWay, offset: int) -> None:
        if offset != upload.staged.byte_size:
            raise self._out_of_step(upload, f"Expected the upload to go on at {upload.staged.byte_size}, not {offset}.")

    def _out_of_step(self, upload: UnderWay, message: str) -> UploadOutOfStep:
        return UploadOutOfStep(message, received_bytes=upload.staged.byte_size)

    async def _put(self, upload: UnderWay) -> None:
        try:
            written = await upload.write.put(upload.staged, await upload.write.find())
        except BaseException:
            await self._end(upload)
            raise
        upload.entry = written.entry

    async def _expire(self, upload: UnderWay) -> None:
        while True:
            left = upload.touched + self._idle_seconds - time.monotonic()
            if left <= 0:
                break
            await asyncio.sleep(left)
        await self._end(upload)

    async def _end(self, upload: UnderWay) -> None:
        if self._under_way.pop(upload.id, None) is None:
            return
        expiring = self._expiring.pop(upload.id)
        if expiring is not asyncio.current_task():
            expiring.cancel()
        upload.turn += 1
        await upload.owned.aclose()


def condition_of(expected: str | None) -> Condition:
    if expected is None:
        return IfAbsent()
    return IfMatch(None if expected == "*" else frozenset([expected]))
