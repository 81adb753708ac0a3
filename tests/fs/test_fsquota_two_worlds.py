"""A machine applies each step to a plain folder and to a mount and compares; then the accounting is compared with a
fresh count, before and after crashes of the filesystem's process.

FSQUOTA_OPERATIONS says how many steps. Hypothesis chooses a twentieth of them: where one fails it looks for the
shortest way there, prints that and keeps it for the next run. The others are chosen by seeded chance, which takes a
third of the time; the seed of a run that fails is printed and kept for the next one too.
"""

import contextlib
import errno
import itertools
import mmap
import os
import random
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from fsquota import backing
from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse

OPERATIONS = int(os.environ.get("FSQUOTA_OPERATIONS", "200000"))
CHOSEN_BY_HYPOTHESIS = max(1000, OPERATIONS // 20)
STEPS = 50
SEEDED_STEPS = 200
AT_FDCWD = -100
# Of as many steps that may be crashes one is: each takes half a second.
CRASHES = 30
# Of as many runs one is left for the comparison at the end.
KEPT = 50

pytestmark = [pytest.mark.fuse, needs_fuse, pytest.mark.timeout(300 + OPERATIONS // 100)]

# Few, so that steps meet: a file, a folder or nothing may be at each.
PATHS = ("a", "b", "c", "a/a", "a/b", "b/a", "b/b", "a/a/a")
SIZES = range(3 * 4096 + 2)
OFFSETS = (0, 1, 4095, 4096, 4097, 10_000)
# Not set-user-id: a write by root strips it in the mount, which is not told who writes, and not on the plain side.
MODES = (0o600, 0o644, 0o755, 0o1777)
OPEN_FLAGS = (os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDWR | os.O_TRUNC)
NAMES = ("user.a", "user.b")
CONTENT = b"content" * (len(SIZES) // 7 + 1)

Step = Callable[..., None]


def step(**choices: Sequence[Any]) -> Callable[[Step], Step]:
    """A rule of the machine with what each of its arguments is chosen from."""

    def register(function: Step) -> Step:
        setattr(function, "choices", choices)  # noqa: B010  # a function has no such attribute for a type checker
        strategies: Any = {name: st.sampled_from(values) for name, values in choices.items()}
        registered: Step = rule(**strategies)(function)  # type: ignore[no-untyped-call]  # what it answers is
        return registered

    return register


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

    @step(path=PATHS, size=SIZES)
    def write_file(self, path: str, size: int) -> None:
        self.both(lambda world: (world / path).write_bytes(CONTENT[:size]))

    @step(path=PATHS, size=SIZES)
    def append(self, path: str, size: int) -> None:
        def act(world: Path) -> int:
            with (world / path).open("ab") as file:
                return file.write(CONTENT[:size])

        self.both(act)

    @step(path=PATHS, size=SIZES)
    def create_exclusively(self, path: str, size: int) -> None:
        def act(world: Path) -> int:
            with (world / path).open("xb") as file:
                return file.write(CONTENT[:size])

        self.both(act)

    @step(path=PATHS, size=OFFSETS)
    def truncate(self, path: str, size: int) -> None:
        self.both(lambda world: os.truncate(world / path, size))

    @step(path=PATHS)
    def make_folder(self, path: str) -> None:
        self.both(lambda world: (world / path).mkdir())

    @step(path=PATHS)
    def remove_folder(self, path: str) -> None:
        self.both(lambda world: (world / path).rmdir())

    @step(path=PATHS)
    def unlink(self, path: str) -> None:
        self.both(lambda world: (world / path).unlink())

    @step(source=PATHS, destination=PATHS)
    def rename(self, source: str, destination: str) -> None:
        self.both(lambda world: os.rename(world / source, world / destination))

    @step(source=PATHS, destination=PATHS)
    def link(self, source: str, destination: str) -> None:
        self.both(lambda world: os.link(world / source, world / destination, follow_symlinks=False))

    @step(path=PATHS, destination=PATHS)
    def symlink(self, path: str, destination: str) -> None:
        self.both(lambda world: os.symlink(destination, world / path))

    @step(path=PATHS, mode=MODES)
    def change_mode(self, path: str, mode: int) -> None:
        self.both(lambda world: (world / path).chmod(mode))

    @step(path=PATHS, user=(0, 1000))
    def change_owner(self, path: str, user: int) -> None:
        if os.geteuid() == 0:
            self.both(lambda world: os.chown(world / path, user, user, follow_symlinks=False))

    @step(path=PATHS, modified_ns=range(2 * 10**18))
    def change_times(self, path: str, modified_ns: int) -> None:
        def act(world: Path) -> int:
            os.utime(world / path, ns=(0, modified_ns))
            return (world / path).stat().st_mtime_ns

        self.both(act)

    @step(path=PATHS, flags=OPEN_FLAGS)
    def open(self, path: str, flags: int) -> None:
        opened = []
        self.both(lambda world: opened.append(os.open(world / path, flags)))
        if opened:
            self.handles.append((opened[0], opened[1]))

    def each_handle(self, position: int, act: Callable[[int], Any]) -> None:
        plain, mount = self.handles[position % len(self.handles)]
        assert outcome(act, plain) == outcome(act, mount)

    @precondition(lambda self: self.handles)
    @step(position=range(10), size=SIZES, offset=OFFSETS)
    def write_handle(self, position: int, size: int, offset: int) -> None:
        self.each_handle(position, lambda handle: os.pwrite(handle, CONTENT[:size], offset))

    @precondition(lambda self: self.handles)
    @step(position=range(10), offset=OFFSETS)
    def read_handle(self, position: int, offset: int) -> None:
        self.each_handle(position, lambda handle: (os.pread(handle, 20_000, offset), described(os.fstat(handle))))

    @precondition(lambda self: self.handles)
    @step(position=range(10), size=OFFSETS)
    def truncate_handle(self, position: int, size: int) -> None:
        self.each_handle(position, lambda handle: os.ftruncate(handle, size))

    @precondition(lambda self: self.handles)
    @step(position=range(10))
    def close_handle(self, position: int) -> None:
        for handle in self.handles.pop(position % len(self.handles)):
            os.close(handle)

    @precondition(lambda self: self.handles)
    @step(position=range(10))
    def sync_handle(self, position: int) -> None:
        self.each_handle(position, os.fsync)

    @precondition(lambda self: self.handles)
    @step(position=range(10), size=SIZES)
    def write_through_a_map(self, position: int, size: int) -> None:
        def act(handle: int) -> None:
            mapped = min(size, os.fstat(handle).st_size)
            if mapped:
                with mmap.mmap(handle, mapped) as pages:
                    pages[:] = CONTENT[:mapped]
                    pages.flush()

        self.each_handle(position, act)

    @step(source=PATHS, destination=PATHS)
    def exchange(self, source: str, destination: str) -> None:
        self.both(lambda world: exchange(world / source, world / destination))

    @step(path=PATHS, name=NAMES, value=(b"", b"x", bytes(1000)))
    def set_extended_attribute(self, path: str, name: str, value: bytes) -> None:
        self.both(lambda world: os.setxattr(world / path, name, value))

    @step(path=PATHS, name=NAMES)
    def remove_extended_attribute(self, path: str, name: str) -> None:
        self.both(lambda world: os.removexattr(world / path, name))

    @step(chance=range(CRASHES))
    def crash(self, chance: int) -> None:
        """With files open, also such as have lost their names."""
        if chance != CRASHES - 1:
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

    @step()
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
            max_examples=CHOSEN_BY_HYPOTHESIS // STEPS,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
    assert_same_after_a_crash(filesystem)


def test_a_mount_behaves_as_a_plain_folder_by_seeded_chance(
    filesystem: MountedFilesystem, pytestconfig: pytest.Config
) -> None:
    class Machine(TwoWorlds):
        pass

    Machine.filesystem = filesystem
    failed = pytestconfig.rootpath / ".hypothesis" / "two_worlds_seed"
    seeds = [random.SystemRandom().getrandbits(48) for _ in range((OPERATIONS - CHOSEN_BY_HYPOTHESIS) // SEEDED_STEPS)]
    if failed.exists():
        seeds.insert(0, int(failed.read_text()))
    for seed in seeds:
        failed.parent.mkdir(exist_ok=True)
        failed.write_text(str(seed))
        run_seeded(Machine(), random.Random(seed))
    failed.unlink(missing_ok=True)
    assert_same_after_a_crash(filesystem)


def run_seeded(machine: TwoWorlds, chance: random.Random) -> None:
    """What is printed where it fails is the steps up to there."""
    rules = machine.rules
    done = []
    try:
        for _ in range(SEEDED_STEPS):
            chosen = chance.choice([each for each in rules if all(holds(machine) for holds in each.preconditions)])
            values = {name: chance.choice(choices) for name, choices in chosen.function.choices.items()}
            done.append((chosen.function.__name__, values))
            chosen.function(machine, **values)
    except BaseException:
        print(*(f"{name}({values})" for name, values in done), sep="\n", file=sys.stderr)
        raise
    finally:
        machine.teardown()


def assert_same_after_a_crash(filesystem: MountedFilesystem) -> None:
    before = everything(filesystem.root)
    filesystem.kill()
    filesystem.start()
    assert everything(filesystem.root) == before
    assert filesystem.usage() == fresh_count(filesystem.backing)


def test_tight_limits_are_never_passed_and_harm_nothing_there(tmp_path: Path) -> None:
    """Random writes to several files at a limit of 16 blocks, against the arithmetic of the limit itself."""
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
