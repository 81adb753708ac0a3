"""A backing file's extended attributes of the user's namespace; the others are not ours to keep."""

import errno
import os

PREFIX = b"user."


def names(descriptor: int | bytes) -> list[bytes]:
    """Of an open file, or of a path that is not followed."""
    follow = isinstance(descriptor, int)
    found = (os.fsencode(name) for name in os.listxattr(descriptor, follow_symlinks=follow))
    return [name for name in found if name.startswith(PREFIX)]


def sizes(descriptor: int | bytes) -> dict[bytes, int]:
    """What each takes: its name and its value."""
    follow = isinstance(descriptor, int)
    return {name: len(name) + len(os.getxattr(descriptor, name, follow_symlinks=follow)) for name in names(descriptor)}


def total_bytes(path: bytes) -> int:
    """What all take together; nothing where the backing filesystem has none."""
    try:
        return sum(sizes(path).values())
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return 0
        raise


def copy(source: int, destination: int) -> None:
    """Makes the destination's those of the source."""
    for name in names(destination):
        os.removexattr(destination, name)
    for name in names(source):
        os.setxattr(destination, name, os.getxattr(source, name))
