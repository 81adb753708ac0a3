"""Mounts a backing tree and serves it until it is unmounted: what is set up, in order, and taken down again."""

import contextlib
import errno
import fcntl
import gc
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyfuse3

from fsquota.backing import Descriptors, raise_descriptor_limit
from fsquota.changes import Changes
from fsquota.control import MOST_CLIENTS, Control
from fsquota.filesystem import Filesystem
from fsquota.loop import Loop
from fsquota.operations import Operations
from fsquota.replace import Staging
from fsquota.scan import opened_ledger, scan
from fsquota.tree import Tree


class CannotMount(Exception):
    """Says what is in the way and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MountOptions:
    backing: Path
    mountpoint: Path
    limit_bytes: int
    limit_files: int
    control: Path
    staging: Path
    allow_other: bool = False
    owner: tuple[int, int] | None = None
    filesystem_name: str = ""
    spin_seconds: float = 50e-6


def mount(options: MountOptions) -> None:
    """Prints `ready` once the filesystem can be used; returns when it has been unmounted."""
    os.umask(0)
    detach_stale(options.mountpoint)
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(open_folder(options.backing, "backing folder"))
        lock(root, options.backing)
        staging = stack.enter_context(open_folder(options.staging, "staging folder"))
        check_staging(options, root, staging)
        if options.owner is not None:
            os.fchown(root, *options.owner)
        loop = Loop(spin_seconds=options.spin_seconds)
        control = Control(loop, stack.enter_context(listening(options.control)), drop_cache=drop_cache)
        filesystem = read_filesystem(options, root, Changes(control.broadcast))
        prepared = Staging(filesystem, staging)
        prepared.empty()
        control.serve(filesystem, prepared)
        stack.callback(control.close)
        stack.enter_context(loop.stopped_by_signals())
        stack.enter_context(mounted(options, Operations(filesystem)))
        settle_garbage_collector()
        print("ready", flush=True)
        loop.run_until_unmounted()


def read_filesystem(options: MountOptions, root: int, changes: Changes) -> Filesystem:
    tree = Tree(os.fstat(root))
    descriptors = Descriptors(tree.root, root, capacity=raise_descriptor_limit())
    scan(tree, descriptors)
    ledger = opened_ledger(tree, limit_bytes=options.limit_bytes, limit_files=options.limit_files)
    return Filesystem(tree, ledger, descriptors, changes)


@contextlib.contextmanager
def open_folder(path: Path, what: str) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CannotMount(f"the {what} {path} cannot be opened: {error.strerror}; create it first") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def lock(root: int, path: Path) -> None:
    """On the backing folder itself, so that it goes with the process however that ends."""
    try:
        fcntl.flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotMount(f"{path} is mounted by another fsquota process: unmount that first") from error


def check_staging(options: MountOptions, root: int, staging: int) -> None:
    if options.backing.resolve() in (options.staging.resolve(), *options.staging.resolve().parents):
        raise CannotMount(f"the staging folder {options.staging} lies in the backing folder: choose one beside it")
    if os.fstat(root).st_dev != os.fstat(staging).st_dev:
        raise CannotMount(
            f"the staging folder {options.staging} is not on the filesystem of {options.backing}: choose one beside it"
        )


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """The control socket, for its owner alone. One left over from a crash is replaced: the lock is ours."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
        listener.listen(MOST_CLIENTS)
    except OSError as error:
        listener.close()
        raise CannotMount(f"the control socket {path} cannot be made: {error}") from error
    finally:
        os.umask(umask)
    try:
        yield listener
    finally:
        path.unlink(missing_ok=True)
        listener.close()


@contextlib.contextmanager
def mounted(options: MountOptions, operations: Operations) -> Iterator[None]:
    name = options.filesystem_name or os.fspath(options.control.absolute())
    escaped = name.replace("\\", "\\\\").replace(",", "\\,")
    settings = {"default_permissions", "noatime", "subtype=fsquota", f"fsname={escaped}"}
    if options.allow_other:
        settings.add("allow_other")
    try:
        pyfuse3.init(operations, os.fspath(options.mountpoint), settings)
    except RuntimeError as error:
        raise CannotMount(
            f"{options.mountpoint} cannot be mounted; it must be an empty folder, and /dev/fuse and the right to mount "
            "(root, or fusermount3) are needed"
        ) from error
    try:
        yield
    finally:
        # Lazily where it is busy: it disappears now, and is gone when the last process has left it.
        pyfuse3.close(unmount=True)


def detach_stale(mountpoint: Path) -> None:
    """Takes away what a process that died has left mounted, once or several times."""
    while is_dead(mountpoint):
        subprocess.run(["fusermount3", "-u", "-z", os.fspath(mountpoint)], check=True, stdout=sys.stderr)
    if os.path.ismount(mountpoint):
        raise CannotMount(f"another filesystem is mounted at {mountpoint}: unmount that first")


def is_dead(mountpoint: Path) -> bool:
    """Asks for the one thing that the kernel never answers from what it remembers of a dead mount."""
    try:
        os.statvfs(mountpoint)
    except FileNotFoundError as error:
        raise CannotMount(f"the mountpoint {mountpoint} does not exist: create it first") from error
    except OSError as error:
        if error.errno == errno.ENOTCONN:
            return True
        raise
    return False


def drop_cache(number: int) -> None:
    """Makes the kernel ask again for a file's attributes and content."""
    with contextlib.suppress(FileNotFoundError):  # it caches nothing of this file
        pyfuse3.invalidate_inode(number)


def settle_garbage_collector() -> None:
    """The table just read stays; collections need not walk it, and can be rare as requests leave hardly any cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
