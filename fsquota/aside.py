"""Takes files and folders out of the filesystem for a while and puts them back: a removal that can be undone.

To programs, what is set aside is removed: it has no path and can neither be opened, changed nor linked again. So its
size cannot change, and it is not charged. A file that a program has open, or that has a name elsewhere, stays charged.
"""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from fsquota.filesystem import NAME_BYTES, Filesystem
from fsquota.replace import Missing
from fsquota.tree import Inode

ROOT_NUMBER = 0  # the kernel never hears of it


class TooLarge(Exception):
    """More than may be set aside; nothing has changed."""

    def __init__(self, *, used_bytes: int, used_files: int) -> None:
        super().__init__(f"{used_bytes} bytes in {used_files} files and folders are more than may be set aside")
        self.used_bytes = used_bytes
        self.used_files = used_files


class Taken(Exception):
    """Something has the name by now."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is set aside, and what putting it back will be charged."""

    key: str
    used_bytes: int
    used_files: int
    inodes: tuple[Inode, ...]


class Aside:
    """A folder of the backing filesystem, outside the tree, and what is in it."""

    def __init__(self, filesystem: Filesystem, descriptor: int) -> None:
        self._filesystem = filesystem
        self._root = Inode(ROOT_NUMBER, stat.S_IFDIR, [], {}, descriptor=descriptor)
        self._kept: dict[str, Kept] = {}

    def empty(self) -> None:
        """What was set aside before a crash nobody knows any more. Folders come up one by one: depth costs nothing."""
        root = self._root.descriptor
        while names := os.listdir(root):
            for name in names:
                try:
                    os.unlink(name, dir_fd=root)
                except IsADirectoryError:
                    _empty_folder(root, name)

    def set_aside(self, number: int, name: bytes, *, most_bytes: int, most_files: int) -> Kept:
        """Raises Missing, TooLarge or OSError."""
        filesystem = self._filesystem
        folder = self._folder(number)
        inode = folder.names.get(name)
        if inode is None:
            raise Missing(f"folder {number} holds no {os.fsdecode(name)!r}")
        settled = tuple(_settled(inode))
        used_bytes = sum(each.charge for each in settled)
        if used_bytes > most_bytes or len(settled) > most_files:
            raise TooLarge(used_bytes=used_bytes, used_files=len(settled))
        kept = Kept(os.urandom(8).hex(), used_bytes, len(settled), settled)
        path = filesystem.tree.path(folder, name)
        self._rename(inode, folder, name, self._root, kept.key.encode())
        for each in settled:
            each.aside = True
        filesystem.ledger.release(used_bytes, files=len(settled))
        filesystem.changes.add("removed", path)
        self._kept[kept.key] = kept
        return kept

    def put_back(self, key: str, number: int, name: bytes) -> None:
        """Raises Missing, Taken, Full or OSError; then it stays aside."""
        filesystem = self._filesystem
        folder, kept = self._folder(number), self._known(key)
        if name in folder.names:
            raise Taken(f"folder {number} holds another {os.fsdecode(name)!r}")
        if len(name) > NAME_BYTES or b"/" in name or name in (b"", b".", b".."):
            raise OSError(errno.EINVAL, f"expected a name, got {os.fsdecode(name)!r}")
        with filesystem.ledger.charged(kept.used_bytes, files=kept.used_files):
            inode = self._root.names[key.encode()]
            self._rename(inode, self._root, key.encode(), folder, name)
        for each in kept.inodes:
            each.aside = False
        filesystem.changes.add("created", filesystem.tree.path(folder, name))
        del self._kept[key]

    def discard(self, key: str) -> Iterator[None]:
        """Removes it name by name, as others may want to be served in between. Raises Missing or OSError."""
        self._known(key)
        del self._kept[key]
        pending = [(self._root, key.encode())]
        while pending:
            folder, name = pending[-1]
            inode = folder.names[name]
            if inode.children:
                pending.extend((inode, child) for child in inode.children)
                continue
            pending.pop()
            self._filesystem.remove(folder, name, os.rmdir if inode.is_folder else os.unlink)
            yield

    def _known(self, key: str) -> Kept:
        try:
            return self._kept[key]
        except KeyError:
            raise Missing(f"nothing is set aside as {key!r}") from None

    def _folder(self, number: int) -> Inode:
        tree = self._filesystem.tree
        try:
            folder = tree.inode(number)
        except OSError as error:
            raise Missing(f"no folder has the inode number {number}") from error
        if not folder.is_folder or folder.aside or not (folder.links or folder is tree.root):
            raise Missing(f"inode {number} is not a folder with a name")
        return folder

    def _rename(self, inode: Inode, folder: Inode, name: bytes, new_folder: Inode, new_name: bytes) -> None:
        filesystem = self._filesystem
        source, target = filesystem.descriptors.folder(folder), filesystem.descriptors.folder(new_folder)
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
        filesystem.tree.remove_name(folder, name)
        filesystem.tree.add_name(inode, new_folder, new_name)
        inode.stale = True
        for changed in (folder, new_folder):
            changed.stale = changed is not self._root


def _settled(top: Inode) -> Iterator[Inode]:
    """Those of `top` and all below it that nobody has open and that have no name elsewhere."""
    names = Counter([top])
    folders = [top] if top.is_folder else []
    for folder in folders:  # grows as it is walked
        for inode in folder.names.values():
            names[inode] += 1
            if inode.is_folder:
                folders.append(inode)
    for inode, count in names.items():
        if count == len(inode.links) and not inode.opens:
            yield inode


def _empty_folder(root: int, name: str) -> None:
    """Removes a folder of `root` after its files; the folders in it become folders of `root`."""
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)
    try:
        for inner in os.listdir(folder):
            try:
                os.unlink(inner, dir_fd=folder)
            except IsADirectoryError:
                os.rename(inner, f"{name[:16]}-{os.urandom(8).hex()}", src_dir_fd=folder, dst_dir_fd=root)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=root)
