"""Reads a backing tree into the inode table, once, at mount. What the scan finds is the truth about the use."""

import os

from fsquota.backing import FOLDER, Descriptors
from fsquota.ledger import Ledger
from fsquota.tree import Inode, Tree


def scan(tree: Tree, descriptors: Descriptors) -> None:
    """Hard links are told by their backing inode numbers, which are one filesystem's: other mounts below are skipped
    nowhere but refused."""
    device = os.fstat(tree.root.descriptor).st_dev
    linked: dict[int, Inode] = {}
    pending = [tree.root]
    while pending:
        folder = pending.pop()
        for name, found in entries(descriptors.folder(folder)):
            if found.st_dev != device:
                path = os.fsdecode(tree.path(folder, name) or b"")
                raise OSError(f"another filesystem is mounted in the backing tree at {path!r}: unmount it first")
            if found.st_ino in linked:
                tree.add_name(linked[found.st_ino], folder, name)
                continue
            inode = tree.add(folder, name, found)
            if inode.is_folder:
                pending.append(inode)
            elif found.st_nlink > 1:
                linked[found.st_ino] = inode


def entries(folder: int) -> list[tuple[bytes, os.stat_result]]:
    # A descriptor of its own, as reading a folder moves the position that all copies of a descriptor share.
    own = os.open(".", FOLDER, dir_fd=folder)
    try:
        with os.scandir(own) as found:
            return [(os.fsencode(entry.name), entry.stat(follow_symlinks=False)) for entry in found]
    finally:
        os.close(own)


def opened_ledger(tree: Tree, *, limit_bytes: int, limit_files: int) -> Ledger:
    """The ledger of a tree just scanned. The root costs nothing: an empty filesystem is empty."""
    inodes = [inode for inode in tree if inode is not tree.root]
    return Ledger(
        limit_bytes=limit_bytes,
        limit_files=limit_files,
        used_bytes=sum(inode.charge for inode in inodes),
        used_files=len(inodes),
    )
