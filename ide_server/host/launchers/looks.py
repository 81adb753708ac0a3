"""What is looked at of a model's files before each operation, remembered as long as these are what they were.

As long as the filesystem counts no change there is nothing to look at. A look costs it a turn for each file that is
opened; a stat costs it none, as the kernel remembers it.
"""

import os
import time
from typing import Generic, NamedTuple, TypeVar

from ide_server.host.launchers.code import Code, digest_of, language_of, mark_of
from ide_server.host.launchers.spawn import Language
from ide_server.host.mounts import Moment, Mount
from ide_server.host.parameters import FILE, read_definitions
from ide_server.wire import ModelId, ParameterDefinitions

SETTLED_NS = 100_000_000
"""A file that was changed this recently may change again without its times showing it: the kernel's clock has steps."""

Stamp = tuple[int, int, int]


T = TypeVar("T")


class Described(NamedTuple):
    stamp: Stamp | None
    """None: it may be another any moment."""
    definitions: ParameterDefinitions
    language: Language | None


class Seen(NamedTuple, Generic[T]):
    moment: Moment | None
    """Before the look; None: it was not known."""
    found: T

    def is_present(self, mount: Mount) -> bool:
        return self.moment is not None and self.moment == mount.moment


class Looks:
    def __init__(self) -> None:
        self._described: dict[ModelId, Seen[Described]] = {}
        self._codes: dict[ModelId, Seen[Code]] = {}

    async def definitions(self, model_id: ModelId, mount: Mount) -> tuple[ParameterDefinitions, Language | None]:
        """Raises as read_definitions does, and FilesystemUnavailable."""
        seen = self._described.get(model_id)
        if seen is None or not seen.is_present(mount):
            known, moment = None if seen is None else seen.found, mount.moment
            seen = Seen(moment, await mount.run(lambda root: _described(root, known)))
            self._described[model_id] = seen
        return seen.found.definitions, seen.found.language

    async def code(self, model_id: ModelId, mount: Mount) -> Code:
        """Raises FilesystemUnavailable."""
        seen = self._codes.get(model_id)
        if seen is None or not seen.is_present(mount):
            known, moment = None if seen is None else seen.found, mount.moment
            seen = self._codes[model_id] = Seen(moment, await mount.run(lambda root: _code(root, known)))
        return seen.found

    def forget(self, model_id: ModelId) -> None:
        self._described.pop(model_id, None)
        self._codes.pop(model_id, None)


def _described(root: int, known: Described | None) -> Described:
    stamp = _stamp(root)
    if known is not None and stamp is not None and known.stamp == stamp:
        return known._replace(language=language_of(root))
    return Described(stamp, read_definitions(root), language_of(root))


def _stamp(root: int) -> Stamp | None:
    try:
        status = os.stat(FILE, dir_fd=root, follow_symlinks=False)
    except OSError:  # read_definitions says what it makes of that
        return None
    if time.time_ns() - status.st_ctime_ns < SETTLED_NS:
        return None
    return status.st_ino, status.st_size, status.st_ctime_ns


def _code(root: int, known: Code | None) -> Code:
    mark = mark_of(root)
    return known if known is not None and known.mark == mark else Code(digest_of(root), mark)
