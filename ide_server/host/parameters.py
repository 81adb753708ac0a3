"""Parameter definitions: read from a model's slipway.toml, and held against the values that come in and go out."""

import array
import base64
import binascii
import itertools
import os
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.tensors import MEDIA, Source, encode_files, encode_nested, flat_of, shape_of
from ide_server.wire import ElementType, MediaValue, OutputValue, ParameterDefinition, ParameterDefinitions, Values

FILE = "slipway.toml"
MAX_FILE_BYTES = 256 << 10
MAX_DEPTH = 32
FLOATS = ("f32", "f64")
WORDS = ("nan", "inf", "-inf")
"""How JSON, which has no such numbers, writes them."""

GUESSED: tuple[ElementType, ...] = ("f64", "boolean", "string")

INTEGERS: Mapping[str, tuple[int, int]] = {
    **{f"i{bits}": (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, (1 << bits) - 1) for bits in (8, 16, 32, 64)},
}


@dataclass(frozen=True)
class Argument:
    """A parameter as a launcher reads it: `count` encoded values, one after the other in `values`.

    `ends` holds where each ends, as little-endian u64; None: all are equally long. `single`: it was given as one value,
    not as a list of values that happens to hold one. `cast`: what type the code shall see numbers as, or None.
    """

    values: Source
    byte_size: int
    count: int = 1
    ends: Source | None = None
    single: bool = True
    cast: ElementType | None = None


class Column(Protocol):
    """Many values that lie in files, as a parameter."""

    def argument(self) -> Argument: ...

    def problem(self, definition: ParameterDefinition) -> str | None:
        """Why not all of them fit, in words; None if they do."""

    def fitting(self, definition: ParameterDefinition) -> Argument:
        """Of one that has no problem."""


NO_COLUMNS: Mapping[str, Column] = MappingProxyType({})


def argument_of_values(encoded: Sequence[bytes], *, single: bool) -> Argument:
    """Of values in the encoding of host/tensors.py."""
    ends = array.array("Q", itertools.accumulate(map(len, encoded)))
    if sys.byteorder == "big":
        ends.byteswap()
    equal = len({len(value) for value in encoded}) <= 1
    data = encoded[0] if single else b"".join(encoded)
    return Argument(data, len(data), len(encoded), None if equal else ends.tobytes(), single)


# --- slipway.toml ---


def read_definitions(root: int) -> ParameterDefinitions:
    """From the filesystem whose root folder is open as `root`; no definitions if there is no file. Blocks.

    Raises InvalidRequest.
    """
    return parse_definitions(read_text(root))


def read_text(root: int) -> str:
    """The text of the file, empty if there is none. Blocks.

    Raises InvalidRequest. The file is the person's: it may be a link, a pipe or of any size.
    """
    try:
        descriptor = os.open(FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=root)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InvalidRequest(f"{FILE} could not be read: {error.strerror}. Make it a plain file.") from error
    try:
        return _content(descriptor)
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> str:
    status = os.fstat(descriptor)
    check_file(is_plain=stat.S_ISREG(status.st_mode), byte_size=status.st_size)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return text_of(file.read(MAX_FILE_BYTES))


def check_file(*, is_plain: bool, byte_size: int) -> None:
    """Raises InvalidRequest."""
    if not is_plain:
        raise InvalidRequest(f"{FILE} is not a plain file. Remove it and make a file of that name.")
    if byte_size > MAX_FILE_BYTES:
        raise InvalidRequest(f"{FILE} has {byte_size:,} bytes; expected at most {MAX_FILE_BYTES:,}.")


def text_of(data: bytes) -> str:
    """Of the file. Raises InvalidRequest."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidRequest(
            f"{FILE}, line {line}: expected UTF-8 text, got the byte 0x{data[error.start]:02x}."
        ) from error


def parse_definitions(text: str) -> ParameterDefinitions:
    """Raises InvalidRequest, naming the line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = str(error).replace("at end of document", f"at line {len(text.splitlines())}, the last")
        raise InvalidRequest(f"{FILE} is not valid TOML: {problem}.") from error
    except RecursionError as error:
        raise InvalidRequest(f"{FILE} nests too deeply.") from error
    except ValueError as error:  # of Python's own: a number of thousands of digits
        raise InvalidRequest(f"{FILE} holds what Python cannot read: {error}.") from error
    kinds = {kind: table[kind] for kind in ParameterDefinitions.__struct_fields__ if kind in table}
    for kind, rows in kinds.items():
        if not isinstance(rows, list):
            raise InvalidRequest(f"{FILE}: expected [[{kind}]] tables, got {kind} as {type(rows).__name__}.")
        lines = _header_lines(kind, text, len(rows))
        _check_rows(rows, [f"{FILE}, line {line}, [[{kind}]]" for line in lines])
    return msgspec.convert(kinds, ParameterDefinitions)


