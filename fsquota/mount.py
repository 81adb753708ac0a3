"""Mounts a backing tree and serves it until it is unmounted: what is set up, in order, and taken down again."""

import contextlib
import gc
import os
import select
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyfuse3

from fsquota.aside import Aside
from fsquota.backing import CannotMount, open_folder, opened_backing
from fsquota.changes import Changes
from fsquota.control import MOST_CLIENTS, Control
from fsquota.counter import Counter
from fsquota.device import Opening, Place, attach, detach, detach_dead, is_attached, is_dead
from fsquota.filesystem import Filesystem
from fsquota.loop import Loop
from fsquota.operations import Operations
from fsquota.placement import Placement
from fsquota.replace import Staging
from fsquota.scan import opened_ledger, read_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class MountOptions:
    backing: Path
    mountpoint: Path
    limit_bytes: int
    limit_files: int
    control: Path
    staging: Path
    aside: Path
    counter: Path | None = None
    allow_other: bool = False
    owner: tuple[int, int] | None = None
    filesystem_name: str = "fsquota"
    shared: bool = False
    spin_seconds: float = 50e-6

    @property
    def place(self) -> Place:
        return Place(
            mountpoint=self.mountpoint,
            name=self.filesystem_name,
            allow_other=self.allow_other,
            shared=self.shared,
        )


def mount(options: MountOptions) -> None:
    """Prints `ready` once the filesystem can be used; returns when it has been unmounted."""
    os.umask(0)
    clear(options.place)
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(opened_backing(options.backing))
        options.staging.mkdir(mode=0o700, exist_ok=True)
        staging = stack.enter_context(open_folder(options.staging, "staging folder"))
        check_beside(options, root, staging, what="staging")
        options.aside.mkdir(mode=0o700, exist_ok=True)
        aside = stack.enter_context(open_folder(options.aside, "aside folder"))
        check_beside(options, root, aside, what="aside")
        if options.owner is not None:
            os.fchown(root, *options.owner)
        placement = Placement(follows=os.sched_getscheduler(0) == os.SCHED_IDLE)
        loop = Loop(placement, spin_seconds=0.0 if placement.follows else options.spin_seconds)
        control = Control(
            loop, stack.enter_context(listening(options.control)), drop_cache=drop_cache, drop_name=drop_name
        )
        tree, descriptors = read_tree(root)
        ledger = opened_ledger(tree, limit_bytes=options.limit_bytes, limit_files=options.limit_files)
        filesystem = Filesystem(tree, ledger, descriptors, Changes(control.broadcast, Counter(options.counter)))
        prepared = Staging(filesystem, staging)
        prepared.empty()
        kept = Aside(filesystem, aside)
        kept.empty()
        control.serve(filesystem, prepared, kept)
        stack.callback(control.close)
        operations = Operations(filesystem, loop.in_background, placement)
        stack.enter_context(loop.stopped_by_signals())
        stack.enter_context(mounted(options.place, operations, loop))
        settle_garbage_collector()
        print("ready", flush=True)
        loop.run_until_unmounted()


def check_beside(options: MountOptions, root: int, descriptor: int, *, what: Literal["staging", "aside"]) -> None:
    folder = options.staging if what == "staging" else options.aside
    if options.backing.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise CannotMount(f"the {what} folder {folder} lies in the backing folder: choose one beside it")
    if os.fstat(root).st_dev != os.fstat(descriptor).st_dev:
        raise CannotMount(
            f"the {what} folder {folder} is not on the filesystem of {options.backing}: choose one beside it"
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
def mounted(place: Place, operations: Operations, loop: Loop) -> Iterator[None]:
    device = attach(place)
    opening = Opening(device)
    try:
        pyfuse3.init(operations, f"/dev/fd/{opening.descriptor}", set())
        loop.watch(opening.reply_descriptor, select.EPOLLIN, lambda _: finish(opening, loop))
        yield
    except BaseException:
        close(device)
        # A shared mount stays where it fails, as if the process had been killed: the next one is mounted upon it, and
        # only so is seen wherever this one was.
        if not place.shared:
            detach(place.mountpoint)
        raise
    is_ours = is_attached(device)
    close(device)
    if is_ours:
        detach(place.mountpoint)
        detach_dead(place.mountpoint)


def finish(opening: Opening, loop: Loop) -> None:
    loop.unwatch(opening.reply_descriptor)
    opening.finish()
    loop.replace_device()


def close(device: int) -> None:
    """Before anything is unmounted: that would wait for an answer of ours."""
    pyfuse3.close(unmount=False)
    os.close(device)


def clear(place: Place) -> None:
    """Takes away what a process that died has left mounted, unless the mount is to appear upon it."""
    dead = is_dead(place.mountpoint)
    if dead and not place.shared:
        detach_dead(place.mountpoint)
    if not dead and os.path.ismount(place.mountpoint):
        raise CannotMount(f"another filesystem is mounted at {place.mountpoint}: unmount that first")


def drop_cache(number: int) -> None:
    """Makes the kernel ask again for a file's attributes and content."""
    with contextlib.suppress(FileNotFoundError):  # it caches nothing of this file
        pyfuse3.invalidate_inode(number)


def drop_name(folder: int, name: bytes) -> None:
    """Makes the kernel ask again what has this name."""
    with contextlib.suppress(FileNotFoundError):  # it knows nothing of it
        pyfuse3.invalidate_entry(folder, name)


def settle_garbage_collector() -> None:
    """The table just read stays; collections need not walk it, and can be rare as requests leave hardly any cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
