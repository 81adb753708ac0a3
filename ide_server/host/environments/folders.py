"""The folders of built environments: `<key>/root` is what sandboxes mount, `<key>/environment.json` says what it is.

A lock on the folder (flock) is what use means, to this process and to any other: held shared by whoever uses the
environment, alone by whoever removes it.
"""

import collections
import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from ide_server.errors import EnvironmentInUse, EnvironmentNotFound
from ide_server.host.environments.environment import Environment, environment
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.environments.plan import NODE_WHEEL, Plan
from ide_server.wire import EnvironmentChoice

ROOT = "root"
MANIFEST = "environment.json"
BUILDING = ".building"
REMOVED = ".removed"
ALONE = fcntl.LOCK_EX | fcntl.LOCK_NB

Stamp = tuple[int, int] | None
"""Of a file that is only ever replaced, not changed; None: there is none."""


class Manifest(msgspec.Struct, frozen=True):
    """What was built; the last file to be written."""

    choice: EnvironmentChoice
    interpreter: Interpreter
    node_version: str
    packages: dict[str, str]
    """Version by name, of all wheels, Node's too."""
    created_at: float

    @property
    def python_packages(self) -> dict[str, str]:
        return {name: version for name, version in self.packages.items() if name != NODE_WHEEL}

    @classmethod
    def of(cls, plan: Plan) -> Self:
        packages = {wheel.name: wheel.version for wheel in plan.wheels}
        return cls(plan.choice, plan.interpreter, plan.node_version, packages, time.time())


class Use:
    """While it is open the environment is not removed. Close it when nothing runs in the environment any more."""

    def __init__(self, key: str, descriptor: int) -> None:
        self.key = key
        self._descriptor: int | None = descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Claim:
    """A folder to build in, held against all other builders of the same until it is closed."""

    def __init__(self, folder: Path, finished: Path, descriptor: int) -> None:
        self.path = folder / "unfinished"
        self._folder = folder
        self._finished = finished
        self._descriptor = descriptor

    def finish(self, manifest: Manifest) -> None:
        """In one step: from then on it is there, whole."""
        (self.path / MANIFEST).write_bytes(msgspec.json.encode(manifest))
        (self.path / MANIFEST).chmod(0o644)
        self.path.rename(self._finished)

    def empty(self) -> None:
        delete(self.path)
        self.path.mkdir()
        self.path.chmod(0o755)  # whatever the umask: sandboxes must be able to read what is in it

    def close(self) -> None:
        delete(self._folder)
        os.close(self._descriptor)


class Found(NamedTuple):
    """What was made of a manifest, and by what to see that it is still there."""

    environment: Environment
    manifest: str
    stamp: Stamp
    executable: str

    def is_present(self) -> bool:
        return stamp_of(self.manifest) == self.stamp and os.path.exists(self.executable)


