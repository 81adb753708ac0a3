"""Reads a backing tree into the inode table, once, at mount. What the scan finds is the truth about the use."""

import os
import stat

from fsquota import extended
from fsquota.backing import FOLDER, CannotMount, Descriptors, raise_descriptor_limit
from fsquota.ledger import Ledger
from fsquota.tree import Inode, Tree


def read_tree(root: int) -> tuple[Tree, Descriptors]:
    """The tree below an open folder. Raises CannotMount."""
    tree = Tree(os.fstat(root))
    tree.root.extended_bytes = extended.total_bytes(b"/proc/self/fd/%d/." % root)
    descriptors = Descriptors(tree.root, root, capacity=raise_descriptor_limit())
    try:
        scan(tree, descriptors)
    except OSError as error:
        raise CannotMount(f"the backing tree cannot be read: {error}") from error
    return tree, descriptors


def scan(tree: Tree, descriptors: Descriptors) -> None:
    """Hard links are told by their backing inode numbers, which are one filesystem's: other mounts below are skipped
    nowhere but refused."""
    device = os.fstat(tree.root.descriptor).st_dev
    linked: dict[int, Inode] = {}
    pending = [tree.root]
    while pending:
        folder = pending.pop()
        for name, found, extended_bytes in entries(descriptors.folder(folder)):
            if found.st_dev != device:
                path = os.fsdecode(tree.path(folder, name) or b"")
                raise OSError(f"another filesystem is mounted in the backing tree at {path!r}: unmount it first")
            if found.st_ino in linked:
                tree.add_name(linked[found.st_ino], folder, name)
                continue
            inode = tree.add(folder, name, found)
            inode.extended_bytes = extended_bytes
            if inode.is_folder:
                pending.append(inode)
            elif found.st_nlink > 1:
                linked[found.st_ino] = inode


def entries(folder: int) -> list[tuple[bytes, os.stat_result, int]]:
    """Each name with its attributes and what its extended ones take."""
    # A descriptor of its own, as reading a folder moves the position that all copies of a descriptor share.
    own = os.open(".", FOLDER, dir_fd=folder)
    try:
        with os.scandir(own) as found:
            return [described(own, entry) for entry in found]
    finally:
        os.close(own)


def described(folder: int, entry: "os.DirEntry[str]") -> tuple[bytes, os.stat_result, int]:
    name, status = os.fsencode(entry.name), entry.stat(follow_symlinks=False)
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return name, status, extended.total_bytes(b"/proc/self/fd/%d/%s" % (folder, name))
    return name, status, 0


def opened_ledger(tree: Tree, *, limit_bytes: int, limit_files: int) -> Ledger:
    """The ledger of a tree just scanned. The root is no file of anybody's: an empty filesystem is empty."""
    return Ledger(
        limit_bytes=limit_bytes,
        limit_files=limit_files,
        used_bytes=sum(inode.charge for inode in tree),
        used_files=sum(1 for _ in tree) - 1,
    )
