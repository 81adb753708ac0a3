"""What others wrote to test filesystems and databases, run on the mount. FSQUOTA_SUITES=thorough runs all of it."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse, wait_until
from tests.support.processes import is_running
from tests.support.regrtest import Run

THOROUGH = os.environ.get("FSQUOTA_SUITES") == "thorough"
pytestmark = [pytest.mark.fuse, needs_fuse, pytest.mark.timeout(1800 if THOROUGH else 300)]


def needs_program(name: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is missing (apt-get install {package})")


def run(*command: str | Path, cwd: Path, user: str | None = None, timeout_seconds: float = 60) -> str:
    environment = os.environ | {"HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    ended = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        user=user,
        group=user,
        extra_groups=() if user else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
    )
    assert ended.returncode == 0, (
        f"{command} exited with {ended.returncode}: {ended.stdout[-4000:]}{ended.stderr[-4000:]}"
    )
    return ended.stdout


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    # Some of the stressors make sparse files of 256 MiB, which count by their length.
    with mounted(tmp_path, limit_bytes=4096 * MEBIBYTE, limit_files=20_000) as mount:
        yield mount
        mount.wait_usage(*fresh_count(mount.backing))


# --- CPython's own tests ---

MODULES = (
    "test_os",
    "test_posix",
    "test_shutil",
    "test_tempfile",
    "test_mmap",
    "test_fcntl",
    "test_sqlite3",
    "test_pathlib",
    "test_glob",
    "test_file",
    "test_fileio",
    "test_largefile",
    "test_posixpath",
    "test_genericpath",
    "test_dbm_dumb",
    "test_shelve",
    "test_filecmp",
    "test_fileinput",
    "test_unicode_file",
    "test_unicode_file_functions",
    "test_py_compile",
)
SLOW_MODULES = (
    "test_tarfile",
    "test_zipfile",
    "test_mailbox",
    "test_io",
    "test_bufio",
    "test_gzip",
    "test_bz2",
    "test_compileall",
    "test_import",
    "test_zipimport",
    "test_zipapp",
    "test_logging",
    "test_venv",
    "test_pkgutil",
    "test_runpy",
    "test_subprocess",
    "test_dbm",
)


@pytest.mark.skipif(
    importlib.util.find_spec("test.test_os") is None,
    reason="this Python comes without its own tests (apt-get install libpython3.11-testsuite, for Debian's)",
)
def test_nothing_of_cpython_fails_that_does_not_fail_in_an_ordinary_folder() -> None:
    modules = [*MODULES, *SLOW_MODULES] if THOROUGH else MODULES
    seconds = 900 if THOROUGH else 200
    # In a folder of a short name, as the path of a socket may have 107 bytes. Sparse files count by their length, and
    # these tests make some of several GiB.
    with tempfile.TemporaryDirectory() as name, mounted(Path(name), limit_bytes=64 << 30, limit_files=100_000) as mount:
        here, there = Run(Path(name) / "native", modules), Run(mount.root / "a", modules)
        native, ours = here.wait(seconds), there.wait(seconds)
        assert len(native.passed) > 1000, native.log
        suspects = sorted(ours.failed - native.failed)
        # Both ran at once on a busy machine: what failed for that reason passes by itself.
        again = Run(mount.root / "b", modules, only=suspects).wait(seconds).failed if suspects else frozenset()
        assert again & set(suspects) == frozenset(), ours.log
        print("\nskipped only on the mount:", *sorted(ours.skipped - native.skipped), sep="\n  ")
        for folder in mount.root.iterdir():
            shutil.rmtree(folder)
        mount.wait_usage(0, 0)


# --- git ---


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """About 1 MiB of objects that do not compress."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for number in range(100):
        (folder / f"file{number}").write_bytes(os.urandom(10_000))
    run("git", "init", "-q", cwd=folder)
    commit(folder, "First")
    return folder


def commit(folder: Path, message: str) -> None:
    run("git", "add", ".", cwd=folder)
    run("git", "-c", "user.name=Person", "-c", "user.email=person@example.org", "commit", "-qm", message, cwd=folder)


@needs_program("git", "git")
def test_a_clone_that_does_not_fit_leaves_nothing(tmp_path: Path, repository: Path) -> None:
    with mounted(tmp_path / "mounted", limit_bytes=MEBIBYTE) as mount:
        with pytest.raises(AssertionError, match="No space left on device"):
            run("git", "clone", "-q", "--no-hardlinks", repository, "clone", cwd=mount.root)
        assert os.listdir(mount.root) == []
        mount.wait_usage(0, 0)


