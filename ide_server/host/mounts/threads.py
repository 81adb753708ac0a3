"""Threads for blocking file system calls, which may act as another user."""

import asyncio
import ctypes
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Self, TypeVar

import anyio

from ide_server.errors import FilesystemUnavailable

P = ParamSpec("P")
T = TypeVar("T")

CONTAINER_ROOT = 100_000
"""The uid and gid on this host of a sandbox's root, where the server runs as root."""

_libc = ctypes.CDLL(None, use_errno=True)


def container_root() -> int:
    """What the root of a sandbox is on this host: nobody's uid for a server run as root, else the server's own."""
    return CONTAINER_ROOT if os.geteuid() == 0 else os.geteuid()


class Threads:
    """At most `count` threads. A cancelled caller waits for its call to end first: the call may use its descriptors."""

    def __init__(self, count: int, *, name: str, owner: int | None = None) -> None:
        self._closed = False
        self._executor = ThreadPoolExecutor(
            count,
            thread_name_prefix=name,
            initializer=None if owner is None else functools.partial(_become, owner),
        )

    @classmethod
    def of_container_root(cls, count: int, *, name: str) -> Self:
        """Threads that create files as a sandbox's root and may do no more than it may."""
        return cls(count, name=name, owner=container_root() if os.geteuid() == 0 else None)

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Raises what the function does; FilesystemUnavailable once closed."""
        if self._closed:
            raise FilesystemUnavailable("The model's filesystem has been unmounted. Reload the page.")
        call = asyncio.wrap_future(self._executor.submit(function, *args, **kwargs))
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):  # a cancelled anyio scope would cancel this wait as well
                await asyncio.wait([call])
            raise

    def close(self) -> None:
        self._closed = True
        """Calls that wait for a thread are still made."""
        self._executor.shutdown(wait=False)


def _become(owner: int) -> None:
    """setfsuid(2) holds for one thread only, and takes root's power over files from it. It reports no failure."""
    for call in (_libc.setfsgid, _libc.setfsuid):
        call(owner)
        if (current := call(-1)) != owner:
            raise PermissionError(f"expected a thread with file system uid and gid {owner}, got {current}")
