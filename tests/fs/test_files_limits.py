"""Writing at the limits of a real mount, by several writers, in streams, and through crashes."""

import asyncio
import os
import signal
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ide_server.errors import FileChanged, FilesystemFull, FilesystemUnavailable
from ide_server.host.files import Condition, IfAbsent, IfMatch, Written
from ide_server.wire import FileChange, FilesChanged, Usage
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import BLOCK, MODEL, MountedModels, body, mounted_models, until

pytestmark = [pytest.mark.anyio, pytest.mark.fuse, needs_fuse]

ANY = IfMatch(None)
LIMIT = 64 * BLOCK
MEBIBYTE = 1 << 20


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[MountedModels]:
    async with mounted_models(tmp_path, limit_bytes=LIMIT, limit_files=4) as models:
        await models.mount()
        yield models


async def write(models: MountedModels, path: str, content: bytes, condition: Condition = ANY) -> Written:
    return await models.files.write(MODEL, path, body(content), condition=condition, byte_size=len(content))


async def usage(models: MountedModels) -> Usage:
    return await (await models.mount()).usage()


async def content(models: MountedModels, path: str) -> bytes:
    return ((await models.mount()).path / path).read_bytes()


async def fill(models: MountedModels) -> None:
    """main.py of two blocks, and a file that takes all the rest."""
    await models.files.write_new(MODEL, "main.py", b"m" * 2 * BLOCK)
    await models.files.write_new(MODEL, "big", b"b" * 62 * BLOCK)
    assert await usage(models) == Usage(LIMIT, LIMIT, 2, 4)


async def refused(models: MountedModels, path: str, content: bytes, condition: Condition = ANY) -> dict[str, Any]:
    """By the announced size, and by the bytes that come where none is announced."""
    details = []
    for byte_size in (len(content), None):
        with pytest.raises(FilesystemFull) as caught:
            await models.files.write(MODEL, path, body(content), condition=condition, byte_size=byte_size)
        details.append(dict(caught.value.details))
    assert details[0] == details[1]
    return details[0]


async def test_a_full_filesystem_takes_a_file_that_grows_by_nothing(models: MountedModels) -> None:
    await fill(models)
    await write(models, "main.py", b"n" * 2 * BLOCK)
    assert await usage(models) == Usage(LIMIT, LIMIT, 2, 4)
    await write(models, "main.py", b"s" * (BLOCK + 1))
    assert await usage(models) == Usage(LIMIT, LIMIT, 2, 4)
    await write(models, "main.py", b"s")
    assert await usage(models) == Usage(LIMIT - BLOCK, LIMIT, 2, 4)
    assert await content(models, "main.py") == b"s"


async def test_a_full_filesystem_refuses_a_larger_file_with_the_numbers_and_keeps_the_old(
    models: MountedModels,
) -> None:
    await fill(models)
    assert await refused(models, "main.py", b"l" * (2 * BLOCK + 1)) == {
        "needed_bytes": BLOCK,
        "free_bytes": 0,
        "limit_bytes": LIMIT,
        "needed_files": 0,
        "free_files": 2,
        "limit_files": 4,
    }
    assert await content(models, "main.py") == b"m" * 2 * BLOCK
    assert await usage(models) == Usage(LIMIT, LIMIT, 2, 4)


async def test_a_new_file_that_does_not_fit_is_not_there_afterwards(models: MountedModels) -> None:
    await fill(models)
    os.truncate((await models.mount()).path / "big", 60 * BLOCK)
    assert await refused(models, "new", b"n" * (2 * BLOCK + 1), IfAbsent()) == {
        "needed_bytes": 3 * BLOCK,
        "free_bytes": 2 * BLOCK,
        "limit_bytes": LIMIT,
        "needed_files": 1,
        "free_files": 2,
        "limit_files": 4,
    }
    assert [entry.name for entry in await models.files.list_folder(MODEL, "")] == ["big", "main.py"]
    assert (await write(models, "new", b"n" * 2 * BLOCK, IfAbsent())).created
    assert (await write(models, "empty", b"", IfAbsent())).created
    assert await usage(models) == Usage(LIMIT, LIMIT, 4, 4)


async def test_one_file_too_many_is_refused_with_the_numbers(models: MountedModels) -> None:
    for name in ("a", "b", "c"):
        await models.files.write_new(MODEL, name, b"")
    await models.files.make_folder(MODEL, "folder")
    details = await refused(models, "e", b"", IfAbsent())
    assert (details["needed_files"], details["free_files"], details["limit_files"]) == (1, 0, 4)
    with pytest.raises(FilesystemFull, match="4 files and folders of at most 4") as caught:
        await models.files.make_folder(MODEL, "one-more")
    assert (caught.value.details["needed_files"], caught.value.details["free_files"]) == (1, 0)
    await write(models, "a", b"still written")


async def test_space_freed_during_an_upload_counts(models: MountedModels) -> None:
    await fill(models)
    folder = (await models.mount()).path

    async def chunks() -> AsyncIterator[bytes]:
        yield b"m" * 2 * BLOCK
        (folder / "big").unlink()
        yield b"m" * BLOCK

    await models.files.write(MODEL, "main.py", chunks(), condition=ANY)
    assert await usage(models) == Usage(3 * BLOCK, LIMIT, 1, 4)


async def test_space_taken_during_an_upload_is_noticed_at_its_end(models: MountedModels) -> None:
    folder = (await models.mount()).path

    async def chunks() -> AsyncIterator[bytes]:
        yield b"n" * 2 * BLOCK
        (folder / "big").write_bytes(b"b" * 63 * BLOCK)

    with pytest.raises(FilesystemFull) as caught:
        await models.files.write(MODEL, "new", chunks(), condition=IfAbsent())
    assert (caught.value.details["needed_bytes"], caught.value.details["free_bytes"]) == (2 * BLOCK, BLOCK)
    assert caught.value.details["needed_files"] == 1
    assert [entry.name for entry in await models.files.list_folder(MODEL, "")] == ["big"]


