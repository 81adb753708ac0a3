"""The result of an evaluate as it is said, value by value: encoded files into `blobs/`, the rest into result.json."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from ide_server.host import disk
from ide_server.host.launchers.frames import FrameError
from ide_server.host.launchers.protocol import OutputSaid, ValueSaid
from ide_server.host.parameters import MEDIA, output_problem
from ide_server.wire import Blob, Output, OutputValue, ParameterDefinition, Result, encode

MAX_ELEMENTS = 10_000
MAX_VALUES = 1000
MAX_RESULT_BYTES = 1 << 30

_elements = msgspec.json.Decoder(list[bool | int | float | str])


class InvalidResult(Exception):
    """What evaluate returned does not fit; says what was expected and what came."""


class ResultWriter:
    def __init__(
        self, folder: Path, definitions: list[ParameterDefinition], masked: Callable[[Result], Result]
    ) -> None:
        """`masked`: the result as it may be written down."""
        self._masked = masked
        self._folder = folder
        self._definitions = definitions
        self._outputs: list[Output] = []
        self._blob_sizes: list[int] = []
        self._open_blob = False
        self._byte_size = 0

    def output(self, said: OutputSaid) -> None:
        if any(output.name == said.name for output in self._outputs):
            raise InvalidResult(f"evaluate returned two outputs named {said.name!r}; names are given once.")
        if len(self._outputs) == MAX_VALUES:
            raise InvalidResult(f"evaluate returned more than {MAX_VALUES} outputs.")
        self._outputs.append(Output(said.name, []))

    async def blob(self, chunk: bytes) -> None:
        self._count(len(chunk))
        if not self._open_blob:
            self._open_blob = True
            self._blob_sizes.append(0)
        index = len(self._blob_sizes) - 1
        self._blob_sizes[index] += len(chunk)
        await asyncio.to_thread(_append, self._folder / "blobs" / str(index), chunk)

    def value(self, said: ValueSaid, elements: bytes) -> None:
        if not self._outputs:
            raise FrameError("Expected an output before its first value.")
        if sum(len(output.values) for output in self._outputs) == MAX_VALUES:
            raise InvalidResult(f"evaluate returned more than {MAX_VALUES} values.")
        self._count(len(elements))
        self._outputs[-1].values.append(self._media(said) if said.format is not None else _tensor(said, elements))

    async def finish(self) -> None:
        """Raises InvalidResult where an output does not fit its definition."""
        for definition in self._definitions:
            self._check(definition)
        await asyncio.to_thread(_write, self._folder / "result.json", encode(self._masked(Result(self._outputs))))

    def _check(self, definition: ParameterDefinition) -> None:
        output = next((output for output in self._outputs if output.name == definition.name), None)
        if output is None or not output.values:
            if definition.required:
                came = ", ".join(output.name for output in self._outputs) or "none"
                raise InvalidResult(
                    f"evaluate returned no output {definition.name!r}, which slipway.toml requires; got {came}."
                )
        elif (problem := output_problem(output.values, definition)) is not None:
            raise InvalidResult(f"The output {definition.name!r} does not fit slipway.toml: {problem}.")

    def _media(self, said: ValueSaid) -> OutputValue:
        if not self._open_blob or said.element_type not in MEDIA:
            raise FrameError("Expected the bytes of an encoded file before its value.")
        self._open_blob = False
        index = len(self._blob_sizes) - 1
        blob = Blob(index, said.format or "", self._blob_sizes[index])
        return OutputValue(said.element_type, [], [], [blob])

    def _count(self, byte_size: int) -> None:
        self._byte_size += byte_size
        if self._byte_size > MAX_RESULT_BYTES:
            raise InvalidResult(f"evaluate returned more than {MAX_RESULT_BYTES:,} bytes.")


def read_result(folder: Path) -> Result | None:
    """None if the operation has none."""
    try:
        return msgspec.json.decode((folder / "result.json").read_bytes(), type=Result)
    except FileNotFoundError:
        return None


def _tensor(said: ValueSaid, encoded: bytes) -> OutputValue:
    try:
        elements = _elements.decode(encoded)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FrameError(f"Expected a flat list of elements: {error}.") from error
    size = 1
    for length in said.shape:
        size *= length
    if len(elements) > MAX_ELEMENTS or (len(elements) != size and not said.truncated) or said.element_type in MEDIA:
        raise FrameError(f"Expected {size} elements of {said.shape}, at most {MAX_ELEMENTS}, got {len(elements)}.")
    return OutputValue(said.element_type, said.shape, elements, [], said.truncated)


def _append(path: Path, chunk: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    disk.append(path, chunk)


def _write(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