def definitions_of(message: Any) -> ParameterDefinitions:
    """Of a request's JSON. Raises InvalidRequest, naming the parameter by its place."""
    known = ParameterDefinitions.__struct_fields__
    if not isinstance(message, dict) or not message.keys() <= set(known):
        came = ", ".join(sorted(message)) if isinstance(message, dict) else _shown(message)
        raise InvalidRequest(f"Expected definitions under {', '.join(known)}, got {came}.")
    for kind, rows in message.items():
        if not isinstance(rows, list):
            raise InvalidRequest(f"Expected {kind} to be a list of definitions, got {_shown(rows)}.")
        _check_rows(rows, [f"{kind}, parameter {place}" for place in range(1, len(rows) + 1)])
    return msgspec.convert(message, ParameterDefinitions)


def _check_rows(rows: list[Any], places: list[str]) -> None:
    names = set()
    for row, where in zip(rows, places, strict=True):
        definition = _definition(row, where)
        if definition.name in names:
            raise InvalidRequest(f"{where}: a second one named {definition.name!r}; each name is given once.")
        names.add(definition.name)


def _header_lines(kind: str, text: str, count: int) -> list[int]:
    """Where each table starts; 1 for tables written inline."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _is_header(line, kind)]
    return lines if len(lines) == count else [1] * count


def _is_header(line: str, kind: str) -> bool:
    return line.partition("#")[0].replace(" ", "").strip() == f"[[{kind}]]"


def _definition(row: Any, where: str) -> ParameterDefinition:
    unknown = set(row) - set(ParameterDefinition.__struct_fields__) if isinstance(row, dict) else set()
    if unknown:
        known = ", ".join(ParameterDefinition.__struct_fields__)
        raise InvalidRequest(f"{where}: unknown field {', '.join(sorted(unknown))}; expected {known}.")
    try:
        definition = msgspec.convert(row, ParameterDefinition)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{where}: {error}.") from error
    _check_definition(definition, where)
    return definition


def _check_definition(definition: ParameterDefinition, where: str) -> None:
    if not definition.name or not definition.types:
        raise InvalidRequest(f"{where}: expected a name and at least one type.")
    if len(definition.shape) > MAX_DEPTH or any(length < -1 for length in definition.shape):
        raise InvalidRequest(f"{where}: expected a shape of lengths (-1: any), got {definition.shape}.")
    if definition.minimum is not None and definition.maximum is not None and definition.minimum > definition.maximum:
        raise InvalidRequest(
            f"{where}: expected a minimum of at most the maximum, {definition.maximum:g}, got {definition.minimum:g}."
        )
    if None in definition.choices:
        raise InvalidRequest(f"{where}: expected choices that are values, got null among them.")
    for label, value in (("default", definition.default), *(("choice", choice) for choice in definition.choices)):
        if value is not None and (problem := problem_of(value, definition)) is not None:
            raise InvalidRequest(f"{where}: the {label} of {definition.name!r} does not fit: {problem}.")


# --- values that come in ---


def check_arguments(
    definitions: list[ParameterDefinition], values: Mapping[str, Any], columns: Mapping[str, Column] = NO_COLUMNS
) -> dict[str, Argument]:
    """What a function is called with, defaults filled in. Raises InvalidRequest, naming every value that does not fit.

    Code without definitions for a kind is called with whatever came. Of a parameter that is a column its value is not
    looked at.
    """
    if not definitions:
        return {
            name: columns[name].argument() if name in columns else _guessed_argument(name, value)
            for name, value in values.items()
        }
    problems = [f"{name}: no such parameter" for name in sorted(values.keys() - {known.name for known in definitions})]
    arguments: dict[str, Argument] = {}
    for definition in definitions:
        value, column = values.get(definition.name, definition.default), columns.get(definition.name)
        if value is None:
            problems += [f"{definition.name}: missing"] if definition.required else []
            continue
        problem = problem_of(value, definition) if column is None else column.problem(definition)
        if problem is not None:
            problems.append(f"{definition.name}: {problem}")
        else:
            fits = argument_of(value, definition) if column is None else column.fitting(definition)
            arguments[definition.name] = fits
    if problems:
        raise InvalidRequest(f"The parameters do not fit their definitions. {'; '.join(problems)}.", problems=problems)
    return arguments


def problem_of(value: Any, definition: ParameterDefinition) -> str | None:
    """What is wrong with a JSON value, in words; None if it, or each of many, fits one of the definition's types."""
    many = many_of(value)
    if many is None:
        return _problem_of_one(value, definition)
    found = ((index, _problem_of_one(each, definition)) for index, each in enumerate(many))
    return next((f"value {index}: {problem}" for index, problem in found if problem is not None), None)


