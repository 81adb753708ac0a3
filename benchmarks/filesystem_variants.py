"""Where a workload runs: an ordinary folder, the C baseline's mount and fsquota's, all on one disk's filesystem."""

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ide_server.host.mounts.group import Group
from ide_server.host.sandbox.cgroups import find_cgroups
from tests.support.fsquota import mounted

LIMIT_BYTES = 4 << 30
LIMIT_FILES = 200_000
START_SECONDS = 10.0
BASELINE_SOURCE = Path(__file__).with_name("filesystem_baseline.c")
IN_MEMORY = {"tmpfs", "ramfs", "overlay"}
DISK_BYTES = 16 << 30


class Unusable(Exception):
    """Says what the machine lacks for this benchmark and what to do."""


@dataclass(frozen=True)
class Place:
    name: str
    root: Path
    """Where the workload works."""
    backing: Path
    """Where the same files lie underneath; root itself where there is no mount."""

    @contextlib.contextmanager
    def fresh(self) -> Iterator["Place"]:
        """A new folder of a name of its own, in another part of the disk than the one before."""
        name = f"{time.time_ns():x}"
        stage = Place(self.name, self.root / name, self.backing / name)
        stage.root.mkdir()
        try:
            yield stage
        finally:
            shutil.rmtree(stage.root)


def spread_folders(folder: Path) -> None:
    """Lets ext4 put each folder within into another part of the disk, as if it were the root of one."""
    subprocess.run(["chattr", "+T", folder], check=False, capture_output=True)  # other filesystems have no such thing


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """An ext4 of its own below the folder, for root: new each time, and with a journal. Without one ext4 looks at every
    inode removed in the last minutes for each new file, and a create takes up to 30 times as long, by chance."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4") or not Path("/dev/loop-control").exists():
        yield folder
        return
    image, root = folder / "disk.img", folder / "disk"
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    root.mkdir()
    run("mkfs.ext4", "-q", image)
    # Past the page cache of the disk beneath: what a file has been dropped from memory is read again.
    device = run("losetup", "--find", "--show", "--direct-io=on", image).strip()
    try:
        run("mount", device, root)
        try:
            yield root
        finally:
            run("umount", root)
    finally:
        run("losetup", "--detach", device)


def run(*command: str | Path) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Unusable(f"{' '.join(map(str, command))} exited with {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout


@contextlib.contextmanager
def places(folder: Path) -> Iterator[tuple[Place, ...]]:
    """native, baseline and fsquota, below the folder."""
    require_disk(folder)
    native = folder / "native"
    native.mkdir()
    spread_folders(native)
    with baseline(folder / "baseline") as passthrough, limited(folder / "fsquota") as quota:
        yield Place("native", native, native), passthrough, quota


@contextlib.contextmanager
def limited(folder: Path, *arguments: str, served: bool = True) -> Iterator[Place]:
    """fsquota's mount, as the server has them, or as it is from a shell."""
    folder.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        group = stack.enter_context(filesystems_group(folder)) if served else None
        filesystem = stack.enter_context(
            mounted(folder, limit_bytes=LIMIT_BYTES, limit_files=LIMIT_FILES, arguments=arguments, group=group)
        )
        spread_folders(filesystem.backing)
        yield Place("fsquota", filesystem.root, filesystem.backing)


@contextlib.contextmanager
def filesystems_group(folder: Path) -> Iterator[Group | None]:
    """The control group of a server that runs in this folder; None where it could make none."""
    path = find_cgroups(folder).filesystems_group()
    group = None if path is None else Group(path)
    try:
        yield group
    finally:
        if group is not None:
            group.remove()


@contextlib.contextmanager
def baseline(folder: Path) -> Iterator[Place]:
    place = Place("baseline", folder / "mount", folder / "backing")
    for part in (place.root, place.backing):
        part.mkdir(parents=True)
    spread_folders(place.backing)
    program = compiled(folder)
    options = "default_permissions,noatime,fsname=baseline"
    with subprocess.Popen([program, place.backing, "-f", "-o", options, place.root]) as process:
        try:
            wait_mounted(place.root, process)
            yield place
        finally:
            process.terminate()


def compiled(folder: Path) -> Path:
    if not shutil.which("gcc") or not shutil.which("pkg-config"):
        raise Unusable("gcc or pkg-config is missing: apt-get install gcc pkg-config libfuse3-dev")
    found = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise Unusable(f"libfuse3's headers are missing (apt-get install libfuse3-dev): {found.stderr.strip()}")
    program = folder / "filesystem_baseline"
    subprocess.run(["gcc", "-O2", "-o", program, BASELINE_SOURCE, *shlex.split(found.stdout)], check=True)
    return program


def wait_mounted(root: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not root.is_mount():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unusable(f"the C baseline could not be mounted at {root}; its message is above")
        time.sleep(0.01)


def require_disk(folder: Path) -> None:
    command: list[str | Path] = ["stat", "--file-system", "--format=%T", folder]
    kind = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if kind in IN_MEMORY:
        raise Unusable(f"{folder} is on {kind}: name a folder on a disk with --folder")


def forget_content(folder: Path) -> None:
    """Takes the content of all files below out of the page cache of the filesystem the folder is on."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
