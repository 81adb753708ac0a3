"""Mounts over real fsquota processes: started once, started again, taken down without a trace."""

import asyncio
import dataclasses
import errno
import functools
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ide_server.errors import FilesystemUnavailable, LimitBelowUse, ModelNotFound
from ide_server.host.events import ModelEvents
from ide_server.host.mounts import Mount, Mounts, mount
from ide_server.host.mounts.stale import present_mountpoints
from ide_server.wire import (
    FileChange,
    FilesChanged,
    FilesystemChanged,
    FolderRescan,
    FolderUsage,
    ModelId,
    Usage,
    UsageChanged,
)
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import (
    BLOCK,
    MODEL,
    OTHER,
    MountedModels,
    filesystems_group,
    mounted_models,
    settings_in,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.fuse, needs_fuse]

EMPTY = Usage(0, 1 << 20, 0, 64)
NOTICED_SECONDS = 1.0
REMOUNTED_SECONDS = 10.0
"""It takes 0.1 s on an idle machine, most of it Python's start; this must hold on a busy one."""


async def test_callers_at_once_share_one_start(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        mounts = await asyncio.gather(*(models.mounts.get(MODEL) for _ in range(8)))
        assert len(set(map(id, mounts))) == 1
        assert present_mountpoints(tmp_path) == [mounts[0].path]
        assert mounts[0].generation == 1
        assert models.mounts.mounted(MODEL) is mounts[0]


async def test_a_model_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        with pytest.raises(ModelNotFound):
            await models.mounts.get(ModelId("../../etc"))
        assert not models.settings.data_dir.exists()


async def test_limits_change_without_a_remount(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        mounted = await models.mount()
        await models.files.write_new(MODEL, "a", b"x" * 5 * BLOCK)
        assert await mounted.resize(2 << 20, 100) == Usage(5 * BLOCK, 2 << 20, 1, 100)
        with pytest.raises(LimitBelowUse) as caught:
            await mounted.resize(4 * BLOCK, 100)
        assert caught.value.details["used_bytes"] == 5 * BLOCK
        assert await mounted.usage() == Usage(5 * BLOCK, 2 << 20, 1, 100)
        assert mounted.generation == 1


async def test_changes_and_use_are_published(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        mounted = await models.mount()
        (mounted.path / "new.txt").write_bytes(b"x")
        (mounted.path / "new.txt").rename(mounted.path / "caf\u00e9.txt")
        renamed = FileChange("renamed", "new.txt", "caf\u00e9.txt")
        await until(
            lambda: (
                any(isinstance(event, FilesChanged) and renamed in event.changes for event in models.heard)
                and UsageChanged(Usage(BLOCK, 1 << 20, 1, 64)) in models.heard
            ),
            what="the rename and the use are published",
        )


async def test_the_largest_folders_come_first(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        await models.files.write_new(MODEL, "small/a", b"x")
        await models.files.write_new(MODEL, "large/inner/b", b"x" * 3 * BLOCK)
        folders = await models.files.largest_folders(MODEL)
        assert [folder.path for folder in folders] == ["large", "large/inner", "small"]
        assert folders[1] == FolderUsage("large/inner", 3 * BLOCK, folders[1].used_files)


def said(models: MountedModels) -> list[FilesystemChanged]:
    return [event for event in models.heard if isinstance(event, FilesystemChanged)]


async def test_a_killed_process_is_noticed_at_once_and_mounted_again_at_the_same_place(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        mounted = await models.mount()
        written = await models.files.write_new(MODEL, "kept.txt", b"kept")
        models.heard.clear()
        os.kill(models.pid(), signal.SIGKILL)
        await until(lambda: bool(said(models)), timeout_seconds=NOTICED_SECONDS, what="its death is told")
        await until(lambda: len(said(models)) == 2, timeout_seconds=REMOUNTED_SECONDS, what="it is mounted again")
        assert await models.files.entry(MODEL, "kept.txt") == written
        assert (mounted.path / "kept.txt").read_bytes() == b"kept"
        assert set(present_mountpoints(tmp_path)) == {mounted.path}
        await until(lambda: FolderRescan("") in models.heard, what="the page is told to read again")
        remounting, ready = said(models)
        assert (remounting.status, remounting.remounted_at) == ("remounting", None)
        assert (ready.status, ready.remounted_at) == ("ready", mounted.remounted_at)
        assert "SIGKILL" in ready.message
        assert time.time() - REMOUNTED_SECONDS < (mounted.remounted_at or 0) <= time.time()


async def test_a_request_in_the_moment_of_death_is_refused_and_can_be_tried_again(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        mounted = await models.mount()
        os.kill(models.pid(), signal.SIGSTOP)
        asked = asyncio.create_task(mounted.usage())
        listed = asyncio.create_task(models.files.list_folder(MODEL, ""))
        await asyncio.sleep(0)
        os.kill(models.pid(), signal.SIGKILL)
        answers = await asyncio.gather(asked, listed, return_exceptions=True)
        assert [type(answer) for answer in answers] == [FilesystemUnavailable, FilesystemUnavailable]
        await until(lambda: mounted.generation == 2, what="it is mounted again")
        assert await (await models.mount()).usage() == EMPTY


async def test_one_that_does_not_answer_has_no_usage_and_waits_no_longer_than_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.mounts.mounts.USAGE_SECONDS", 0.1)
    async with mounted_models(tmp_path) as models:
        assert await models.mounts.usage(MODEL) is None
        await models.mount()
        assert await models.mounts.usage(MODEL) == EMPTY
        os.kill(models.pid(), signal.SIGSTOP)
        try:
            assert await models.mounts.usage(MODEL) is None
        finally:
            os.kill(models.pid(), signal.SIGCONT)
        assert await models.mounts.usage(MODEL) == EMPTY


def is_mounted(mounted: Mount, generation: int) -> bool:
    return mounted.generation == generation


async def kill_until_it_stays_down(models: MountedModels, mounted: Mount) -> None:
    for generation in (1, 2, 3):
        await until(functools.partial(is_mounted, mounted, generation), what="it is mounted")
        os.kill(models.pid(), signal.SIGKILL)
    await until(lambda: mounted.standing.status == "failed", what="it stays down")


async def test_one_that_dies_again_and_again_stays_down_until_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount, "BACK_OFF_SECONDS", (0.0, 0.0))
    async with mounted_models(tmp_path) as models:
        mounted = await models.mount()
        await kill_until_it_stays_down(models, mounted)
        assert models.mounts.mounted(MODEL) is None
        for _ in range(3):
            with pytest.raises(FilesystemUnavailable, match=r"cannot be mounted\. .*SIGKILL"):
                await models.mount()
        assert (await models.mounts.look_at(MODEL)).standing.status == "failed"
        await asyncio.gather(*(models.mounts.mount_again(MODEL) for _ in range(3)))
        assert await mounted.usage() == EMPTY
        assert (mounted.generation, mounted.lineage) == (4, 1 if os.geteuid() == 0 else 4)
        os.kill(models.pid(), signal.SIGKILL)
        await until(lambda: mounted.standing.status == "failed", what="it stays down at once")


async def test_one_that_has_been_down_for_a_while_is_tried_by_who_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount, "BACK_OFF_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(mount, "REST_SECONDS", 0.0)
    async with mounted_models(tmp_path) as models:
        await kill_until_it_stays_down(models, await models.mount())
        models.backing().rename(tmp_path / "elsewhere")
        models.heard.clear()
        with pytest.raises(FilesystemUnavailable, match="cannot be mounted"):
            await models.mount()
        await until(lambda: [event.status for event in said(models)] == ["remounting", "failed"], what="it is told")
        (tmp_path / "elsewhere").rename(models.backing())
        assert await (await models.mount()).usage() == EMPTY


async def test_a_first_mount_that_failed_can_be_looked_at_and_tried_again(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        models.staging().parent.mkdir(parents=True)
        models.staging().touch()  # in the place of a folder
        failed = await models.mounts.look_at(MODEL)
        assert failed.standing.status == "failed"
        models.staging().unlink()
        await models.mounts.mount_again(MODEL)
        assert await models.mount() is failed
        assert (failed.standing.status, failed.standing.remounted_at) == ("ready", None)


async def test_who_asks_knows_whether_the_process_has_ended_since(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        began = time.time()
        mounted = await models.mount()
        assert not models.mounts.lost_since(MODEL, began)
        os.kill(models.pid(), signal.SIGKILL)
        await until(lambda: mounted.generation == 2, what="it is mounted again")
        assert models.mounts.lost_since(MODEL, began)
        assert not models.mounts.lost_since(MODEL, time.time())
        assert not models.mounts.lost_since(OTHER, began)


async def test_a_mount_that_fails_says_what_fsquota_said(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        await models.mount()
        second = dataclasses.replace(models.settings, run_dir=tmp_path / "second")

        async def limits(_: ModelId) -> Usage:
            return EMPTY

        others = Mounts(second, ModelEvents(), limits=limits)
        await others.remove_stale()
        with pytest.raises(FilesystemUnavailable, match=r"ended with status 1: fsquota: .+ mounted by another"):
            await others.get(MODEL)
        await others.close()


async def test_unmounting_leaves_nothing_and_it_can_be_mounted_again(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        for _ in range(2):
            await models.mount()
            await models.mounts.unmount(MODEL)
            assert present_mountpoints(tmp_path) == []
            assert models.mounts.mounted(MODEL) is None
        await models.mounts.unmount(MODEL)


async def test_who_waits_for_a_mount_that_is_unmounted_is_told_so(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        waiting = asyncio.create_task(models.mounts.get(MODEL))
        await until(lambda: models.staging(MODEL).exists(), what="it is being mounted")
        await models.mounts.unmount(MODEL)
        with pytest.raises(FilesystemUnavailable, match="has been unmounted"):
            await waiting


async def test_fsquota_sees_nothing_of_the_servers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_SECRET", "secret")
    async with mounted_models(tmp_path) as models:
        await models.mount()
        environment = Path(f"/proc/{models.pid()}/environ").read_bytes().split(b"\0")  # noqa: ASYNC240 - no disk
        assert sorted(value.partition(b"=")[0] for value in environment if value) == [b"LANG", b"PATH"]


async def test_fsquota_has_its_callers_on_its_processor_and_a_share_of_its_own(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        group = filesystems_group(models.settings)
        if group is None:
            pytest.skip("this process may make no control groups")
        await models.mount()
        pid = models.pid()
        assert group.joinpath("cgroup.procs").read_text() == f"{pid}\n"
        threads = [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]
        assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_IDLE}
        answer = await asyncio.to_thread(subprocess.check_output, ["ionice", "--pid", str(pid)], text=True)
        assert answer.startswith("best-effort")


async def test_a_group_that_cannot_be_joined_is_named(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    tmp_path.joinpath("file").touch()

    async def limits(_: ModelId) -> Usage:
        return EMPTY

    mounts = Mounts(settings, ModelEvents(), limits=limits, group=tmp_path / "file" / "group")
    await mounts.remove_stale()
    with pytest.raises(FilesystemUnavailable, match=r"control group .*/file/group: Not a directory"):
        await mounts.get(MODEL)
    await mounts.close()
    assert present_mountpoints(tmp_path) == []


async def test_the_root_belongs_to_the_sandboxs_root(tmp_path: Path) -> None:
    async with mounted_models(tmp_path) as models:
        found = (await models.mount()).path.stat()
        expected = 100_000 if os.geteuid() == 0 else os.geteuid()
        assert (found.st_uid, found.st_gid, stat.S_ISDIR(found.st_mode)) == (expected, expected, True)


HOST = """
import asyncio, sys
from tests.support.mounted_models import MODEL, mounted_models
from pathlib import Path

async def main():
    async with mounted_models(Path(sys.argv[1])) as models:
        await models.mount()
        print(models.pid(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def start_host(folder: Path) -> tuple[subprocess.Popen[str], int]:
    host = subprocess.Popen([sys.executable, "-c", HOST, str(folder)], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    return host, int(host.stdout.readline())


def end_host(host: subprocess.Popen[str]) -> None:
    host.kill()
    host.wait()
    assert host.stdout is not None
    host.stdout.close()


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


async def test_fsquota_ends_with_a_host_that_is_killed(tmp_path: Path) -> None:
    host, pid = await asyncio.to_thread(start_host, tmp_path)
    end_host(host)
    await until(lambda: not is_running(pid), what="fsquota ended")
    await until(lambda: present_mountpoints(tmp_path) == [], what="it unmounted")
    async with mounted_models(tmp_path) as models:
        assert await (await models.mount()).usage() == EMPTY


async def test_a_stale_mount_is_removed_at_start(tmp_path: Path) -> None:
    host, pid = await asyncio.to_thread(start_host, tmp_path)
    host.send_signal(signal.SIGSTOP)  # so that it does not mount again
    os.kill(pid, signal.SIGKILL)
    end_host(host)
    mountpoint = tmp_path / "run" / "mounts" / MODEL
    assert present_mountpoints(tmp_path) == [mountpoint]
    with pytest.raises(OSError) as caught:
        os.listdir(mountpoint)
    assert caught.value.errno in (errno.ENOTCONN, errno.ECONNABORTED)
    async with mounted_models(tmp_path) as models:
        assert present_mountpoints(tmp_path) == []
        assert await (await models.mount()).usage() == EMPTY


def sleeper(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", *arguments])


@pytest.mark.parametrize("is_ours", [True, False])
async def test_a_left_over_process_is_ended_at_start_and_a_stranger_with_its_number_is_not(
    tmp_path: Path, is_ours: bool
) -> None:
    control = tmp_path / "run" / "control"
    control.mkdir(parents=True)
    process = sleeper(str(tmp_path / "run" / "mounts" / MODEL)) if is_ours else sleeper("another")
    try:
        (control / f"{MODEL}.pid").write_text(str(process.pid))
        async with mounted_models(tmp_path):
            assert is_running(process.pid) is not is_ours
    finally:
        process.kill()
        process.wait()


async def test_a_pid_file_written_by_half_is_forgotten(tmp_path: Path) -> None:
    control = tmp_path / "run" / "control"
    control.mkdir(parents=True)
    (control / f"{MODEL}.pid").write_text("")
    async with mounted_models(tmp_path):
        assert os.listdir(control) == []
