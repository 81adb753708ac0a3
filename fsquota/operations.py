"""The FUSE edge: the only module that knows pyfuse3. Turns requests into calls of Filesystem and errors into errno."""

import errno
import functools
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar, TypeVarTuple

import pyfuse3
from pyfuse3 import EntryAttributes, FileInfo, FUSEError, ReaddirToken, RequestContext, SetattrFields, StatvfsData

from fsquota.backing import RENAME_EXCHANGE
from fsquota.filesystem import NAME_BYTES, AttributeChange, Caller, Filesystem, Handle
from fsquota.ledger import BLOCK_BYTES, Full
from fsquota.placement import Placement
from fsquota.tree import Inode
from fsquota.worker import Job

# The kernel may keep what it knows: nobody else writes the backing tree, and what replace changes is invalidated.
KEEP_SECONDS = 86400.0
RENAME_NOREPLACE = 1
CAPABILITY = b"security.capability"

# Handles and listings are memory of ours that a program can ask for without end.
MOST_HANDLES = 100_000
MOST_LISTED_NAMES = 500_000

Arguments = TypeVarTuple("Arguments")
Answer = TypeVar("Answer")


def request(
    handle: Callable[["Operations", *Arguments], Answer],
) -> Callable[["Operations", *Arguments], Coroutine[Any, Any, Answer]]:
    """A handler for pyfuse3 from a plain method. It never awaits, so it is done before another begins."""

    @functools.wraps(handle)
    async def answer(self: "Operations", *arguments: *Arguments) -> Answer:
        try:
            return handle(self, *arguments)
        except (OSError, Full) as error:
            raise refusal(error) from error

    return answer


def refusal(error: OSError | Full) -> FUSEError:
    return FUSEError(errno.ENOSPC if isinstance(error, Full) else error.errno or errno.EIO)


