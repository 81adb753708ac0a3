"""The backing tree's system calls: always relative to a folder's descriptor, never through a symbolic link."""

import contextlib
import ctypes
import errno
import fcntl
import os
import resource
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

from fsquota.tree import Inode

# The process's own: the root, the lock, the FUSE device, sockets, a client's connection each.
SPARE_DESCRIPTORS = 128
# Kept for the next use; each holds about a kilobyte of the kernel's memory.
IDLE_DESCRIPTORS = 1024
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
NEW_FILE = FILE | os.O_CREAT | os.O_EXCL
ANYTHING = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

RENAME_EXCHANGE = 2
libc = ctypes.CDLL(None, use_errno=True)


class CannotMount(Exception):
    """Says what is in the way and what to do."""


def call(function: Callable[..., int], *arguments: object) -> None:
    """A function of libc's that Python does not have. Raises OSError."""
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


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


@contextlib.contextmanager
def opened_backing(path: Path) -> Iterator[int]:
    """Locked: the lock is on the folder itself, so that it goes with the process however that ends."""
    with open_folder(path, "backing folder") as root:
        try:
            fcntl.flock(root, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotMount(f"{path} is mounted by another fsquota process: unmount that first") from error
        yield root


class Descriptors:
    """One read-write descriptor per open file, kept after the last close for the next open, least recently used first
    to go; folders likewise. A descriptor of an open inode stays, as its file may have lost its name."""

    def __init__(self, root: Inode, root_descriptor: int, *, capacity: int) -> None:
        root.descriptor = root_descriptor
        self._capacity = capacity
        self._open = 0
        self._idle: OrderedDict[Inode, None] = OrderedDict()

    def folder(self, inode: Inode) -> int:
        """For the next system call; this one and the one asked for before stay open."""
        if inode.descriptor < 0:
            self._open_folder(inode)
        elif inode in self._idle:
            self._idle.move_to_end(inode)
        return inode.descriptor

    def file(self, inode: Inode) -> int:
        """The descriptor of a regular file, idle unless it is held."""
        if inode.descriptor < 0:
            folder, name = first_link(inode)
            # Not blocking: should a FIFO have taken the file's place behind our back, its open must not wait.
            self._keep(inode, os.open(name, FILE | os.O_NONBLOCK, dir_fd=self.folder(folder)))
        elif inode in self._idle:
            self._idle.move_to_end(inode)
        return inode.descriptor

    def hold(self, inode: Inode) -> None:
        """At the first open of a file: its descriptor stays until let_go."""
        self.require_room()
        self.file(inode)
        self._idle.pop(inode, None)

    def require_room(self) -> None:
        """Raises ENFILE if no more files can be held open."""
        if self._open - len(self._idle) >= self._capacity:
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    def let_go(self, inode: Inode) -> None:
        """At the last close of a file that still has a name."""
        self._idle[inode] = None
        self._evict()

    def adopt(self, inode: Inode, descriptor: int) -> None:
        """Takes over a descriptor just opened, in place of the one there was. Idle or held as before."""
        if inode.descriptor >= 0:
            os.close(inode.descriptor)
            inode.descriptor = descriptor
        else:
            self._keep(inode, descriptor)

    def close(self, inode: Inode) -> None:
        """Of an inode that nobody has open; frees the space of a file without a name."""
        if inode.descriptor >= 0:
            os.close(inode.descriptor)
            inode.descriptor = -1
            self._open -= 1
            self._idle.pop(inode, None)

    def _open_folder(self, inode: Inode) -> None:
        """Walks down from the nearest open folder above. Keeps only the last, so that any two in a row fit."""
        missing = []
        folder = inode
        while folder.descriptor < 0:
            folder, name = first_link(folder)
            missing.append(name)
        above = os.dup(folder.descriptor)
        for name in reversed(missing):
            try:
                below = os.open(name, FOLDER, dir_fd=above)
            finally:
                os.close(above)
            above = below
        self._keep(inode, above)

    def _keep(self, inode: Inode, descriptor: int) -> None:
        inode.descriptor = descriptor
        self._open += 1
        self._idle[inode] = None
        self._evict()

    def _evict(self) -> None:
        """Spares the two newest: one system call needs as many."""
        while len(self._idle) > IDLE_DESCRIPTORS or (self._open > self._capacity and len(self._idle) > 2):
            oldest = next(iter(self._idle))
            self.close(oldest)


def first_link(inode: Inode) -> tuple[Inode, bytes]:
    if not inode.links:
        raise OSError(errno.ESTALE, "the file has been removed")
    return inode.links[0]


def raise_descriptor_limit() -> int:
    """As high as allowed; answers how many the tree may keep open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(SPARE_DESCRIPTORS, hard - SPARE_DESCRIPTORS)


def change_mode(name: bytes, mode: int, *, folder: int) -> None:
    """Of anything but a symbolic link, without following one that took the name."""
    descriptor = os.open(name, ANYTHING, dir_fd=folder)
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", mode)
    finally:
        os.close(descriptor)


def exchange(name: bytes, new_name: bytes, *, folder: int, new_folder: int) -> None:
    call(libc.renameat2, folder, name, new_folder, new_name, RENAME_EXCHANGE)
