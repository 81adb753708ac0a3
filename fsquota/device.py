"""The kernel's end of a mount: made and taken away, and the first exchange with it, in which both say what they can."""

import ctypes
import errno
import os
import select
import socket
import stat
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fsquota.backing import CannotMount, call, libc

NOSUID, NODEV, NOATIME, SHARED, DETACH = 2, 4, 1024, 1 << 20, 2

# <linux/fuse.h>: after a header, of 40 bytes in a request and 16 in a reply, the fourth number has the flags.
FLAGS_OFFERED = 40 + 12
FLAGS_TAKEN = 16 + 12
AUTO_INVAL_DATA, CACHE_SYMLINKS, HANDLE_KILLPRIV_V2 = 1 << 12, 1 << 23, 1 << 28
MESSAGE_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """shared: where a copy of the mountpoint is a slave mount, in a container, this mount appears as well."""

    mountpoint: Path
    name: str
    allow_other: bool
    shared: bool


def attach(place: Place) -> int:
    """Mounts and answers the device's descriptor. Raises CannotMount."""
    try:
        return attach_directly(place) if os.geteuid() == 0 else attach_by_helper(place)
    except OSError as error:
        raise CannotMount(
            f"{place.mountpoint} cannot be mounted: {error.strerror}; it must be an empty folder, and "
            "/dev/fuse and the right to mount (root, or fusermount3) are needed"
        ) from error


def attach_directly(place: Place) -> int:
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode={stat.S_IFDIR:o},user_id=0,group_id=0,default_permissions"
    options += ",allow_other" if place.allow_other else ""
    try:
        mount(place.name, place.mountpoint, kind="fuse.fsquota", flags=NOSUID | NODEV | NOATIME, options=options)
        if place.shared:
            mount("", place.mountpoint, flags=SHARED)
    except OSError:
        os.close(device)
        raise
    return device


def attach_by_helper(place: Place) -> int:
    """fusermount3 passes the device's descriptor through the socket whose number it finds in its environment."""
    name = place.name.replace("\\", "\\\\").replace(",", "\\,")
    options = f"default_permissions,nosuid,nodev,noatime,subtype=fsquota,fsname={name}"
    options += ",allow_other" if place.allow_other else ""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = ["fusermount3", "-o", options, "--", os.fspath(place.mountpoint)]
        environment = os.environ | {"_FUSE_COMMFD": str(theirs.fileno())}
        try:
            helper = subprocess.run(command, env=environment, pass_fds=[theirs.fileno()], check=False)
        except FileNotFoundError as error:
            raise CannotMount("fusermount3 is missing: install the package fuse3, or mount as root") from error
        if helper.returncode != 0:
            raise CannotMount(f"fusermount3 could not mount at {place.mountpoint}; what it said is above")
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    os.set_inheritable(descriptors[0], False)
    return descriptors[0]


def detach(mountpoint: Path) -> None:
    """Takes the mount away, lazily where it is busy: it disappears now, and is gone when nobody uses it any more."""
    if os.geteuid() == 0:
        call(libc.umount2, os.fsencode(mountpoint), DETACH)
    else:
        subprocess.run(["fusermount3", "-u", "-z", "--", os.fspath(mountpoint)], check=True, stdout=sys.stderr)


def is_attached(device: int) -> bool:
    """Whether nobody else has unmounted it."""
    poll = select.poll()
    poll.register(device, 0)
    return not any(events & select.POLLERR for _, events in poll.poll(0))


class Opening:
    """The first request and its reply pass through here, on their way between the kernel and pyfuse3.

    pyfuse3 leaves these as libfuse has them:
    - FUSE_HANDLE_KILLPRIV_V2 is not asked for. Without it the kernel asks before every single write whether the file
      has capabilities to be taken away, which doubles the time of a small one.
    - FUSE_CACHE_SYMLINKS neither. Without it the kernel asks for the target of a link whenever it follows one.
    - FUSE_AUTO_INVAL_DATA is. With it the kernel takes a file's new time of modification for a change behind its back,
      and drops what it has just written.

    `descriptor` is for pyfuse3: at first a socket, on which the kernel's first request waits, then the device itself.
    """

    def __init__(self, device: int) -> None:
        self._device = device
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.descriptor = theirs.detach()
        self._request = os.read(device, MESSAGE_BYTES)
        self._ours.send(self._request)

    @property
    def reply_descriptor(self) -> int:
        """Readable once pyfuse3 has replied."""
        return self._ours.fileno()

    def finish(self) -> None:
        """From now on pyfuse3 talks with the device."""
        os.write(self._device, with_flags(self._ours.recv(MESSAGE_BYTES), self._request))
        os.dup2(self._device, self.descriptor, inheritable=False)
        # A request whose caller is killed is taken back, also between the look for one and the read of it.
        os.set_blocking(self._device, False)
        self.close()

    def close(self) -> None:
        self._ours.close()


def with_flags(reply: bytes, request: bytes) -> bytes:
    """The reply with what we can do as well, if the kernel can, and without what we have no use for."""
    changed = bytearray(reply)
    (offered,) = struct.unpack_from("=I", request, FLAGS_OFFERED)
    (taken,) = struct.unpack_from("=I", reply, FLAGS_TAKEN)
    taken |= offered & (HANDLE_KILLPRIV_V2 | CACHE_SYMLINKS)
    struct.pack_into("=I", changed, FLAGS_TAKEN, taken & ~AUTO_INVAL_DATA)
    return bytes(changed)


def mount(source: str, target: Path, *, kind: str = "", flags: int, options: str = "") -> None:
    call(libc.mount, source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode())


def is_dead(mountpoint: Path) -> bool:
    """Asks for the one thing that the kernel never answers from what it remembers of a dead mount."""
    try:
        os.statvfs(mountpoint)
    except FileNotFoundError as error:
        raise CannotMount(f"the mountpoint {mountpoint} does not exist: create it first") from error
    except OSError as error:
        if error.errno in (errno.ENOTCONN, errno.ECONNABORTED):
            return True
        raise
    return False


def detach_dead(mountpoint: Path) -> None:
    """What processes that died have left mounted here."""
    while is_dead(mountpoint):
        detach(mountpoint)