class Operations(pyfuse3.Operations):
    """What is not here (access, poll) pyfuse3 answers with ENOSYS; flush too, so that the kernel stops asking and a
    close costs no round trip.

    `in_background` does what may block while other requests are answered."""

    supports_dot_lookup = False

    def __init__(
        self, filesystem: Filesystem, in_background: Callable[[Job], Awaitable[None]], placement: Placement
    ) -> None:
        super().__init__()
        self._placement = placement
        self._in_background = in_background
        self._filesystem = filesystem
        self._tree = filesystem.tree
        self._handles: dict[int, Handle] = {}
        self._listings: dict[int, list[bytes]] = {}
        self._listed_names = 0
        self._folders: dict[int, Inode] = {}
        self._next_handle = 0

    # --- names ---

    @request
    def lookup(self, parent: int, name: bytes, context: RequestContext) -> EntryAttributes:
        self._placement.caller = context.pid
        inode = self._filesystem.lookup(self._tree.inode(parent), name)
        return missing_entry() if inode is None else self._entry(inode)

    async def forget(self, inodes: Sequence[tuple[int, int]]) -> None:
        for number, lookups in inodes:
            inode = self._tree.inode(number)
            inode.lookups -= lookups
            if not inode.lookups:
                inode.reply = None
            self._tree.drop_if_unused(inode)

    @request
    def create(
        self, parent: int, name: bytes, mode: int, flags: int, context: RequestContext
    ) -> tuple[FileInfo, EntryAttributes]:
        self._require_room()
        folder = self._tree.inode(parent)
        handle = self._filesystem.create_file(folder, name, mode=mode, caller=caller(context))
        return self._opened(handle), self._entry(handle.inode)

    @request
    def mknod(self, parent: int, name: bytes, mode: int, rdev: int, context: RequestContext) -> EntryAttributes:
        folder = self._tree.inode(parent)
        return self._entry(self._filesystem.make_node(folder, name, mode=mode, caller=caller(context)))

    @request
    def mkdir(self, parent: int, name: bytes, mode: int, context: RequestContext) -> EntryAttributes:
        folder = self._tree.inode(parent)
        return self._entry(self._filesystem.make_folder(folder, name, mode=mode, caller=caller(context)))

    @request
    def symlink(self, parent: int, name: bytes, target: bytes, context: RequestContext) -> EntryAttributes:
        folder = self._tree.inode(parent)
        return self._entry(self._filesystem.make_symlink(folder, name, target=target, caller=caller(context)))

    @request
    def link(self, number: int, new_parent: int, new_name: bytes, _: RequestContext) -> EntryAttributes:
        inode = self._tree.inode(number)
        self._filesystem.link(inode, self._tree.inode(new_parent), new_name)
        return self._entry(inode)

    @request
    def unlink(self, parent: int, name: bytes, _: RequestContext) -> None:
        self._filesystem.unlink(self._tree.inode(parent), name)

    @request
    def rmdir(self, parent: int, name: bytes, _: RequestContext) -> None:
        self._filesystem.remove_folder(self._tree.inode(parent), name)

    @request
    def rename(self, parent: int, name: bytes, new_parent: int, new_name: bytes, flags: int, _: RequestContext) -> None:
        folder, new_folder = self._tree.inode(parent), self._tree.inode(new_parent)
        if flags == RENAME_EXCHANGE:
            self._filesystem.exchange(folder, name, new_folder, new_name)
        elif flags in (0, RENAME_NOREPLACE):
            self._filesystem.rename(folder, name, new_folder, new_name, replace=not flags)
        else:
            raise OSError(errno.EINVAL, f"rename flags {flags:#x} are not supported")

    @request
    def readlink(self, number: int, _: RequestContext) -> bytes:
        return self._filesystem.read_link(self._tree.inode(number))

    # --- content ---

    @request
    def open(self, number: int, flags: int, context: RequestContext) -> FileInfo:
        self._placement.caller = context.pid
        self._require_room()
        handle = self._filesystem.open(self._tree.inode(number), truncate=bool(flags & os.O_TRUNC))
        if flags & os.O_ACCMODE == os.O_RDONLY:
            self._filesystem.expect_reading(handle.inode)
        return self._opened(handle)

    @request
    def read(self, number: int, offset: int, size_bytes: int) -> bytes:
        return self._filesystem.read(self._handles[number], offset, size_bytes)

    @request
    def write(self, number: int, offset: int, data: bytes) -> int:
        return self._filesystem.write(self._handles[number], offset, data)

    @request
    def release(self, number: int) -> None:
        self._filesystem.release(self._handles.pop(number))

    async def fsync(self, number: int, data_only: bool) -> None:
        await self._sync(self._handles[number].inode, os.fdatasync if data_only else os.fsync)

    # --- folders ---

    @request
    def opendir(self, number: int, _: RequestContext) -> int:
        self._require_room()
        self._next_handle += 1
        self._folders[self._next_handle] = self._tree.inode(number)
        return self._next_handle

    @request
    def readdir(self, number: int, offset: int, token: ReaddirToken) -> None:
        """An offset is a position in the names as they were when the reading began, so it stays good while names come
        and go; those gone meanwhile are left out."""
        folder = self._folders[number]
        if offset == 0:
            self._list(number, folder)
        names = self._listings[number]
        for position in range(offset, len(names)):
            inode = listed(folder, names[position])
            if inode is None:
                continue
            if not pyfuse3.readdir_reply(token, names[position], self._attributes(inode), position + 1):
                return
            if names[position] not in (b".", b".."):  # on these the kernel takes no reference
                inode.lookups += 1

    @request
    def releasedir(self, number: int) -> None:
        self._folders.pop(number)
        self._listed_names -= len(self._listings.pop(number, ()))

    async def fsyncdir(self, number: int, _: bool) -> None:
        await self._sync(self._folders[number], os.fsync)

    # --- attributes ---

    @request
    def getattr(self, number: int, context: RequestContext) -> EntryAttributes:
        self._placement.caller = context.pid
        return self._attributes(self._tree.inode(number))

    @request
    def setattr(
        self, number: int, wanted: EntryAttributes, fields: SetattrFields, handle: int | None, _: RequestContext
    ) -> EntryAttributes:
        inode = self._tree.inode(number)
        change = AttributeChange(
            byte_size=wanted.st_size if fields.update_size else None,
            mode=wanted.st_mode if fields.update_mode else None,
            uid=wanted.st_uid if fields.update_uid else None,
            gid=wanted.st_gid if fields.update_gid else None,
            accessed_ns=wanted.st_atime_ns if fields.update_atime else None,
            modified_ns=wanted.st_mtime_ns if fields.update_mtime else None,
        )
        self._filesystem.change_attributes(inode, change, None if handle is None else self._handles.get(handle))
        return self._attributes(inode)

    @request
    def getxattr(self, number: int, name: bytes, _: RequestContext) -> bytes:
        if name == CAPABILITY:  # asked for before the first write to each file
            raise FUSEError(errno.EOPNOTSUPP)
        return self._filesystem.extended_attribute(self._tree.inode(number), name)

    @request
    def setxattr(self, number: int, name: bytes, value: bytes, _: RequestContext) -> None:
        self._filesystem.set_extended_attribute(self._tree.inode(number), name, value)

    @request
    def listxattr(self, number: int, _: RequestContext) -> list[bytes]:
        return self._filesystem.extended_attributes(self._tree.inode(number))

    @request
    def removexattr(self, number: int, name: bytes, _: RequestContext) -> None:
        self._filesystem.remove_extended_attribute(self._tree.inode(number), name)

    @request
    def statfs(self, _: RequestContext) -> StatvfsData:
        ledger = self._filesystem.ledger
        found = StatvfsData()
        found.f_bsize = found.f_frsize = BLOCK_BYTES
        found.f_blocks = ledger.limit_bytes // BLOCK_BYTES
        found.f_bfree = found.f_bavail = ledger.free_bytes // BLOCK_BYTES
        found.f_files = ledger.limit_files
        found.f_ffree = found.f_favail = ledger.free_files
        found.f_namemax = NAME_BYTES
        return found

    # --- within ---

    async def _sync(self, inode: Inode, sync: Callable[[int], None]) -> None:
        try:
            with self._filesystem.descriptor_to_sync(inode) as descriptor:
                await self._in_background(lambda: sync(descriptor))
        except OSError as error:
            raise refusal(error) from error

    def _require_room(self) -> None:
        if len(self._handles) + len(self._folders) >= MOST_HANDLES:
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    def _list(self, number: int, folder: Inode) -> None:
        """Keeps the names as they are now. One listing is always allowed, however large the folder."""
        self._listed_names -= len(self._listings.pop(number, ()))
        if self._listings and self._listed_names + len(folder.names) > MOST_LISTED_NAMES:
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))
        self._listings[number] = [b".", b"..", *folder.names]
        self._listed_names += len(self._listings[number])

    def _opened(self, handle: Handle) -> FileInfo:
        self._next_handle += 1
        self._handles[self._next_handle] = handle
        return FileInfo(fh=self._next_handle, keep_cache=True)

    def _entry(self, inode: Inode) -> EntryAttributes:
        """For a reply by which the kernel takes a reference."""
        attributes = self._attributes(inode)
        inode.lookups += 1
        return attributes

    def _attributes(self, inode: Inode) -> EntryAttributes:
        if inode.stale:
            self._filesystem.refresh(inode)
        if isinstance(inode.reply, EntryAttributes):
            return inode.reply
        inode.reply = found = EntryAttributes()
        found.st_ino = inode.number
        found.entry_timeout = found.attr_timeout = KEEP_SECONDS
        found.st_mode = inode.mode
        found.st_nlink = inode.link_count
        found.st_uid = inode.uid
        found.st_gid = inode.gid
        found.st_rdev = inode.rdev
        found.st_size = inode.byte_size
        found.st_blocks = inode.charge // 512
        found.st_atime_ns = inode.accessed_ns
        found.st_mtime_ns = inode.modified_ns
        found.st_ctime_ns = inode.changed_ns
        return found


def listed(folder: Inode, name: bytes) -> Inode | None:
    if name == b".":
        return folder
    if name == b"..":
        return folder.links[0][0] if folder.links else folder
    return folder.names.get(name)


def missing_entry() -> EntryAttributes:
    """Tells the kernel to remember that there is no such name."""
    found = EntryAttributes()
    found.st_ino = 0
    found.entry_timeout = KEEP_SECONDS
    return found


def caller(context: RequestContext) -> Caller:
    return Caller(context.uid, context.gid)