def _problem_of_one(value: Any, definition: ParameterDefinition) -> str | None:
    problems = [_problem(value, element_type, definition) for element_type in definition.types]
    return None if None in problems else problems[0]


def argument_of(value: Any, definition: ParameterDefinition) -> Argument:
    """Of a value that fits, or of many, each by the first type that it fits."""
    return _argument(value, lambda each: _encode(each, _type_of(each, definition), definition.shape))


def many_of(value: Any) -> list[Any] | None:
    """The values of {"values": [...]}; None if it is one value."""
    if not isinstance(value, dict):
        return None
    try:
        return msgspec.convert(value, Values).values
    except msgspec.ValidationError:
        return None


def _argument(value: Any, encode: Callable[[Any], bytes]) -> Argument:
    many = many_of(value)
    if many is None:
        return argument_of_values([encode(value)], single=True)
    return argument_of_values([encode(each) for each in many], single=False)


def _type_of(value: Any, definition: ParameterDefinition) -> ElementType:
    """Of a value that fits."""
    *others, last = definition.types
    return next((kind for kind in others if _problem(value, kind, definition) is None), last)


def _encode(value: Any, element_type: ElementType, defined: Sequence[int] = ()) -> bytes:
    shape = shape_of(value)
    shape += [max(0, length) for length in defined[len(shape) :]]  # an empty list does not show what would be in it
    if element_type not in MEDIA:
        return encode_nested(element_type, shape, _whole(value, element_type))
    media = [msgspec.convert(each, MediaValue) for each in flat_of(value)]
    return encode_files(element_type, shape, [(each.format, base64.b64decode(each.base64)) for each in media])


def _guessed_argument(name: str, value: Any) -> Argument:
    return _argument(value, lambda each: _encode_guessed(name, each))


def _encode_guessed(name: str, value: Any) -> bytes:
    """Of a value that no definition describes."""
    elements = list(_leaves(value, name))
    if elements and all(_media_problem(element, "binary") is None for element in elements):
        return _encode(value, "binary")
    if not _is_regular(value, shape_of(value)):
        raise InvalidRequest(f"{name}: expected lists of equally long lists, got {_shown(value)}.")
    if all(isinstance(element, int) and _is_element(element, "i64") for element in elements) and elements:
        return _encode(value, "i64")
    for element_type in GUESSED:
        if all(_is_element(element, element_type) for element in elements):
            return _encode(value, element_type)
    raise InvalidRequest(f"{name}: expected numbers, text or true and false, all of one type, got {_shown(value)}.")


def _is_regular(value: Any, shape: list[int]) -> bool:
    """Whether lists are nested equally deep, with equally many in each."""
    if not shape or not isinstance(value, list):
        return not shape and not isinstance(value, list)
    return len(value) == shape[0] and all(_is_regular(item, shape[1:]) for item in value)


def _leaves(value: Any, name: str, depth: int = 0) -> Iterator[Any]:
    if depth > MAX_DEPTH:
        raise InvalidRequest(f"{name}: expected at most {MAX_DEPTH} levels of lists.")
    if not isinstance(value, list):
        yield value
    else:
        for item in value:
            yield from _leaves(item, name, depth + 1)


