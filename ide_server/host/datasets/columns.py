"""A key of a dataset as an input: held against a definition by its summary, read from its files as it is."""

from dataclasses import replace
from pathlib import Path

import msgspec

from ide_server.catalog import KeyRecord
from ide_server.host.parameters import FLOATS, INTEGERS, Argument
from ide_server.wire import ElementType, ParameterDefinition


class DatasetColumn(msgspec.Struct, frozen=True):
    """The first `entries` of a key: as many as there were when they were asked for, however many come later."""

    record: KeyRecord
    entries: int
    byte_size: int
    values: str
    """The path of their file, and below that of the file of where each ends."""
    ends: str

    def argument(self) -> Argument:
        """As they are."""
        return Argument(Path(self.values), self.byte_size, self.entries, Path(self.ends), single=False)

    def problem(self, definition: ParameterDefinition) -> str | None:
        """Why not every entry fits, in words; None if all do."""
        if all(self._type_problem(element_type) is not None for element_type in definition.types):
            return self._type_problem(definition.types[0])
        return self._shape_problem(definition) or self._choice_problem(definition) or self._limit_problem(definition)

    def fitting(self, definition: ParameterDefinition) -> Argument:
        """Of one that has no problem: numbers are of the definition's type when the code sees them."""
        if self.record.type in definition.types:
            return self.argument()
        kind = next(kind for kind in definition.types if self._type_problem(kind) is None)
        return replace(self.argument(), cast=kind)

    def _type_problem(self, expected: ElementType) -> str | None:
        record = self.record
        if record.type == expected:
            return None
        came = f"expected {expected}, got a dataset of {record.type}"
        if not (is_number(expected) and is_number(record.type)):
            return came
        if expected in FLOATS:
            return None
        lowest, highest = INTEGERS[expected]
        if record.type in INTEGERS and lowest <= INTEGERS[record.type][0] and INTEGERS[record.type][1] <= highest:
            return None
        numbers = record.range
        if numbers is None:
            return f"{came} that is not looked into, as its entries are large"
        if not numbers.whole:
            return f"{came} with numbers that are no integers"
        least, most = numbers.minimum, numbers.maximum
        if least is None or most is None or lowest <= least <= most <= highest:
            return None
        return f"{came} from {least:g} to {most:g}"

    def _shape_problem(self, definition: ParameterDefinition) -> str | None:
        came, expected = self.record.shape, definition.shape
        if len(came) == len(expected) and all(want in (-1, got) for want, got in zip(expected, came, strict=True)):
            return None
        return f"expected entries of the shape {expected}, got a dataset of {came}"

    def _choice_problem(self, definition: ParameterDefinition) -> str | None:
        if not definition.choices:
            return None
        if self.record.distinct is None:
            return f"expected one of {len(definition.choices)} choices, got a dataset of many different values"
        other = next((value for value in self.record.distinct if value not in definition.choices), None)
        return None if other is None else f"expected one of the choices, got a dataset with {other!r:.60} in it"

    def _limit_problem(self, definition: ParameterDefinition) -> str | None:
        numbers = self.record.range
        if numbers is None or numbers.minimum is None or numbers.maximum is None:
            return None
        if definition.minimum is not None and numbers.minimum < definition.minimum:
            return f"expected at least {definition.minimum:g}, got a dataset with {numbers.minimum:g} in it"
        if definition.maximum is not None and numbers.maximum > definition.maximum:
            return f"expected at most {definition.maximum:g}, got a dataset with {numbers.maximum:g} in it"
        return None


def is_number(element_type: ElementType) -> bool:
    return element_type in FLOATS or element_type in INTEGERS
