"""Replaces a file's content by a staged file: atomically, charged by the difference, under the same inode number."""

import os
import stat
import time
from dataclasses import dataclass

from fsquota import extended
from fsquota.filesystem import Filesystem
from fsquota.ledger import Full, charged_bytes
from fsquota.tree import Inode

STAGED = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Version:
    """What a writer has read: the file is to be replaced only while it is still this."""

    modified_ns: int
    byte_size: int


class Changed(Exception):
    """The file is no longer what the writer expected."""

    def __init__(self, version: Version) -> None:
        super().__init__(
            f"the file has changed: it now has {version.byte_size} bytes and was modified at {version.modified_ns} ns"
        )
        self.version = version


class Missing(Exception):
    """There is no such file to replace, or none such staged."""


class Staging:
    """A folder of the backing filesystem, outside the tree, in which new content is prepared by someone else."""

    def __init__(self, filesystem: Filesystem, descriptor: int) -> None:
        self._filesystem = filesystem
        self._descriptor = descriptor

    def empty(self) -> None:
        """What was staged before a crash belongs to nobody."""
        for name in os.listdir(self._descriptor):
            os.unlink(name, dir_fd=self._descriptor)

    def open(self, staged: str) -> int:
        """Raises Missing unless an ordinary file of this name, with no other, is staged."""
        if staged != os.path.basename(staged) or staged in ("", ".", ".."):
            raise Missing(f"expected the name of a file in the staging folder, got {staged!r}")
        try:
            descriptor = os.open(staged, STAGED, dir_fd=self._descriptor)
        except OSError as error:
            raise Missing(f"no file {staged!r} can be opened in the staging folder: {error.strerror}") from error
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            os.close(descriptor)
            raise Missing(f"expected an ordinary file with one name as {staged!r} in the staging folder")
        return descriptor

    def target(self, number: int) -> Inode:
        try:
            inode = self._filesystem.tree.inode(number)
        except OSError as error:
            raise Missing(f"no file has the inode number {number}") from error
        if not inode.is_file or not inode.links:
            raise Missing(f"inode {number} is not a file with a name")
        return inode

    def check(self, inode: Inode, byte_size: int, expected: Version | None) -> int:
        """How much more than now is to be charged. Raises Changed or Full."""
        self._filesystem.refresh(inode)
        present = Version(inode.modified_ns, inode.byte_size)
        if expected is not None and expected != present:
            raise Changed(present)
        growth = charged_bytes(byte_size) - inode.content_charge
        ledger = self._filesystem.ledger
        if growth > 0 and growth > ledger.free_bytes:
            raise Full(needed_bytes=growth, needed_files=0, usage=ledger.usage)
        return growth

    def commit(self, number: int, staged: str, descriptor: int, expected: Version | None) -> Version:
        """Puts the staged file in the place of each of the target's names and takes the descriptor over.

        Nothing is awaited between the check and the change. Raises Missing, Changed, Full or OSError.
        """
        filesystem = self._filesystem
        inode = self.target(number)
        growth = self.check(inode, os.fstat(descriptor).st_size, expected)
        with filesystem.ledger.charged(max(0, growth)):
            if (inode.uid, inode.gid) != (os.geteuid(), os.getegid()):
                os.fchown(descriptor, inode.uid, inode.gid)
            os.fchmod(descriptor, stat.S_IMODE(inode.mode))
            if inode.extended_bytes:
                extended.copy(filesystem.descriptors.file(inode), descriptor)
            # Not utime's own "now", which ticks every 4 ms: two saves never share a time.
            now = time.time_ns()
            os.utime(descriptor, ns=(now, now))
            self._take_names(inode, staged)
        filesystem.ledger.release(max(0, -growth))
        filesystem.descriptors.adopt(inode, descriptor)
        inode.take_attributes(os.fstat(descriptor))
        for path in filesystem.tree.paths(inode):
            filesystem.changes.add("written", path)
        return Version(inode.modified_ns, inode.byte_size)

    def parent_descriptors(self, number: int) -> list[int]:
        """Copies of the descriptors of the folders to sync after a commit, one per name; to be closed by the caller."""
        inode = self.target(number)
        return [os.dup(self._filesystem.descriptors.folder(folder)) for folder, _ in inode.links]

    def _take_names(self, inode: Inode, staged: str) -> None:
        """Every name is replaced by an atomic rename; all but the last by one of an additional link."""
        *others, (last_folder, last_name) = inode.links
        for position, (folder, name) in enumerate(others):
            extra = f"{staged}.{position}"
            os.link(staged, extra, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            self._rename(extra, folder, name)
        self._rename(staged, last_folder, last_name)

    def _rename(self, staged: str, folder: Inode, name: bytes) -> None:
        os.rename(staged, name, src_dir_fd=self._descriptor, dst_dir_fd=self._filesystem.descriptors.folder(folder))