@needs_program("git", "git")
def test_a_repository_is_whole_after_the_disk_was_full(tmp_path: Path, repository: Path) -> None:
    with mounted(tmp_path / "mounted", limit_bytes=4 * MEBIBYTE, limit_files=1000) as mount:
        clone = mount.root / "clone"
        run("git", "clone", "-q", "--no-hardlinks", repository, clone, cwd=mount.root)
        for number in range(50):
            (clone / f"added{number}").write_bytes(os.urandom(3000))
        fill(mount.root / "filler")
        with pytest.raises(AssertionError, match="No space left on device"):
            commit(clone, "Does not fit")
        assert "broken" not in run("git", "fsck", "--full", cwd=clone)
        (mount.root / "filler").unlink()
        commit(clone, "Fits")
        assert run("git", "fsck", "--full", "--strict", cwd=clone) == ""
        assert run("git", "status", "--short", cwd=clone) == ""


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left on device"):
        while True:
            file.write(bytes(65536))


# --- SQLite ---

INSERTS = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
number = database.execute("select coalesce(max(number), 0) from t").fetchone()[0]
while True:
    number += 1
    database.execute("begin")
    database.execute("insert into t values (?, ?)", (number, "x" * (number % 5000)))
    database.execute("update totals set count = count + 1")
    database.execute("commit")
    print(number, flush=True)