@pytest.mark.parametrize("exists", [True, False])
async def test_of_writers_at_once_exactly_one_gets_through(models: MountedModels, exists: bool) -> None:
    for round_number in range(5):
        path = f"file-{round_number % 2}"
        condition: Condition = IfAbsent()
        if exists:
            entry = await models.files.write_new(MODEL, path, b"before")
            condition = IfMatch(frozenset([str(entry.etag)]))
        contents = [f"writer {number}".encode() * (number + 1) for number in range(6)]
        results = await asyncio.gather(
            *(write(models, path, content, condition) for content in contents), return_exceptions=True
        )
        [winner] = [number for number, result in enumerate(results) if isinstance(result, Written)]
        losers = [result for result in results if not isinstance(result, Written)]
        assert [type(loser) for loser in losers] == [FileChanged] * 5
        assert await content(models, path) == contents[winner]
        won = results[winner]
        assert isinstance(won, Written)
        assert won.entry == await models.files.entry(MODEL, path)
        await models.files.remove(MODEL, path, condition=ANY)


async def test_losers_of_a_race_are_told_the_etag_that_won(models: MountedModels) -> None:
    entry = await models.files.write_new(MODEL, "a", b"before")
    condition = IfMatch(frozenset([str(entry.etag)]))

    async def chunks() -> AsyncIterator[bytes]:
        yield b"late"
        await write(models, "a", b"early", condition)

    with pytest.raises(FileChanged) as caught:
        await models.files.write(MODEL, "a", chunks(), condition=condition)
    assert caught.value.details == {"etag": (await models.files.entry(MODEL, "a")).etag}
    assert await content(models, "a") == b"early"


async def test_a_file_removed_during_its_upload_does_not_come_back(models: MountedModels) -> None:
    await models.files.write_new(MODEL, "a", b"before")
    folder = (await models.mount()).path

    async def chunks() -> AsyncIterator[bytes]:
        yield b"late"
        (folder / "a").unlink()

    with pytest.raises(FileChanged) as caught:
        await models.files.write(MODEL, "a", chunks(), condition=ANY)
    assert caught.value.details == {"etag": None}
    assert await usage(models) == Usage(0, LIMIT, 0, 4)


@pytest.mark.parametrize("path", ["main.py", "new"])
async def test_an_upload_that_breaks_off_leaves_nothing(models: MountedModels, path: str) -> None:
    await models.files.write_new(MODEL, "main.py", b"main")

    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        assert len(models.staged()) == 1
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await models.files.write(MODEL, path, chunks(), condition=ANY if path == "main.py" else IfAbsent())
    assert models.staged() == []
    assert await content(models, "main.py") == b"main"
    assert await usage(models) == Usage(BLOCK, LIMIT, 1, 4)


async def test_a_cancelled_upload_leaves_nothing(models: MountedModels) -> None:
    receiving = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        receiving.set()
        await asyncio.Event().wait()

    uploading = asyncio.create_task(models.files.write(MODEL, "new", chunks(), condition=IfAbsent()))
    await receiving.wait()
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert models.staged() == []
    assert await usage(models) == Usage(0, LIMIT, 0, 4)


async def test_an_upload_during_which_fsquota_dies_can_be_sent_again(models: MountedModels) -> None:
    await models.files.write_new(MODEL, "main.py", b"main")
    mounted = await models.mount()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"new"
        os.kill(models.pid(), signal.SIGKILL)
        await until(lambda: mounted.standing.status != "ready", what="its death is noticed")

    with pytest.raises(FilesystemUnavailable):
        await models.files.write(MODEL, "main.py", chunks(), condition=ANY)
    await until(lambda: mounted.generation == 2, what="it is mounted again")
    assert await content(models, "main.py") == b"main"
    assert models.staged() == []
    await write(models, "main.py", b"new")
    assert await content(models, "main.py") == b"new"


async def test_an_etag_holds_over_a_remount(models: MountedModels) -> None:
    await models.files.write_new(MODEL, "main.py", b"main")
    saved = await write(models, "main.py", b"saved")
    mounted = await models.mount()
    os.kill(models.pid(), signal.SIGKILL)
    await until(lambda: mounted.generation == 2, what="it is mounted again")
    await write(models, "main.py", b"saved again", IfMatch(frozenset([str(saved.entry.etag)])))


async def test_a_write_is_announced(models: MountedModels) -> None:
    await models.files.write_new(MODEL, "folder/main.py", b"main")
    await until(
        lambda: (
            {"created", "written"}
            <= {
                change.kind
                for event in models.heard
                if isinstance(event, FilesChanged)
                for change in event.changes
                if change == FileChange(change.kind, "folder/main.py")
            }
        ),
        what="the new file is announced",
    )


@contextmanager
def flat_memory(limit_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < limit_bytes


async def test_a_large_file_streams_both_ways_in_little_memory(tmp_path: Path) -> None:
    block = os.urandom(MEBIBYTE)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield block

    async with mounted_models(tmp_path, limit_bytes=32 * MEBIBYTE) as models:
        await models.mount()
        with flat_memory(4 * MEBIBYTE):
            await models.files.write(MODEL, "large", chunks(), condition=IfAbsent())
            file = await models.files.open(MODEL, "large")
            received = 0
            async for chunk in file.chunks(0, file.entry.byte_size):
                assert chunk == block[received % MEBIBYTE :][: len(chunk)]
                received += len(chunk)
            await file.close()
        assert received == file.entry.byte_size == 20 * MEBIBYTE