class Folders:
    """Every function blocks for a moment, `remove` and `remove_rubbish` for as long as deleting takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bytecode = folder / "bytecode"
        self._measured: tuple[str, ...] = ()
        self._sizes: Mapping[str, int] = {}
        self._found: dict[str, Found] = {}
        """Every operation asks."""

    def path(self, key: str) -> Path:
        return self.folder / key

    def keys(self) -> list[str]:
        if not self.folder.exists():
            return []
        return sorted(
            name for name in os.listdir(self.folder) if is_key(name) and (self.path(name) / MANIFEST).exists()
        )

    def manifest(self, key: str) -> Manifest:
        """Raises EnvironmentNotFound."""
        path = self.path(key)
        if not is_key(key) or not (path / MANIFEST).exists():
            raise EnvironmentNotFound(f"There is no environment {key!r}; it may have been removed.")
        return msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)

    def manifests(self) -> dict[str, Manifest]:
        found = {}
        for key in self.keys():
            with contextlib.suppress(EnvironmentNotFound):  # removed since it was listed
                found[key] = self.manifest(key)
        return found

    def byte_sizes(self, keys: Sequence[str]) -> Mapping[str, int]:
        """What removing each alone frees. Looking at every file takes a second for ten environments."""
        if self._measured != tuple(
            keys
        ):  # who shares a file with whom changes only with the environments that there are
            self._sizes = {key: byte_size(self.path(key)) for key in keys}
            self._measured = tuple(keys)
        return self._sizes

    def find(self, key: str) -> Environment | None:
        """None too where its interpreter has left this machine."""
        known = self._found.get(key)
        if known is not None and known.is_present():
            return known.environment
        try:
            stamp, manifest = stamp_of(self.path(key) / MANIFEST), self.manifest(key)
        except EnvironmentNotFound:
            return None
        executable = manifest.interpreter.executable
        if not executable.exists():
            return None
        found = environment(key, self.path(key) / ROOT, manifest.interpreter, node_version=manifest.node_version)
        self._found[key] = Found(found, os.fspath(self.path(key) / MANIFEST), stamp, os.fspath(executable))
        return found

    def use(self, key: str) -> Use:
        """Raises EnvironmentNotFound."""
        self.manifest(key)
        try:
            # Waits for a moment at most: who holds it alone only looks whether it can, or takes the name away.
            return Use(key, locked(self.path(key), fcntl.LOCK_SH))
        except FileNotFoundError:
            raise EnvironmentNotFound(f"Environment {key!r} has just been removed.") from None

    def in_use(self, key: str) -> bool:
        try:
            os.close(locked(self.path(key), ALONE))
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def remove(self, key: str) -> None:
        """Raises EnvironmentNotFound, EnvironmentInUse."""
        self.manifest(key)
        path, removed = self.path(key), self.folder / (key + REMOVED)
        try:
            descriptor = locked(path, ALONE)
        except BlockingIOError:
            raise EnvironmentInUse(
                f"Environment {key!r} is in use: a terminal or a run still works in it. Close those first."
            ) from None
        except FileNotFoundError:
            raise EnvironmentNotFound(f"Environment {key!r} has just been removed.") from None
        try:
            # In one step: nobody finds it half there. What a crash leaves of the rest, remove_rubbish takes.
            path.rename(removed)
        finally:
            os.close(descriptor)
        delete(removed)

    def claim_building(self, key: str) -> Claim | None:
        """None while another process builds the same. What one that was killed left half built is thrown away."""
        folder = self.folder / (key + BUILDING)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = locked(folder, ALONE)
        except (BlockingIOError, FileNotFoundError):
            return None
        claim = Claim(folder, self.path(key), descriptor)
        claim.empty()
        return claim

    def remove_rubbish(self) -> None:
        """What interrupted builds and removals left. A build of another process that runs is left alone."""
        if not self.folder.exists():
            return
        for entry in list(os.scandir(self.folder)):
            if entry.name.endswith(REMOVED):
                delete(Path(entry.path))
            elif entry.name.endswith(BUILDING):
                with contextlib.suppress(BlockingIOError, FileNotFoundError):
                    descriptor = locked(Path(entry.path), ALONE)
                    delete(Path(entry.path))
                    os.close(descriptor)


def delete(folder: Path) -> None:
    """Also while another process deletes the same, as a server that starts does with what others left."""
    while folder.exists():
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


def byte_size(folder: Path) -> int:
    """What removing it frees: with a file goes what was kept of it for others to share, if none does."""
    blocks, links = {}, collections.Counter[int]()
    for parent, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(f"{parent}/{name}")
            links[status.st_ino] += 1
            blocks[status.st_ino] = (status.st_nlink, status.st_blocks * 512)
    return sum(size for inode, (count, size) in blocks.items() if count <= links[inode] + 1)


def stamp_of(path: str | Path) -> Stamp:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def is_key(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{16}", name) is not None


def locked(folder: Path, kind: int) -> int:
    """A descriptor that holds the lock. Raises BlockingIOError where another does, FileNotFoundError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, kind)
        # It may have been renamed or removed between the two, and the name given to another.
        if not os.path.samestat(os.fstat(descriptor), os.stat(folder)):
            raise FileNotFoundError(folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
