"""What the runner may read during one call, by number: the host's bytes and files."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from ide_server.host.launchers.frames import MAX_PARTS, FrameError
from ide_server.host.launchers.protocol import Given, Kept, Read
from ide_server.host.parameters import Argument
from ide_server.host.tensors import Source

INLINE_BYTES = 64 << 10


class Sources:
    def __init__(self, first: int = 0) -> None:
        """Numbers from `first` on: what an earlier call could read is not what this one can."""
        self._first = first
        self._sources: list[Source] = []

    @property
    def end(self) -> int:
        """The number after the last."""
        return self._first + len(self._sources)

    def give(self, argument: Argument) -> Given:
        return Given(
            count=argument.count,
            byte_size=argument.byte_size,
            blob=self._add(argument.values),
            ends=None if argument.ends is None else self._add(argument.ends),
            single=argument.single,
            cast=argument.cast,
        )

    def keep(self, state: Mapping[str, Path] | None) -> dict[str, Kept] | None:
        if state is None:
            return None
        return {key: Kept(self._add(path), path.stat().st_size) for key, path in state.items()}

    def inline(self) -> dict[int, bytes]:
        """What goes with the call, by number: short bytes, the first of them."""
        found: dict[int, bytes] = {}
        left = INLINE_BYTES
        for number, source in enumerate(self._sources, self._first):
            if isinstance(source, bytes) and len(source) <= left and len(found) < MAX_PARTS:
                found[number] = source
                left -= len(source)
        return found

    async def read(self, asked: Read) -> bytes:
        """Empty for what only an earlier call could read: a thread of the code may still ask.

        Raises FrameError.
        """
        if asked.blob < self._first:
            return b""
        if asked.blob >= self.end:
            raise FrameError(f"Expected the number of a blob of this call, got {asked.blob}.")
        source = self._sources[asked.blob - self._first]
        if isinstance(source, bytes):
            return source[asked.offset : asked.offset + asked.size]
        return await asyncio.to_thread(_read, source, asked)

    def _add(self, source: Source) -> int:
        self._sources.append(source)
        return self.end - 1


def _read(path: Path, asked: Read) -> bytes:
    with path.open("rb") as file:
        return os.pread(file.fileno(), asked.size, asked.offset)
