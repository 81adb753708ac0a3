"""The inode table: every file and folder of the tree with its attributes and names, in memory. No system calls."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from fsquota.ledger import charged_bytes

ROOT_NUMBER = 1
# Backing inode numbers stay far below, so a number given out from here never meets one of a later file.
FIRST_FREE_NUMBER = 1 << 48


@dataclass(slots=True, eq=False)
class Inode:
    """A file, folder or link. It lives as long as it has a name, an open handle or the kernel's attention."""

    number: int
    mode: int
    links: list[tuple["Inode", bytes]]
    """Folder and name, once per hard link; empty for the root and for what was removed."""
    children: dict[bytes, "Inode"] | None
    uid: int = 0
    gid: int = 0
    rdev: int = 0
    link_count: int = 1
    byte_size: int = 0
    accessed_ns: int = 0
    modified_ns: int = 0
    changed_ns: int = 0
    extended_bytes: int = 0
    """Names and values of its extended attributes."""
    stale: bool = False
    """Attributes other than byte_size may have changed in the backing tree since they were read."""
    opens: int = 0
    lookups: int = 0
    descriptor: int = -1
    """On the backing file or folder; owned by Descriptors."""
    target: bytes | None = None
    """Of a symbolic link that was read."""
    reply: object | None = None
    """What was answered of these attributes, for the next one who asks; None where they have changed since."""
    aside: bool = False
    """Removed as far as programs can tell, not charged, and perhaps put back; see aside.py."""

    @property
    def is_folder(self) -> bool:
        return self.children is not None

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def content_charge(self) -> int:
        return charged_bytes(self.byte_size) if stat.S_ISREG(self.mode) else 0

    @property
    def charge(self) -> int:
        content = self.content_charge
        return content + charged_bytes(self.extended_bytes) if self.extended_bytes else content

    @property
    def names(self) -> dict[bytes, "Inode"]:
        """The children of a folder."""
        if self.children is None:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return self.children

    def take_attributes(self, found: os.stat_result) -> None:
        self.mode = found.st_mode
        self.uid = found.st_uid
        self.gid = found.st_gid
        self.rdev = found.st_rdev
        self.link_count = found.st_nlink
        self.byte_size = found.st_size
        self.accessed_ns = found.st_atime_ns
        self.modified_ns = found.st_mtime_ns
        self.changed_ns = found.st_ctime_ns
        self.settle()

    def settle(self) -> None:
        """The attributes are what they are in the backing tree."""
        self.stale = False
        self.reply = None


@dataclass(slots=True)
class FolderTotal:
    folder: Inode
    used_bytes: int
    used_files: int


class Tree:
    def __init__(self, root: os.stat_result) -> None:
        self.root = Inode(number=ROOT_NUMBER, mode=root.st_mode, links=[], children={})
        self.root.take_attributes(root)
        self.extra_names = 0
        """Names beyond the first of each inode."""
        self._by_number: dict[int, Inode] = {ROOT_NUMBER: self.root}
        self._next_number = FIRST_FREE_NUMBER

    def __iter__(self) -> Iterator[Inode]:
        return iter(self._by_number.values())

    def inode(self, number: int) -> Inode:
        """Raises ESTALE for a number that is gone: the kernel asks only for what it has looked up."""
        try:
            return self._by_number[number]
        except KeyError:
            raise OSError(errno.ESTALE, f"no inode has the number {number}") from None

    def child(self, folder: Inode, name: bytes) -> Inode:
        try:
            return folder.names[name]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None

    def add(self, folder: Inode, name: bytes, found: os.stat_result) -> Inode:
        """A new inode under its first name. Its number is the backing one's where that is free."""
        children: dict[bytes, Inode] | None = {} if stat.S_ISDIR(found.st_mode) else None
        inode = Inode(number=self._free_number(found.st_ino), mode=found.st_mode, links=[], children=children)
        inode.take_attributes(found)
        self._by_number[inode.number] = inode
        self.add_name(inode, folder, name)
        return inode

    def add_name(self, inode: Inode, folder: Inode, name: bytes) -> None:
        self.extra_names += bool(inode.links)
        inode.links.append((folder, name))
        folder.names[name] = inode

    def remove_name(self, folder: Inode, name: bytes) -> Inode:
        inode = folder.names.pop(name)
        inode.links.remove((folder, name))
        self.extra_names -= bool(inode.links)
        return inode

    def drop_if_unused(self, inode: Inode) -> None:
        if not (inode.links or inode.opens or inode.lookups or inode is self.root):
            self._by_number.pop(inode.number, None)

    def path(self, folder: Inode, name: bytes) -> bytes | None:
        """Relative to the root; None where a folder above has been removed."""
        parts = [name]
        while folder is not self.root:
            if not folder.links:
                return None
            folder, name = folder.links[0]
            parts.append(name)
        return b"/".join(reversed(parts))

    def paths(self, inode: Inode) -> list[bytes]:
        found = (self.path(folder, name) for folder, name in inode.links)
        return [path for path in found if path is not None]

    def folder_totals(self) -> list[FolderTotal]:
        """Every folder but the root with all that is in and below it. A file of several names counts at its first."""
        totals = {self.root: FolderTotal(self.root, 0, 0)}
        folders = [self.root]
        for folder in folders:  # grows as it is walked
            for name, inode in folder.names.items():
                if inode.is_folder:
                    totals[inode] = FolderTotal(inode, 0, 1)
                    folders.append(inode)
                elif inode.links[0] == (folder, name):
                    totals[folder].used_bytes += inode.charge
                    totals[folder].used_files += 1
        for folder in reversed(folders[1:]):  # children before their parents
            above = totals[folder.links[0][0]]
            above.used_bytes += totals[folder].used_bytes
            above.used_files += totals[folder].used_files
        return [totals[folder] for folder in folders[1:]]

    def _free_number(self, wanted: int) -> int:
        if ROOT_NUMBER < wanted < FIRST_FREE_NUMBER and wanted not in self._by_number:
            return wanted
        self._next_number += 1
        return self._next_number
