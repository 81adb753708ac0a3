"""Entries that are written as JSON: in a request, or line by line in a file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.datasets.entries import MAX_LOOKED_INTO, Batch, Entries, Known, check_each, singles_of
from ide_server.host.datasets.media import check_format, type_of_format
from ide_server.host.parameters import FLOATS, INTEGERS, MAX_DEPTH, argument_of
from ide_server.host.tensors import MEDIA, flat_of, shape_of
from ide_server.wire import ElementType, MediaValue, NewEntries, ParameterDefinition

BATCH_ENTRIES = 1000
TYPES: Mapping[str, ElementType] = {
    "true and false": "boolean", "integers": "i64", "numbers": "f64", "texts": "string",
    "image": "image", "audio": "audio", "video": "video", "binary": "binary",
}  # fmt: skip
"""By the kind of values that a key shows."""


class Shown:
    """What the values of a key have shown of their type so far."""

    def __init__(self, key: str) -> None:
        self.rank = 0
        self._key = key
        self._kinds: set[str] = set()

    def add(self, value: Any) -> None:
        self._add(value, depth=0)

    def _add(self, value: Any, *, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"{self._key!r}: expected at most {MAX_DEPTH} levels of lists.")
        self.rank = max(self.rank, depth)
        if not isinstance(value, list):
            self._kinds.add(kind_of(value))
        elif not value:
            self.rank = max(self.rank, depth + 1)
        else:
            for item in value:
                self._add(item, depth=depth + 1)

    @property
    def type(self) -> ElementType:
        """Raises InvalidRequest where they are of several."""
        kinds = self._kinds - {"null"}
        if kinds == {"integers", "numbers"} or (kinds == {"integers"} and "null" in self._kinds):
            kinds = {"numbers"}
        if len(kinds) != 1 or not kinds <= TYPES.keys():
            came = ", ".join(sorted(kinds)) or "nothing that shows a type"
            raise InvalidRequest(
                f"{self._key!r}: expected numbers, texts, true and false, or files as {{format, base64}}, all of one "
                f"kind; got {came}."
            )
        return TYPES[kinds.pop()]


def kind_of(value: Any) -> str:
    """In words, as TYPES has them; or null, or what it is in JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true and false"
        case int() if INTEGERS["i64"][0] <= value <= INTEGERS["i64"][1]:
            return "integers"
        case int() | float():
            return "numbers"
        case str():
            return "texts"
    try:
        return type_of_format(msgspec.convert(value, MediaValue).format)
    except msgspec.ValidationError:
        return "objects"


def batches_of(new: NewEntries, known: Known) -> Iterator[Batch]:
    """Of a request. Raises InvalidRequest."""
    for key, values in new.values.items():
        shown = Shown(key)
        for value in values:
            shown.add(value)
        definition = definition_of(key, known, shown=shown, named=new.types.get(key))
        for start in range(0, len(values), BATCH_ENTRIES):
            some = values[start : start + BATCH_ENTRIES]
            yield from encoded(definition, some, [f"Entry {start + index}" for index in range(len(some))])


def definition_of(key: str, known: Known, *, shown: Shown, named: ElementType | None = None) -> ParameterDefinition:
    """What every value of a key has to fit. Raises InvalidRequest."""
    if (record := known.get(key)) is not None:
        if named not in (None, record.type):
            raise InvalidRequest(f"{key!r} holds entries of {record.type}, got {named}. Use another key.")
        return ParameterDefinition(key, [record.type], [-1] * len(record.shape))
    return ParameterDefinition(key, [named or shown.type], [-1] * shown.rank)


def encoded(definition: ParameterDefinition, values: Sequence[Any], places: Sequence[str]) -> Iterator[Batch]:
    """`places` say where the values stand, for the error of one that does not fit."""
    key, (element_type,) = definition.name, definition.types
    values = [filled(value, definition) for value in values]
    check_each(definition, values, places)
    if not definition.shape and element_type not in MEDIA:
        yield singles_of(key, element_type, [as_element(value, element_type) for value in values], places)
        return
    for value in values:
        check_formats(value, element_type)
        data = argument_of(value, definition).values
        assert isinstance(data, bytes)
        shape = shape_of(value)
        shape += [0] * (len(definition.shape) - len(shape))
        yield Entries(key, element_type, shape, [data], looked_into(value, element_type))


def check_formats(value: Any, element_type: ElementType) -> None:
    """Raises InvalidRequest."""
    for file in flat_of(value) if element_type in MEDIA else ():
        check_format(file["format"])


def filled(value: Any, definition: ParameterDefinition) -> Any:
    """In place of a null that stands alone."""
    if value is None and not definition.shape:
        return {"string": "", "f32": "nan", "f64": "nan"}.get(definition.types[0])
    return value


def looked_into(value: Any, element_type: ElementType) -> list[Any] | None:
    if element_type in MEDIA:
        return None
    flat = flat_of(value)
    return [as_element(each, element_type) for each in flat] if len(flat) <= MAX_LOOKED_INTO else None


def as_element(value: Any, element_type: ElementType) -> Any:
    """JSON may write 2 as 2.0, and has words for what is no number."""
    return int(value) if element_type in INTEGERS else float(value) if element_type in FLOATS else value
