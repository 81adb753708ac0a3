"""One Hypothesis machine applies each step to a plain folder and to a mount and compares; then the accounting is
compared with a fresh count, before and after crashes of the filesystem's process.

FSQUOTA_OPERATIONS says how many steps; a failure prints the steps that lead to it, and Hypothesis keeps them for the
next run.
"""

import contextlib
import errno
import itertools
import mmap
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from fsquota import backing
from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse

OPERATIONS = int(os.environ.get("FSQUOTA_OPERATIONS", "20000"))
STEPS = 50
AT_FDCWD = -100
# Of as many steps that may be crashes one is: each takes half a second.
CRASHES = 12
# Of as many runs one is left for the comparison at the end.
KEPT = 50

pytestmark = [pytest.mark.fuse, needs_fuse, pytest.mark.timeout(300 + OPERATIONS // 100)]

# Few, so that steps meet: a file, a folder or nothing may be at each.
paths = st.sampled_from(["a", "b", "c", "a/a", "a/b", "b/a", "b/b", "a/a/a"])
contents = st.integers(0, 3 * 4096 + 1).map(lambda size: bytes(itertools.islice(itertools.cycle(b"content"), size)))
offsets = st.sampled_from([0, 1, 4095, 4096, 4097, 10_000])
# Not set-user-id: a write by root strips it in the mount, which is not told who writes, and not on the plain side.
modes = st.sampled_from([0o600, 0o644, 0o755, 0o1777])


class TwoWorlds(RuleBasedStateMachine):
    filesystem: MountedFilesystem
    runs = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self._plain = tempfile.TemporaryDirectory()
        self.number = next(self.runs)
        mount = self.filesystem.root / f"run{self.number}"
        mount.mkdir()
        self.worlds = (Path(self._plain.name), mount)
        self.handles: list[tuple[int, int]] = []

    def both(self, act: Callable[[Path], Any]) -> Any:
        """The same result or the same error in both worlds."""
        outcomes = [outcome(act, world) for world in self.worlds]
        assert outcomes[0] == outcomes[1]
        return outcomes[0]

    @rule(path=paths, content=contents)
    def write_file(self, path: str, content: bytes) -> None:
        self.both(lambda world: (world / path).write_bytes(content))

    @rule(path=paths, content=contents)
    def append(self, path: str, content: bytes) -> None:
        def act(world: Path) -> int:
            with (world / path).open("ab") as file:
                return file.write(content)

        self.both(act)

    @rule(path=paths, content=contents)
    def create_exclusively(self, path: str, content: bytes) -> None:
        def act(world: Path) -> int:
            with (world / path).open("xb") as file:
                return file.write(content)

        self.both(act)

    @rule(path=paths, size=offsets)
    def truncate(self, path: str, size: int) -> None:
        self.both(lambda world: os.truncate(world / path, size))

    @rule(path=paths)
    def make_folder(self, path: str) -> None:
        self.both(lambda world: (world / path).mkdir())

    @rule(path=paths)
    def remove_folder(self, path: str) -> None:
        self.both(lambda world: (world / path).rmdir())

    @rule(path=paths)
    def unlink(self, path: str) -> None:
        self.both(lambda world: (world / path).unlink())

    @rule(source=paths, destination=paths)
    def rename(self, source: str, destination: str) -> None:
        self.both(lambda world: os.rename(world / source, world / destination))

    @rule(source=paths, destination=paths)
    def link(self, source: str, destination: str) -> None:
        self.both(lambda world: os.link(world / source, world / destination, follow_symlinks=False))

    @rule(path=paths, destination=paths)
    def symlink(self, path: str, destination: str) -> None:
        self.both(lambda world: os.symlink(destination, world / path))

    @rule(path=paths, mode=modes)
    def change_mode(self, path: str, mode: int) -> None:
        self.both(lambda world: (world / path).chmod(mode))

    @rule(path=paths, user=st.sampled_from([0, 1000]))
    def change_owner(self, path: str, user: int) -> None:
        if os.geteuid() == 0:
            self.both(lambda world: os.chown(world / path, user, user, follow_symlinks=False))

    @rule(path=paths, modified_ns=st.integers(0, 2 * 10**18))
    def change_times(self, path: str, modified_ns: int) -> None:
        def act(world: Path) -> int:
            os.utime(world / path, ns=(0, modified_ns))
            return (world / path).stat().st_mtime_ns

        self.both(act)

    @rule(path=paths, flags=st.sampled_from([os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDWR | os.O_TRUNC]))
    def open(self, path: str, flags: int) -> None:
        opened = []
        self.both(lambda world: opened.append(os.open(world / path, flags)))
        if opened:
            self.handles.append((opened[0], opened[1]))

    def each_handle(self, position: int, act: Callable[[int], Any]) -> None:
        plain, mount = self.handles[position % len(self.handles)]
        assert outcome(act, plain) == outcome(act, mount)

    @precondition(lambda self: self.handles)
    @rule(position=st.integers(0, 9), content=contents, offset=offsets)
    def write_handle(self, position: int, content: bytes, offset: int) -> None:
        self.each_handle(position, lambda handle: os.pwrite(handle, content, offset))

    @precondition(lambda self: self.handles)
    @rule(position=st.integers(0, 9), offset=offsets)
    def read_handle(self, position: int, offset: int) -> None:
        self.each_handle(position, lambda handle: (os.pread(handle, 20_000, offset), described(os.fstat(handle))))

    @precondition(lambda self: self.handles)
    @rule(position=st.integers(0, 9), size=offsets)
    def truncate_handle(self, position: int, size: int) -> None:
        self.each_handle(position, lambda handle: os.ftruncate(handle, size))

    @precondition(lambda self: self.handles)
    @rule(position=st.integers(0, 9))
    def close_handle(self, position: int) -> None:
        for handle in self.handles.pop(position % len(self.handles)):
            os.close(handle)

    @precondition(lambda self: self.handles)
    @rule(position=st.integers(0, 9))
    def sync_handle(self, position: int) -> None:
        self.each_handle(position, os.fsync)

    @precondition(lambda self: self.handles)
    @rule(position=st.integers(0, 9), content=contents)
    def write_through_a_map(self, position: int, content: bytes) -> None:
        def act(handle: int) -> None:
            size = min(len(content), os.fstat(handle).st_size)
            if size:
                with mmap.mmap(handle, size) as pages:
                    pages[:] = content[:size]
                    pages.flush()

        self.each_handle(position, act)

    @rule(source=paths, destination=paths)
    def exchange(self, source: str, destination: str) -> None:
        self.both(lambda world: exchange(world / source, world / destination))

    @rule(path=paths, name=st.sampled_from(["user.a", "user.b"]), value=st.sampled_from([b"", b"x", bytes(1000)]))
    def set_extended_attribute(self, path: str, name: str, value: bytes) -> None:
        self.both(lambda world: os.setxattr(world / path, name, value))

    @rule(path=paths, name=st.sampled_from(["user.a", "user.b"]))
    def remove_extended_attribute(self, path: str, name: str) -> None:
        self.both(lambda world: os.removexattr(world / path, name))

    @rule(chance=st.integers(1, CRASHES))
    def crash(self, chance: int) -> None:
        """With files open, also such as have lost their names."""
        if chance != CRASHES:
            return
        self.filesystem.kill()
        for plain, mount in self.handles:
            os.close(plain)
            with contextlib.suppress(OSError):  # nobody answers its flush, which the kernel asks for at a first close
                os.close(mount)
        self.handles.clear()
        self.filesystem.start()
        self.compare()
        assert self.filesystem.usage() == fresh_count(self.filesystem.backing)

    @rule()
    def compare(self) -> None:
        self.both(everything)

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.close_handles()
            self._plain.cleanup()
        self.filesystem.wait_usage(*fresh_count(self.filesystem.backing))
        if self.number % KEPT:
            shutil.rmtree(self.worlds[1], ignore_errors=True)  # each count walks all that is kept

    def close_handles(self) -> None:
        for handle in itertools.chain.from_iterable(self.handles):
            os.close(handle)
        self.handles.clear()


def exchange(first: Path, second: Path) -> None:
    backing.exchange(bytes(first), bytes(second), folder=AT_FDCWD, new_folder=AT_FDCWD)


def outcome(act: Callable[[Any], Any], argument: Any) -> Any:
    try:
        return act(argument)
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def described(found: os.stat_result) -> tuple[int, ...]:
    is_folder = stat.S_ISDIR(found.st_mode)
    size = 0 if is_folder else found.st_size
    return found.st_mode, found.st_nlink, size, found.st_uid, found.st_gid


def everything(world: Path) -> list[tuple[str, tuple[int, ...], object, dict[str, bytes]]]:
    """Each name below with its attributes and content."""
    found = []
    for folder, folders, files in os.walk(world):
        for name in (*folders, *files):
            path = Path(folder) / name
            status = path.lstat()
            content: object = None
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                content = path.read_bytes()
            found.append((str(path.relative_to(world)), described(status), content, extended(path)))
    return sorted(found, key=lambda entry: entry[0])


def extended(path: Path) -> dict[str, bytes]:
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in names}


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, limit_bytes=256 * MEBIBYTE, limit_files=100_000) as mount:
        yield mount


