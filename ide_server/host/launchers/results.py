"""The result of an evaluate as it is said, value by value: files and large tensors into `blobs/`, the rest into
result.json."""

import asyncio
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import msgspec

from ide_server.host import disk, tensors
from ide_server.host.launchers.frames import FrameError
from ide_server.host.launchers.protocol import OutputSaid, ValueSaid
from ide_server.host.masking import Mask, MaskedUtf8
from ide_server.host.parameters import output_problem
from ide_server.host.tensors import MEDIA
from ide_server.wire import Blob, Output, OutputValue, ParameterDefinition, Result, encode

MAX_ELEMENTS = 10_000
MAX_CHARACTERS = 1 << 20
MAX_VALUES = 1000
MAX_RESULT_BYTES = 1 << 30

_elements = msgspec.json.Decoder(list[str])


class InvalidResult(Exception):
    """What evaluate returned does not fit; says what was expected and what came."""


class ResultWriter:
    def __init__(self, folder: Path, definitions: list[ParameterDefinition], mask: Mask) -> None:
        """All texts of the result are written down with the mask."""
        self._mask = mask
        self._definitions = definitions
        self._outputs: list[Output] = []
        self._value: ValueWriter | None = None
        self._blobs = Blobs(folder / "blobs")
        self._values = 0
        self._byte_size = 0

    def output(self, said: OutputSaid) -> None:
        self._expect_no_value()
        if any(output.name == said.name for output in self._outputs):
            raise InvalidResult(f"evaluate returned two outputs named {said.name!r}; names are given once.")
        if len(self._outputs) == MAX_VALUES:
            raise InvalidResult(f"evaluate returned more than {MAX_VALUES} outputs.")
        self._outputs.append(Output(said.name, []))

    async def value(self, said: ValueSaid, chunk: bytes) -> None:
        self._expect_no_value()
        if not self._outputs:
            raise FrameError("Expected an output before its first value.")
        self._count(said)
        _check_size(said)
        self._value = ValueWriter(said, self._blobs, self._mask)
        await self.elements(chunk)

    async def elements(self, chunk: bytes) -> None:
        if self._value is None:
            raise FrameError("Expected the start of a value before more of it.")
        await self._value.append(chunk)
        if self._value.is_whole:
            self._outputs[-1].values.append(await self._value.finish())
            self._value = None

    def finish(self) -> Result:
        """Its blobs are written down, it is not. Raises InvalidResult where a value is not whole, or an output does not
        fit its definition."""
        if self._value is not None:
            raise InvalidResult("evaluate returned a value that is not whole.")
        for definition in self._definitions:
            self._check(definition)
        return self._mask.message(Result(self._outputs))

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

    def _count(self, said: ValueSaid) -> None:
        self._values += max(1, len(said.files))
        if self._values > MAX_VALUES:
            raise InvalidResult(f"evaluate returned more than {MAX_VALUES} values.")
        self._byte_size += said.byte_size
        if self._byte_size > MAX_RESULT_BYTES:
            raise InvalidResult(f"evaluate returned more than {MAX_RESULT_BYTES:,} bytes.")

    def _expect_no_value(self) -> None:
        if self._value is not None:
            raise FrameError("Expected the rest of a value before what follows it.")