"""


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_sqlite_is_whole_after_fsquota_was_killed_under_load(filesystem: MountedFilesystem, journal: str) -> None:
    path = filesystem.root / "data.db"
    query(path, f"pragma journal_mode={journal}", "create table t (number, content)", "create table totals (count)")
    query(path, "insert into totals values (0)")
    for _ in range(20 if THOROUGH else 3):
        command: list[str | Path] = [sys.executable, "-c", INSERTS, path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writer:
            assert writer.stdout is not None  # asked for above
            numbers = [int(writer.stdout.readline()) for _ in range(40)]
            filesystem.kill()
            numbers += [int(line) for line in writer.stdout]
        assert writer.returncode == 1  # it was told
        filesystem.start()
        assert query(path, "pragma integrity_check") == [("ok",)]
        [(rows, total)] = query(path, "select (select count(*) from t), count from totals")
        assert rows == total
        assert rows in (numbers[-1], numbers[-1] + 1)  # the last may have been committed and not told


def query(path: Path, *statements: str) -> Sequence[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [connection.execute(statement).fetchall() for statement in statements][-1]
    finally:
        connection.close()


# --- PostgreSQL ---

POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
# Each transaction adds the same to one of each, unless pgbench's own vacuum has emptied the history in between.
SUMS = (
    "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers), "
    "(select sum(bbalance) from pgbench_branches), (select coalesce(sum(delta), 0) from pgbench_history)"
)


class Database:
    """A cluster in the mount, reached through a socket in `outside`. PostgreSQL refuses to run as root."""

    def __init__(self, root: Path, outside: Path) -> None:
        assert POSTGRESQL is not None
        self._programs = POSTGRESQL
        self._user = "postgres" if os.geteuid() == 0 else None
        self._data = root / "data"
        self._outside = outside
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        self._run("initdb", "--pgdata", self._data, "--auth=trust", "--username=postgres", "--encoding=UTF8")

    def start(self) -> None:
        settings = ("listen_addresses=", f"unix_socket_directories={self._outside}")
        with (self._outside / "log").open("ab") as log:
            self._process = self._spawn("postgres", "-D", self._data, *(f"--{each}" for each in settings), output=log)
        wait_until(self._accepts_queries, timeout_seconds=60, what="PostgreSQL's start")

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)  # its fast shutdown
        assert self._process.wait(60) == 0

    def kill(self) -> None:
        """All of its processes, where it runs: its filesystem may have gone."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGSTOP)  # it starts no other
        pid = self._process.pid
        pids = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for child in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        wait_until(lambda: not any(map(is_running, pids)), what="the end of PostgreSQL's processes")

    def _accepts_queries(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._outside / "log").read_text()
        socket = self._outside / ".s.PGSQL.5432"
        command: list[str | Path] = [self._programs / "pg_isready", "--quiet", *self._connection]
        return socket.exists() and subprocess.run(command, check=False).returncode == 0

    def pgbench(self, *arguments: str) -> str:
        return self._run("pgbench", *self._connection, *arguments, "postgres")

    def pgbench_until_it_fails(self) -> subprocess.Popen[bytes]:
        return self._spawn(
            "pgbench",
            *self._connection,
            "--no-vacuum",
            "--client=4",
            "--time=60",
            "postgres",
            output=subprocess.DEVNULL,
        )

    def query(self, text: str) -> str:
        return self._run("psql", *self._connection, "-At", "-c", text, "postgres").strip()

    def check(self) -> None:
        self._run("pg_amcheck", *self._connection, "--heapallindexed", "--install-missing", "postgres")

    @property
    def _connection(self) -> tuple[str, ...]:
        return (f"--host={self._outside}", "--username=postgres")

    def _spawn(self, program: str, *arguments: str | Path, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        command: list[str | Path] = [self._programs / program, *arguments]
        return subprocess.Popen(command, user=self._user, cwd=self._outside, stdout=output, stderr=output)

    def _run(self, program: str, *arguments: str | Path) -> str:
        return run(self._programs / program, *arguments, cwd=self._outside, user=self._user, timeout_seconds=120)


@contextlib.contextmanager
def postgresql_place() -> Iterator[tuple[MountedFilesystem, Database]]:
    """Where the user that PostgreSQL runs as may go, which pytest's folders are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        outside = folder / "outside"
        outside.mkdir()
        arguments: tuple[str, ...] = ()
        if os.geteuid() == 0:
            shutil.chown(outside, "postgres", "postgres")
            arguments = ("--allow-other", f"--owner={outside.stat().st_uid}:{outside.stat().st_gid}")
        with mounted(folder, limit_bytes=512 * MEBIBYTE, limit_files=5000, arguments=arguments) as mount:
            yield mount, Database(mount.root, outside)


@pytest.mark.skipif(POSTGRESQL is None, reason="PostgreSQL is missing (apt-get install postgresql)")
def test_postgresql_recovers_after_fsquota_was_killed_under_load() -> None:
    with postgresql_place() as (mount, database):
        database.create()
        database.start()
        try:
            for _ in range(5 if THOROUGH else 1):
                database.pgbench("--initialize", "--quiet")
                database.pgbench("--no-vacuum", "--client=4", "--transactions=100")
                with database.pgbench_until_it_fails() as load:
                    wait_until(lambda: int(database.query("select count(*) from pgbench_history")) > 500)
                    mount.kill()
                    load.wait(60)
                database.kill()
                mount.start()
                database.start()
                assert len(set(database.query(SUMS).split("|"))) == 1
            database.check()
            database.stop()
        finally:
            database.kill()
        mount.wait_usage(*fresh_count(mount.backing))


# --- fio and stress-ng ---

FIO_JOBS = {
    "mixed": ("--rw=randrw", "--ioengine=psync", "--bsrange=512-65536"),
    "direct": ("--rw=randwrite", "--ioengine=psync", "--bs=4096", "--direct=1"),
    "mapped": ("--rw=randwrite", "--ioengine=mmap", "--bs=4096"),
    "appended": ("--rw=write", "--ioengine=psync", "--bs=16384", "--file_append=1", "--fsync=16"),
}


@needs_program("fio", "fio")
@pytest.mark.parametrize("job", FIO_JOBS)
def test_fio_reads_what_it_has_written(filesystem: MountedFilesystem, tmp_path: Path, job: str) -> None:
    amount = f"--size={256 // 8 if THOROUGH else 4}m"
    verify = ("--verify=crc32c", "--verify_fatal=1", "--verify_backlog=64", "--do_verify=1")
    run(
        *("fio", "--name=verify", f"--directory={filesystem.root}", "--numjobs=2", "--fallocate=none"),
        *(amount, *verify, *FIO_JOBS[job]),
        cwd=tmp_path,
        timeout_seconds=600,
    )


STRESSORS = (
    "access",
    "chdir",
    "chmod",
    "chown",
    "copy-file",
    "dentry",
    "dir",
    "dirdeep",
    "dup",
    "fcntl",
    "file-ioctl",
    "filename",
    "flock",
    "fpunch",
    "fstat",
    "getdent",
    "hdd",
    "io",
    "iomix",
    "lease",
    "link",
    "locka",
    "lockf",
    "lockofd",
    "open",
    "readahead",
    "rename",
    "seal",
    "seek",
    "sendfile",
    "splice",
    "symlink",
    "sync-file",
    "utime",
)
QUICK_STRESSORS = (
    "chmod",
    "dentry",
    "dir",
    "flock",
    "fstat",
    "getdent",
    "link",
    "lockf",
    "rename",
    "seek",
    "symlink",
    "utime",
)


@needs_program("stress-ng", "stress-ng")
@pytest.mark.parametrize("stressor", STRESSORS if THOROUGH else QUICK_STRESSORS)
def test_stress_ng_finds_nothing_wrong(filesystem: MountedFilesystem, tmp_path: Path, stressor: str) -> None:
    seconds = 10 if THOROUGH else 1
    chosen = (f"--{stressor}", "2", f"--timeout={seconds}s", "--verify")
    run("stress-ng", f"--temp-path={filesystem.root}", *chosen, cwd=tmp_path, timeout_seconds=120)


# --- copies ---


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """One of each kind, with all that a copy may lose."""
    folder = tmp_path / "source"
    (folder / "a folder" / "deeper").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "file").write_bytes(os.urandom(100_000))
    os.link(folder / "file", folder / "a folder" / "second name")
    (folder / "nothing").touch()
    (folder / "soft").symlink_to("a folder/second name")
    (folder / "dangling").symlink_to("/nowhere/" + "x" * 200)
    os.mkfifo(folder / "fifo", 0o600)
    (folder / "script").write_text("#!/bin/sh\n")
    (folder / "script").chmod(0o4755)
    (folder / ("n" * 255)).write_text("a long name")
    with open(os.fsencode(folder) + b"/not utf-8 \xff\n", "wb") as file:
        file.write(b"an odd name")
    with (folder / "sparse").open("wb") as file:
        file.truncate(MEBIBYTE)
        file.seek(500_000)
        file.write(b"an island")
    if os.geteuid() == 0:
        os.chown(folder / "script", 1234, 5678)
        (folder / "script").chmod(0o4755)
        os.chown(folder / "soft", 1234, 5678, follow_symlinks=False)
    for number, path in enumerate(sorted(folder.rglob("*"), reverse=True)):
        os.utime(path, ns=(1, 1_234_567_890_123_456_789 + number), follow_symlinks=False)
    (folder / "empty").chmod(0o2750)
    return folder


def manifest(folder: Path) -> Mapping[bytes, object]:
    """Of every path all that a copy must keep. Hard links are told by the first of their names."""
    names: dict[int, bytes] = {}
    found = {}
    for path in sorted(Path(os.fsdecode(os.fsencode(folder))).rglob("*")):
        name, state = os.fsencode(path.relative_to(folder)), path.lstat()
        content = None
        if stat.S_ISREG(state.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        elif stat.S_ISLNK(state.st_mode):
            content = os.readlink(path)
        size = 0 if stat.S_ISDIR(state.st_mode) else state.st_size
        first = names.setdefault(state.st_ino, name)
        found[name] = (state.st_mode, state.st_uid, state.st_gid, size, state.st_mtime_ns, first, content)
    return found


def copied_by_cp(source: Path, target: Path, _: Path) -> None:
    run("cp", "-a", f"{source}/.", target, cwd=target)


def copied_by_rsync(source: Path, target: Path, _: Path) -> None:
    run("rsync", "-aHS", "--numeric-ids", f"{source}/", f"{target}/", cwd=target)
    changed = run("rsync", "-aHSin", "--checksum", "--numeric-ids", f"{source}/", f"{target}/", cwd=target)
    assert changed == ""


def copied_by_tar(source: Path, target: Path, outside: Path) -> None:
    archive = outside / "archive.tar"
    run("tar", "--create", "--format=posix", "--numeric-owner", "--sparse", f"--file={archive}", ".", cwd=source)
    run("tar", "--extract", "--preserve-permissions", "--numeric-owner", f"--file={archive}", cwd=target)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(copied_by_cp, id="cp"),
        pytest.param(copied_by_rsync, id="rsync", marks=needs_program("rsync", "rsync")),
        pytest.param(copied_by_tar, id="tar", marks=needs_program("tar", "tar")),
    ],
)
def test_a_tree_is_the_same_after_it_was_copied_in_and_out(
    filesystem: MountedFilesystem, tree: Path, tmp_path: Path, copy: Callable[[Path, Path, Path], None]
) -> None:
    within, back = filesystem.root / "copy", tmp_path / "back"
    within.mkdir()
    back.mkdir()
    copy(tree, within, tmp_path)
    assert manifest(within) == manifest(tree)
    copy(within, back, tmp_path)
    assert manifest(back) == manifest(tree)
