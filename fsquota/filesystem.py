"""The filesystem itself: what each operation does to the backing tree, the inode table and the ledger. Knows no FUSE.

Every operation charges first, then changes the backing tree, then the table, and is atomic: it is one plain call on the
one serving thread. It raises OSError, or Full where a limit is in the way, and then nothing has changed.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from fsquota import backing, extended
from fsquota.backing import Descriptors, first_link
from fsquota.changes import Changes
from fsquota.ledger import Full, Ledger, charged_bytes
from fsquota.tree import Inode, Tree

SET_ID_BITS = stat.S_ISUID | stat.S_ISGID
NAME_BYTES = 255
READ_AHEAD_BYTES = 512 * 1024


class Caller(NamedTuple):
    """Whose request it is; the kernel has checked the permissions."""

    uid: int
    gid: int


@dataclass(slots=True, eq=False)
class Handle:
    """One open file description."""

    inode: Inode
    written: bool = False


class AttributeChange(NamedTuple):
    """What is None stays as it is."""

    byte_size: int | None = None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    accessed_ns: int | None = None
    modified_ns: int | None = None


class Filesystem:
    def __init__(self, tree: Tree, ledger: Ledger, descriptors: Descriptors, changes: Changes) -> None:
        self.tree = tree
        self.ledger = ledger
        self.descriptors = descriptors
        self.changes = changes
        self._ourselves = Caller(os.geteuid(), os.getegid())
        self._read_since = False
        """Since the disk was last told of a file that is about to be read."""

    # --- names ---

    def lookup(self, folder: Inode, name: bytes) -> Inode | None:
        if len(name) > NAME_BYTES:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return folder.names.get(name)

    def create_file(self, folder: Inode, name: bytes, *, mode: int, caller: Caller) -> Handle:
        # Before the file is made: the kernel takes a failed create for a name that does not exist.
        self.descriptors.require_room()
        parent = self._place_for(folder, name)
        with self.ledger.charged(0, files=1):
            descriptor = os.open(name, backing.NEW_FILE, stat.S_IMODE(mode), dir_fd=parent)
            try:
                self._give(folder, name, mode=mode, caller=caller)
                found = os.fstat(descriptor)
            except OSError:
                os.close(descriptor)
                os.unlink(name, dir_fd=parent)
                raise
        inode = self._enter(folder, name, found)
        self.descriptors.adopt(inode, descriptor)
        return self.open(inode)

    def make_node(self, folder: Inode, name: bytes, *, mode: int, caller: Caller) -> Inode:
        """An ordinary file, a FIFO or a socket."""
        if stat.S_IFMT(mode) not in (stat.S_IFREG, stat.S_IFIFO, stat.S_IFSOCK):
            raise PermissionError(errno.EPERM, "device nodes are not supported")
        parent = self._place_for(folder, name)
        with self.ledger.charged(0, files=1):
            os.mknod(name, mode, dir_fd=parent)
            return self._settle(folder, name, mode=mode, caller=caller, undo=os.unlink)

    def make_folder(self, folder: Inode, name: bytes, *, mode: int, caller: Caller) -> Inode:
        parent = self._place_for(folder, name)
        with self.ledger.charged(0, files=1):
            os.mkdir(name, stat.S_IMODE(mode), dir_fd=parent)
            return self._settle(folder, name, mode=mode & ~SET_ID_BITS, caller=caller, undo=os.rmdir)

    def make_symlink(self, folder: Inode, name: bytes, *, target: bytes, caller: Caller) -> Inode:
        parent = self._place_for(folder, name)
        with self.ledger.charged(0, files=1):
            os.symlink(target, name, dir_fd=parent)
            return self._settle(folder, name, mode=stat.S_IFLNK, caller=caller, undo=os.unlink)

    def link(self, inode: Inode, folder: Inode, name: bytes) -> None:
        # A name costs no inode, but memory here and in the backing tree: there may be as many as there may be inodes.
        if self.tree.extra_names >= self.ledger.limit_files:
            raise Full(needed_bytes=0, needed_files=1, usage=self.ledger.usage)
        require_present(inode, folder)
        source_folder, source_name = first_link(inode)
        os.link(
            source_name,
            name,
            src_dir_fd=self.descriptors.folder(source_folder),
            dst_dir_fd=self.descriptors.folder(folder),
            follow_symlinks=False,
        )
        self.tree.add_name(inode, folder, name)
        inode.stale = folder.stale = True
        self.changes.add("created", self._path(folder, name))

    def unlink(self, folder: Inode, name: bytes) -> None:
        require_present(folder)
        self.remove(folder, name, os.unlink)

    def remove_folder(self, folder: Inode, name: bytes) -> None:
        require_present(folder)
        self.remove(folder, name, os.rmdir)

    def remove(self, folder: Inode, name: bytes, remove: Callable[..., None]) -> None:
        self.tree.child(folder, name)
        path = self._path(folder, name)
        remove(name, dir_fd=self.descriptors.folder(folder))
        self._forget_name(folder, name)
        folder.stale = True
        self.changes.add("removed", path)

    def rename(self, folder: Inode, name: bytes, new_folder: Inode, new_name: bytes, *, replace: bool = True) -> None:
        require_present(folder, new_folder)
        inode = self.tree.child(folder, name)
        replaced = new_folder.names.get(new_name)
        if replaced is not None and not replace:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        if replaced is inode:
            return  # rename(2): two names of one file, nothing happens
        path, destination = self._path(folder, name), self._path(new_folder, new_name)
        source, target = self.descriptors.folder(folder), self.descriptors.folder(new_folder)
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)
        if replaced is not None:
            self._forget_name(new_folder, new_name)
        self.tree.remove_name(folder, name)
        self.tree.add_name(inode, new_folder, new_name)
        inode.stale = folder.stale = new_folder.stale = True
        self.changes.add("renamed", path, destination)

    def exchange(self, folder: Inode, name: bytes, new_folder: Inode, new_name: bytes) -> None:
        require_present(folder, new_folder)
        inode, other = self.tree.child(folder, name), self.tree.child(new_folder, new_name)
        if inode is other:
            return
        source, target = self.descriptors.folder(folder), self.descriptors.folder(new_folder)
        backing.exchange(name, new_name, folder=source, new_folder=target)
        self.tree.remove_name(folder, name)
        self.tree.remove_name(new_folder, new_name)
        self.tree.add_name(inode, new_folder, new_name)
        self.tree.add_name(other, folder, name)
        inode.stale = other.stale = folder.stale = new_folder.stale = True
        for changed in {folder, new_folder}:
            self.changes.rescan(self._folder_path(changed))

    def read_link(self, inode: Inode) -> bytes:
        if inode.target is None:
            folder, name = first_link(inode)
            inode.target = os.readlink(name, dir_fd=self.descriptors.folder(folder))
        return inode.target

    # --- content ---

    def open(self, inode: Inode, *, truncate: bool = False) -> Handle:
        if inode.is_folder:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        require_present(inode)
        if not inode.opens:
            self.descriptors.hold(inode)
        inode.opens += 1
        handle = Handle(inode)
        if truncate:
            try:
                self._truncate(inode, 0)
            except OSError:
                self.release(handle)
                raise
            handle.written = True
        return handle

    def release(self, handle: Handle) -> None:
        inode = handle.inode
        inode.opens -= 1
        if handle.written:
            self._announce("written", inode)
        if inode.opens:
            return
        if inode.links:
            self.descriptors.let_go(inode)
        else:
            self._free(inode)

    def expect_reading(self, inode: Inode) -> None:
        """Of an open file. The disk begins while the program is still between its open and its first read.

        Only where the files before were read here as well: while the kernel has their content, only opens are seen."""
        if self._read_since:
            self._read_since = False
            os.posix_fadvise(inode.descriptor, 0, READ_AHEAD_BYTES, os.POSIX_FADV_WILLNEED)

    def read(self, handle: Handle, offset: int, size_bytes: int) -> bytes:
        self._read_since = True
        return os.pread(handle.inode.descriptor, size_bytes, offset)

    def write(self, handle: Handle, offset: int, data: bytes) -> int:
        """Writes what fits and answers how much that was; raises Full if not one byte fits."""
        inode = handle.inode
        extends = offset + len(data) > inode.byte_size
        room = self._room(inode, offset, len(data)) if extends else len(data)
        if room < len(data):  # a slice is a copy, of the whole as well
            data = data[:room]
        if inode.mode & SET_ID_BITS:
            self._strip_set_id_bits(inode)
        written = self._extend(inode, offset, data) if extends else os.pwrite(inode.descriptor, data, offset)
        inode.stale = handle.written = True
        self.changes.counter.add()
        return written

    @contextmanager
    def descriptor_to_sync(self, inode: Inode) -> Iterator[int]:
        """A copy, for another thread: the table's own may be replaced or closed meanwhile."""
        descriptor = os.dup(self.descriptors.folder(inode) if inode.is_folder else inode.descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    # --- attributes ---

    def refresh(self, inode: Inode) -> None:
        """Reads the attributes again if they may have changed."""
        if not inode.stale:
            return
        byte_size = inode.byte_size
        if inode.descriptor >= 0:
            inode.take_attributes(os.fstat(inode.descriptor))
        elif inode.links:
            folder, name = inode.links[0]
            found = os.stat(name, dir_fd=self.descriptors.folder(folder), follow_symlinks=False)
            inode.take_attributes(found)
        else:
            inode.link_count = 0
            inode.settle()
        if inode.is_file:
            inode.byte_size = byte_size  # what is charged is what counts

    def change_attributes(self, inode: Inode, change: AttributeChange, handle: Handle | None) -> None:
        require_present(inode)
        if change.byte_size is not None:
            self._truncate(inode, change.byte_size)
            if handle is None:
                self._announce("written", inode)
            else:
                handle.written = True
        if (change.uid, change.gid, change.mode, change.accessed_ns, change.modified_ns) != (None,) * 5:
            if inode.is_file or inode.is_folder:
                self._change_through_descriptor(inode, change)
            else:
                self._change_by_name(inode, change)
            self._announce("attributes", inode)
        inode.stale = True
        self.changes.counter.add()
        self.refresh(inode)

    # --- extended attributes, charged by whole blocks for what their names and values take ---

    def extended_attribute(self, inode: Inode, name: bytes) -> bytes:
        self._require_extended(inode, name)
        if not inode.extended_bytes:
            raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))
        return os.getxattr(self._descriptor(inode), name)

    def extended_attributes(self, inode: Inode) -> list[bytes]:
        if not inode.extended_bytes:
            return []
        return extended.names(self._descriptor(inode))

    def set_extended_attribute(self, inode: Inode, name: bytes, value: bytes) -> None:
        self._require_extended(inode, name)
        descriptor = self._descriptor(inode)
        kept = extended.sizes(descriptor) if inode.extended_bytes else {}
        kept[name] = len(name) + len(value)
        self._change_extended(inode, sum(kept.values()), lambda: os.setxattr(descriptor, name, value))

    def remove_extended_attribute(self, inode: Inode, name: bytes) -> None:
        self._require_extended(inode, name)
        descriptor = self._descriptor(inode)
        kept = extended.sizes(descriptor) if inode.extended_bytes else {}
        if kept.pop(name, None) is None:
            raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))
        self._change_extended(inode, sum(kept.values()), lambda: os.removexattr(descriptor, name))

    # --- within ---

    def _room(self, inode: Inode, offset: int, size_bytes: int) -> int:
        """How many bytes of a write fit. Raises Full if that is none."""
        room = min(size_bytes, self.ledger.largest_size(inode.byte_size) - offset)
        if room <= 0:
            needed = charged_bytes(offset + size_bytes) - inode.content_charge
            raise Full(needed_bytes=needed, needed_files=0, usage=self.ledger.usage)
        return room

    def _extend(self, inode: Inode, offset: int, data: bytes) -> int:
        """A write that goes beyond the end of the file, and fits."""
        charge = charged_bytes(inode.byte_size)
        growth = charged_bytes(offset + len(data)) - charge
        with self.ledger.charged(growth):
            written = os.pwrite(inode.descriptor, data, offset)
        if written < len(data):  # the backing filesystem may take less than we allowed
            self.ledger.release(growth - max(0, charged_bytes(offset + written) - charge))
        inode.byte_size = max(inode.byte_size, offset + written)
        return written

    @staticmethod
    def _require_extended(inode: Inode, name: bytes) -> None:
        if not name.startswith(extended.PREFIX) or not (inode.is_file or inode.is_folder):
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    def _descriptor(self, inode: Inode) -> int:
        return self.descriptors.folder(inode) if inode.is_folder else self.descriptors.file(inode)

    def _change_extended(self, inode: Inode, size_bytes: int, act: Callable[[], None]) -> None:
        require_present(inode)
        growth = charged_bytes(size_bytes) - charged_bytes(inode.extended_bytes)
        with self.ledger.charged(max(0, growth)):
            act()
        self.ledger.release(max(0, -growth))
        inode.extended_bytes = size_bytes
        inode.stale = True
        self._announce("attributes", inode)

    def _place_for(self, folder: Inode, name: bytes) -> int:
        """The descriptor of the folder in which something of this name is to be made."""
        require_present(folder)
        if name in folder.names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        return self.descriptors.folder(folder)

    def _settle(self, folder: Inode, name: bytes, *, mode: int, caller: Caller, undo: Callable[..., None]) -> Inode:
        """Gives what was just made its owner and its place in the table; takes it away again if that fails."""
        parent = self.descriptors.folder(folder)
        try:
            self._give(folder, name, mode=mode, caller=caller)
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except OSError:
            undo(name, dir_fd=parent)
            raise
        return self._enter(folder, name, found)

    def _give(self, folder: Inode, name: bytes, *, mode: int, caller: Caller) -> None:
        """What was just made belongs to who made it."""
        owner = Caller(caller.uid, folder.gid) if folder.mode & stat.S_ISGID else caller
        if owner == self._ourselves:
            return
        parent = self.descriptors.folder(folder)
        os.chown(name, owner.uid, owner.gid, dir_fd=parent, follow_symlinks=False)
        if mode & SET_ID_BITS:  # chown(2) clears them
            backing.change_mode(name, stat.S_IMODE(mode), folder=parent)

    def _enter(self, folder: Inode, name: bytes, found: os.stat_result) -> Inode:
        inode = self.tree.add(folder, name, found)
        folder.stale = True
        self.changes.add("created", self._path(folder, name))
        return inode

    def _forget_name(self, folder: Inode, name: bytes) -> None:
        inode = self.tree.remove_name(folder, name)
        inode.stale = True
        if not (inode.links or inode.opens):
            self._free(inode)

    def _free(self, inode: Inode) -> None:
        """Gives back what an inode without name and open handle was charged."""
        self.descriptors.close(inode)
        if not inode.aside:
            self.ledger.release(inode.charge, files=1)
        self.tree.drop_if_unused(inode)

    def _truncate(self, inode: Inode, byte_size: int) -> None:
        descriptor = self.descriptors.file(inode)
        growth = charged_bytes(byte_size) - inode.content_charge
        with self.ledger.charged(max(0, growth)):
            os.ftruncate(descriptor, byte_size)
        self.ledger.release(max(0, -growth))
        if inode.mode & SET_ID_BITS:
            self._strip_set_id_bits(inode)
        inode.byte_size = byte_size
        inode.stale = True

    def _strip_set_id_bits(self, inode: Inode) -> None:
        """As the kernel does on a write. It leaves set-group-id alone where that stands for mandatory locking."""
        mode = inode.mode & ~stat.S_ISUID
        if mode & stat.S_IXGRP:
            mode &= ~stat.S_ISGID
        if mode != inode.mode:
            os.fchmod(self.descriptors.file(inode), stat.S_IMODE(mode))
            inode.mode = mode
            inode.stale = True

    def _change_through_descriptor(self, inode: Inode, change: AttributeChange) -> None:
        descriptor = self._descriptor(inode)
        if change.uid is not None or change.gid is not None:
            os.fchown(descriptor, unless_none(change.uid, -1), unless_none(change.gid, -1))
        if change.mode is not None:
            os.fchmod(descriptor, stat.S_IMODE(change.mode))
        if change.accessed_ns is not None or change.modified_ns is not None:
            os.utime(descriptor, ns=self._times(change, lambda: os.fstat(descriptor)))

    def _change_by_name(self, inode: Inode, change: AttributeChange) -> None:
        """Links, FIFOs and sockets have no descriptor that fchmod takes."""
        first, name = first_link(inode)
        folder = self.descriptors.folder(first)
        if change.uid is not None or change.gid is not None:
            uid, gid = unless_none(change.uid, -1), unless_none(change.gid, -1)
            os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=False)
        if change.mode is not None:
            backing.change_mode(name, stat.S_IMODE(change.mode), folder=folder)
        if change.accessed_ns is not None or change.modified_ns is not None:
            times = self._times(change, lambda: os.stat(name, dir_fd=folder, follow_symlinks=False))
            os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)

    @staticmethod
    def _times(change: AttributeChange, present: Callable[[], os.stat_result]) -> tuple[int, int]:
        if change.accessed_ns is not None and change.modified_ns is not None:
            return change.accessed_ns, change.modified_ns
        found = present()
        return (
            unless_none(change.accessed_ns, found.st_atime_ns),
            unless_none(change.modified_ns, found.st_mtime_ns),
        )

    def _announce(self, kind: str, inode: Inode) -> None:
        if self.changes.wanted:
            for path in self.tree.paths(inode):
                self.changes.add(kind, path)

    def _path(self, folder: Inode, name: bytes) -> bytes | None:
        """For a change to announce; None when nobody listens, as walking up costs time."""
        return self.tree.path(folder, name) if self.changes.wanted else None

    def _folder_path(self, folder: Inode) -> bytes | None:
        return self._path(*folder.links[0]) if folder.links else b""


def require_present(*inodes: Inode) -> None:
    """Raises ENOENT for what has been set aside, which programs may still reach from a folder they hold open."""
    for inode in inodes:
        if inode.aside:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def unless_none(value: int | None, default: int) -> int:
    return default if value is None else value