class Blobs:
    """The files of one result, numbered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: list[int] = []

    def new(self) -> int:
        self._sizes.append(0)
        return len(self._sizes) - 1

    async def append(self, index: int, chunk: bytes) -> None:
        """Raises FilesystemUnavailable."""
        self._sizes[index] += len(chunk)
        await asyncio.to_thread(_append, self._folder / str(index), chunk)

    def of(self, index: int, kind: str) -> Blob:
        return Blob(index, kind, self._sizes[index])


class ValueWriter:
    """One value as its bytes come: the first of them are kept for the page, all of a large one go to a blob."""

    def __init__(self, said: ValueSaid, blobs: Blobs, mask: Mask) -> None:
        self._said = said
        self._masked_text = MaskedUtf8(mask)
        self._blobs = blobs
        self._left = said.byte_size
        self._head = bytearray()
        self._files: list[Blob] = []
        self._in_file = 0
        self._blob: int | None = None

    @property
    def is_whole(self) -> bool:
        return self._left == 0

    async def append(self, chunk: bytes) -> None:
        if len(chunk) > self._left:
            raise FrameError(f"Expected at most {self._left} more bytes of the value, got {len(chunk)}.")
        self._left -= len(chunk)
        if self._said.element_type in MEDIA:
            await self._append_files(memoryview(chunk))
            return
        self._head += chunk[: max(0, self._head_bytes - len(self._head))]
        if self._is_cut:
            if self._blob is None:
                self._blob = self._blobs.new()
                await self._blobs.append(self._blob, self._blob_start)
            await self._blobs.append(self._blob, self._masked_text.feed(chunk) if self._is_text else chunk)

    async def finish(self) -> OutputValue:
        said = self._said
        if said.element_type in MEDIA:
            await self._end_files()
            return OutputValue(said.element_type, said.shape, [], self._files)
        elements = self._first_elements()
        if self._blob is not None and self._is_text:
            await self._blobs.append(self._blob, self._masked_text.end())
        blobs = [] if self._blob is None else [self._blobs.of(self._blob, self._blob_format)]
        return OutputValue(said.element_type, said.shape, elements, blobs, truncated=self._is_cut)

    @property
    def _is_text(self) -> bool:
        return self._said.element_type == "string"

    @property
    def _is_cut(self) -> bool:
        return math.prod(self._said.shape) > MAX_ELEMENTS or (self._is_text and self._said.byte_size > MAX_CHARACTERS)

    @property
    def _head_bytes(self) -> int:
        if self._is_text:
            return MAX_CHARACTERS + 2 if self._is_cut else self._said.byte_size
        return MAX_ELEMENTS * tensors.element_size(self._said.element_type)

    @property
    def _blob_format(self) -> str:
        return "json" if self._is_text else "npy"

    @property
    def _blob_start(self) -> bytes:
        return b"" if self._is_text else tensors.npy_header(self._said.element_type, self._said.shape)

    def _first_elements(self) -> list[Any]:
        if not self._is_text:
            return tensors.numbers_of(self._said.element_type, bytes(self._head))
        if self._is_cut:
            return [*first_texts(self._head.decode(errors="ignore"))][:MAX_ELEMENTS]
        return [*_texts(bytes(self._head), math.prod(self._said.shape))]

    async def _append_files(self, chunk: memoryview) -> None:
        """Cut at where one file ends and the next begins."""
        while chunk:
            await self._end_files()
            if self._blob is None:
                self._blob, self._in_file = self._blobs.new(), 0
            size = self._said.files[len(self._files)].byte_size
            taken = chunk[: size - self._in_file]
            await self._blobs.append(self._blob, bytes(taken))
            self._in_file += len(taken)
            chunk = chunk[len(taken) :]

    async def _end_files(self) -> None:
        """Files that are whole, among them those without a byte."""
        while len(self._files) < len(self._said.files):
            file = self._said.files[len(self._files)]
            if self._blob is None and file.byte_size == 0:
                self._blob, self._in_file = self._blobs.new(), 0
                await self._blobs.append(self._blob, b"")
            if self._blob is None or self._in_file < file.byte_size:
                return
            self._files.append(self._blobs.of(self._blob, file.format))
            self._blob = None


def first_texts(text: str) -> list[str]:
    """The texts of a JSON list that is cut off somewhere, of the last as much as there is. Raises FrameError."""
    found: list[str] = []
    position = text.find('"')
    while position >= 0:
        try:
            element, end = json.decoder.scanstring(text, position + 1)  # type: ignore[attr-defined]  # not in typeshed
        except json.JSONDecodeError:
            return [*found, _encodable(_partial(text[position:]))]
        found.append(_encodable(element))
        position = text.find('"', end)
    return found


def _encodable(text: str) -> str:
    """Half a surrogate pair can be escaped in JSON, but is no UTF-8."""
    return text.encode(errors="replace").decode()


def _partial(text: str) -> str:
    """A JSON text without its end, nor what may be half an escape of its last character."""
    cut = re.sub(r"(?<!\\)((?:\\\\)*)\\(u[0-9a-fA-F]{0,3})?\Z", r"\1", text)
    try:
        return str(json.loads(cut + '"', strict=False))
    except json.JSONDecodeError as error:
        raise FrameError(f"Expected a JSON list of texts: {error}.") from error


def read_result(folder: Path) -> Result | None:
    """None if the operation has none."""
    try:
        return msgspec.json.decode((folder / "result.json").read_bytes(), type=Result)
    except FileNotFoundError:
        return None


def write_result(folder: Path, result: Result) -> None:
    """Not synced. Blocks."""
    draft = folder / "result.draft"
    draft.write_bytes(encode(result))
    draft.rename(folder / "result.json")


def sync_result(folder: Path) -> None:
    """To disk, with its blobs. Blocks."""
    blobs = folder / "blobs"
    for path in (folder / "result.json", *(blobs.iterdir() if blobs.exists() else ())):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _check_size(said: ValueSaid) -> None:
    """Raises FrameError where the bytes that are announced cannot be those of such a value."""
    count = math.prod(said.shape)
    if said.element_type in MEDIA:
        if len(said.files) != count or sum(file.byte_size for file in said.files) != said.byte_size:
            raise FrameError(f"Expected {count} files of {said.byte_size} bytes together, got {len(said.files)}.")
    elif said.element_type != "string":
        expected = count * tensors.element_size(said.element_type)
        if said.byte_size != expected:
            raise FrameError(f"Expected {expected} bytes of {said.element_type} {said.shape}, got {said.byte_size}.")


def _texts(encoded: bytes, count: int) -> list[str]:
    try:
        elements = _elements.decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"Expected a JSON list of texts: {error}.") from error
    if len(elements) != count:
        raise FrameError(f"Expected {count} texts, got {len(elements)}.")
    return elements


def _append(path: Path, chunk: bytes) -> None:
    if not path.parent.exists():
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(exist_ok=True)
    disk.append(path, chunk)
