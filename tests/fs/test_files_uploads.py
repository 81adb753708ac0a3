"""Uploads in several requests, on a real mount: cut off, gone on with, refused, put in place whole or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server import errors
from ide_server.host.files import Uploads
from ide_server.host.files.staging import STAGING_THREADS
from ide_server.host.mounts.threads import Threads
from ide_server.wire import NewUpload, Upload, UploadId
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import BLOCK, MODEL, OTHER, MountedModels, body, mounted_models, until

pytestmark = [pytest.mark.anyio, pytest.mark.fuse, needs_fuse]
LIMIT = 64 * BLOCK


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[MountedModels]:
    async with mounted_models(tmp_path, limit_bytes=LIMIT, limit_files=8) as models:
        await models.mount()
        yield models


async def content(models: MountedModels, path: str) -> bytes:
    return ((await models.mount()).path / path).read_bytes()


async def broken(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    raise ConnectionError("the network is gone")


async def begin(models: MountedModels, path: str, byte_size: int, expected: str | None = None) -> Upload:
    return await models.files.uploads.begin(MODEL, NewUpload(path, byte_size, expected))


async def test_an_upload_goes_on_where_it_was_cut_off(models: MountedModels) -> None:
    uploads = models.files.uploads
    upload = await begin(models, "model.bin", 9)
    assert (upload.received_bytes, upload.entry) == (0, None)
    with pytest.raises(ConnectionError):
        await uploads.append(MODEL, upload.id, broken(b"one", b"tw"), offset=0)
    assert uploads.get(MODEL, upload.id).received_bytes == 5
    assert os.listdir((await models.mount()).path) == []
    with pytest.raises(errors.UploadOutOfStep) as caught:
        await uploads.append(MODEL, upload.id, body(b"one"), offset=0)
    assert caught.value.details == {"received_bytes": 5}
    done = await uploads.append(MODEL, upload.id, body(b"o", b"3rd"), offset=5)
    assert await content(models, "model.bin") == b"onetwo3rd"
    assert done.entry == await models.files.entry(MODEL, "model.bin")
    assert uploads.get(MODEL, upload.id) == done  # whose reply was lost asks again
    assert models.staged() == []


async def test_a_connection_that_hangs_is_overtaken_by_the_next(models: MountedModels) -> None:
    uploads = models.files.uploads
    upload = await begin(models, "a", 6)
    resume = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield b"abc"
        await resume.wait()
        yield b"XYZ"

    first = asyncio.create_task(uploads.append(MODEL, upload.id, hanging(), offset=0))
    await until(lambda: uploads.get(MODEL, upload.id).received_bytes == 3, what="its first part has come")
    await uploads.append(MODEL, upload.id, body(b"def"), offset=3)
    resume.set()
    with pytest.raises(errors.UploadOutOfStep, match="Another request"):
        await first
    assert await content(models, "a") == b"abcdef"


async def test_what_cannot_fit_is_refused_before_anything_is_sent(models: MountedModels) -> None:
    with pytest.raises(errors.FilesystemFull) as caught:
        await begin(models, "big", LIMIT + 1)
    assert caught.value.details["needed_bytes"] == LIMIT + BLOCK
    first = await begin(models, "first", 40 * BLOCK)
    with pytest.raises(errors.FilesystemFull) as caught:
        await begin(models, "second", 30 * BLOCK)
    assert caught.value.details["free_bytes"] == 24 * BLOCK  # the rest is promised
    await models.files.uploads.cancel(MODEL, first.id)
    assert (await begin(models, "second", 30 * BLOCK)).received_bytes == 0


async def test_room_that_is_gone_at_the_end_is_told_and_nothing_is_there(models: MountedModels) -> None:
    upload = await begin(models, "late", 40 * BLOCK)
    ((await models.mount()).path / "filler").write_bytes(bytes(30 * BLOCK))
    with pytest.raises(errors.FilesystemFull):
        await models.files.uploads.append(MODEL, upload.id, body(bytes(40 * BLOCK)), offset=0)
    assert (os.listdir((await models.mount()).path), models.staged()) == (["filler"], [])
    with pytest.raises(errors.UploadNotFound):
        models.files.uploads.get(MODEL, upload.id)


async def test_what_is_there_is_replaced_only_as_it_was_known(models: MountedModels) -> None:
    entry = await models.files.write_new(MODEL, "a", b"old")
    with pytest.raises(errors.FileChanged):
        await begin(models, "a", 3)
    upload = await begin(models, "a", 3, expected=entry.etag)
    ((await models.mount()).path / "a").write_bytes(b"by somebody else")
    with pytest.raises(errors.FileChanged):
        await models.files.uploads.append(MODEL, upload.id, body(b"new"), offset=0)
    assert await content(models, "a") == b"by somebody else"
    upload = await begin(models, "a", 3, expected="*")
    await models.files.uploads.append(MODEL, upload.id, body(b"new"), offset=0)
    assert await content(models, "a") == b"new"


async def test_more_bytes_than_announced_are_refused_and_an_empty_file_is_one(models: MountedModels) -> None:
    upload = await begin(models, "a", 3)
    with pytest.raises(errors.InvalidRequest, match="more came"):
        await models.files.uploads.append(MODEL, upload.id, body(b"four"), offset=0)
    empty = await begin(models, "empty", 0)
    done = await models.files.uploads.append(MODEL, empty.id, body(), offset=0)
    assert done.entry is not None
    assert done.entry.byte_size == 0
    with pytest.raises(errors.InvalidRequest):
        await begin(models, "b", -1)


async def test_an_upload_is_its_models_own(models: MountedModels) -> None:
    upload = await begin(models, "a", 3)
    with pytest.raises(errors.UploadNotFound):
        models.files.uploads.get(OTHER, upload.id)
    with pytest.raises(errors.UploadNotFound):
        await models.files.uploads.append(MODEL, UploadId("none"), body(b"abc"), offset=0)


async def test_after_the_filesystem_died_an_upload_is_to_be_begun_anew(models: MountedModels) -> None:
    upload = await begin(models, "a", 6)
    await models.files.uploads.append(MODEL, upload.id, body(b"abc"), offset=0)
    mount = await models.mount()
    os.kill(models.pid(), 9)
    await until(lambda: mount.generation == 2 and mount.standing.status == "ready", what="it is mounted again")
    with pytest.raises(errors.UploadNotFound, match="Upload the file anew"):
        await models.files.uploads.append(MODEL, upload.id, body(b"def"), offset=3)
    assert (os.listdir(mount.path), models.staged()) == ([], [])


async def test_one_that_nobody_goes_on_with_is_given_up(models: MountedModels) -> None:
    threads = Threads(STAGING_THREADS, name="staging")
    uploads = Uploads(models.mounts, threads, idle_seconds=0.05)
    upload = await uploads.begin(MODEL, NewUpload("a", 3))
    await until(lambda: models.staged() == [], what="its file is gone")
    with pytest.raises(errors.UploadNotFound):
        uploads.get(MODEL, upload.id)
    threads.close()


async def test_of_too_many_the_one_that_waited_longest_is_given_up(models: MountedModels) -> None:
    first, *others = [await begin(models, f"{number}", 0) for number in range(33)]
    with pytest.raises(errors.UploadNotFound):
        models.files.uploads.get(MODEL, first.id)
    assert models.files.uploads.get(MODEL, others[0].id) == others[0]
    assert len(models.staged()) == 32