def _whole(value: Any, element_type: ElementType) -> Any:
    """Integers as such: JSON from a page may write 2 as 2.0."""
    if element_type not in INTEGERS:
        return value
    return [_whole(item, element_type) for item in value] if isinstance(value, list) else int(value)


def _problem(value: Any, element_type: ElementType, definition: ParameterDefinition) -> str | None:
    for element, problem in _elements(value, definition.shape):
        if element_type in MEDIA:
            found = problem or _media_problem(element, element_type)
        else:
            found = problem or _element_problem(element, element_type) or _limit_problem(element, definition)
        if found is not None:
            return found
    return None if _is_regular(value, shape_of(value)) else "expected lists of equally long lists"


def _media_problem(value: Any, element_type: str) -> str | None:
    try:
        base64.b64decode(msgspec.convert(value, MediaValue).base64, validate=True)
    except (msgspec.ValidationError, binascii.Error, ValueError):
        return f"expected {element_type} as {{format, base64}}, got {_shown(value)}"
    return None


def _elements(value: Any, shape: list[int]) -> Iterator[tuple[Any, str | None]]:
    """Every element, with the first place where the shape is another."""
    if not shape:
        yield value, (f"expected a single value, got a list of {len(value)}" if isinstance(value, list) else None)
    elif not isinstance(value, list):
        yield value, f"expected a list, got {_shown(value)}"
    elif shape[0] not in (-1, len(value)):
        yield value, f"expected a list of {shape[0]}, got one of {len(value)}"
    else:
        for item in value:
            yield from _elements(item, shape[1:])


def _element_problem(element: Any, element_type: str) -> str | None:
    if _is_element(element, element_type):
        return None
    if element_type in INTEGERS:
        lowest, highest = INTEGERS[element_type]
        return f"expected an integer from {lowest} to {highest}, got {_shown(element)}"
    expected = {"string": "text", "boolean": "true or false"}.get(element_type, "a number")
    return f"expected {expected}, got {_shown(element)}"


def _is_element(element: Any, element_type: str) -> bool:
    if element_type == "boolean":
        return isinstance(element, bool)
    if element_type == "string":
        return isinstance(element, str)
    if element_type in FLOATS:
        return element in WORDS if isinstance(element, str) else _is_number(element)
    lowest, highest = INTEGERS[element_type]
    return _is_number(element) and element == int(element) and lowest <= element <= highest


def _is_number(element: Any) -> bool:
    """One that a float can hold, roughly; integers may have any number of digits."""
    if isinstance(element, bool) or not isinstance(element, int | float):
        return False
    return -sys.float_info.max <= element <= sys.float_info.max


def _limit_problem(element: Any, definition: ParameterDefinition) -> str | None:
    if definition.choices and element not in definition.choices:
        return f"expected one of {', '.join(map(_shown, definition.choices))}, got {_shown(element)}"
    if not _is_number(element):
        return None
    if definition.minimum is not None and element < definition.minimum:
        return f"expected at least {definition.minimum:g}, got {_shown(element)}"
    if definition.maximum is not None and element > definition.maximum:
        return f"expected at most {definition.maximum:g}, got {_shown(element)}"
    return None


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."


# --- values that go out ---


def output_problem(values: list[OutputValue], definition: ParameterDefinition) -> str | None:
    """What is wrong with an output, in words; None if it fits."""
    for value in values:
        if not any(_type_fits(value, element_type) for element_type in definition.types):
            return f"expected {' or '.join(definition.types)}, got {value.type}"
        if not _shape_fits(value.shape, definition.shape):
            return f"expected the shape {definition.shape}, got {value.shape}"
    return None


def _type_fits(value: OutputValue, element_type: ElementType) -> bool:
    """A language without sized integers returns i64, or f64, for all of them; what matters is that the numbers fit."""
    if value.type == element_type:
        return True
    numeric = value.type in FLOATS or value.type in INTEGERS
    return (
        numeric
        and element_type not in (*MEDIA, "string", "boolean")
        and all(_is_element(element, element_type) for element in value.elements)
    )


def _shape_fits(shape: list[int], expected: list[int]) -> bool:
    return len(shape) == len(expected) and all(want in (-1, got) for got, want in zip(shape, expected, strict=True))
