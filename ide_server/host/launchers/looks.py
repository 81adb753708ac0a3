"""What is looked at of a model's files before each operation, remembered as long as these are what they were.

A look costs the model's filesystem a turn for each file that it opens. A stat costs it none: the kernel remembers it.
"""

import os
import time
from typing import NamedTuple

from ide_server.host.launchers.code import Code, digest_of, language_of, mark_of
from ide_server.host.launchers.spawn import Language
from ide_server.host.mounts import Mount
from ide_server.host.parameters import FILE, read_definitions
from ide_server.wire import ModelId, ParameterDefinitions

SETTLED_NS = 100_000_000
"""A file that was changed this recently may change again without its times showing it: the kernel's clock has steps."""

Stamp = tuple[int, int, int]


class Described(NamedTuple):
    stamp: Stamp | None
    """None: it may be another any moment."""
    definitions: ParameterDefinitions


class Looks:
    def __init__(self) -> None:
        self._described: dict[ModelId, Described] = {}
        self._codes: dict[ModelId, Code] = {}

    async def definitions(self, model_id: ModelId, mount: Mount) -> tuple[ParameterDefinitions, Language | None]:
        """Raises as read_definitions does, and FilesystemUnavailable."""
        known = self._described.get(model_id)
        described, language = await mount.run(lambda root: (_described(root, known), language_of(root)))
        self._described[model_id] = described
        return described.definitions, language

    async def code(self, model_id: ModelId, mount: Mount) -> Code:
        """Raises FilesystemUnavailable."""
        known = self._codes.get(model_id)
        code = self._codes[model_id] = await mount.run(lambda root: _code(root, known))
        return code

    def forget(self, model_id: ModelId) -> None:
        self._described.pop(model_id, None)
        self._codes.pop(model_id, None)


def _described(root: int, known: Described | None) -> Described:
    stamp = _stamp(root)
    if known is not None and stamp is not None and known.stamp == stamp:
        return known
    return Described(stamp, read_definitions(root))


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