def test_a_mount_behaves_as_a_plain_folder(filesystem: MountedFilesystem) -> None:
    class Machine(TwoWorlds):
        pass

    Machine.filesystem = filesystem
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=max(1, OPERATIONS // STEPS),
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    before = everything(filesystem.root)
    filesystem.kill()
    filesystem.start()
    assert everything(filesystem.root) == before
    assert filesystem.usage() == fresh_count(filesystem.backing)


def test_tight_limits_are_never_passed_and_harm_nothing_there(tmp_path: Path) -> None:
    """Random writes to several files at a limit of 16 blocks, against the arithmetic of the limit itself."""
    import random

    chance = random.Random(1)
    limit = 16 * 4096
    with mounted(tmp_path, limit_bytes=limit, limit_files=4) as mount:
        held: dict[str, bytearray] = {}
        for _ in range(600):
            name = chance.choice("abcd")
            if chance.random() < 0.2 and name in held:
                (mount.root / name).unlink()
                del held[name]
                continue
            content = held.setdefault(name, bytearray())
            offset, data = chance.randrange(len(content) + 5000), chance.randbytes(chance.randrange(1, 20_000))
            others = sum(-(-len(other) // 4096) * 4096 for key, other in held.items() if key != name)
            room = max(limit - others, len(content))
            fits = max(0, min(offset + len(data), room) - offset)
            written = write_at(mount.root / name, data, offset)
            assert written == fits
            if written:
                content.extend(bytes(max(0, offset + written - len(content))))
                content[offset : offset + written] = data[:written]
        assert {path.name: path.read_bytes() for path in mount.root.iterdir()} == held
        mount.wait_usage(*fresh_count(mount.backing))


def write_at(path: Path, data: bytes, offset: int) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        return os.pwrite(handle, data, offset)
    except OSError as error:
        assert error.errno == errno.ENOSPC
        return 0
    finally:
        os.close(handle)
