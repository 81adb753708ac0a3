"""Long work in the threads of a mount, in pieces: others have their turn meanwhile; it ends when its caller does."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

from ide_server.host.files.failures import attempt
from ide_server.host.mounts import Mount

T = TypeVar("T")

STEPS_AT_ONCE = 64


@dataclass(frozen=True)
class Ended(Generic[T]):
    result: T


@contextmanager
def held_root(mount: Mount) -> Iterator[int]:
    """The root of the filesystem as it is mounted now. Raises FilesystemUnavailable."""
    root = os.dup(mount.descriptor)
    try:
        yield root
    finally:
        os.close(root)


async def stepped(mount: Mount, path: str, steps: Generator[None, None, T]) -> T:
    """What the steps return. Raises what they do, the kernel's refusals as our errors."""
    try:
        while True:
            match await attempt(mount, path, _some, steps):
                case Ended(result):
                    return result
    finally:
        with anyio.CancelScope(shield=True):
            await mount.threads.run(steps.close)


def _some(_: int, steps: Generator[None, None, T]) -> Ended[T] | None:
    for _step in range(STEPS_AT_ONCE):
        try:
            next(steps)
        except StopIteration as end:
            return Ended(end.value)
    return None
