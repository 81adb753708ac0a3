"""What the entries of a key are like, so that a definition can be held against all of them without reading them."""

import math
from collections.abc import Sequence
from typing import Any

from ide_server.catalog import KeyRecord, NumberRange
from ide_server.host.datasets.entries import Entries
from ide_server.host.parameters import FLOATS, INTEGERS
from ide_server.host.tensors import json_number

MAX_DISTINCT = 32
MAX_DISTINCT_CHARACTERS = 100


class Summary:
    """Grows with each batch. `range` and `distinct` are as catalog.KeyRecord has them."""

    def __init__(self, known: KeyRecord | None, shape: Sequence[int]) -> None:
        self.shape = [*shape] if known is None else known.shape
        self._range = None if known is None else known.range
        self._distinct = None if known is None or known.distinct is None else dict.fromkeys(known.distinct)
        self._is_new = known is None

    @property
    def range(self) -> NumberRange | None:
        return self._range

    @property
    def distinct(self) -> list[Any] | None:
        return None if self._distinct is None else [*self._distinct]

    def add(self, batch: Entries) -> None:
        self.add_shape(batch.shape)
        self._add_range(None if batch.elements is None else range_of(batch.type, batch.elements))
        self._add_distinct(batch)
        self._is_new = False

    def add_shape(self, shape: Sequence[int]) -> None:
        self.shape = [known if known == came else -1 for known, came in zip(self.shape, shape, strict=True)]

    def add_unseen(self) -> None:
        """An entry that nobody looked into."""
        self._range = self._distinct = None
        self._is_new = False

    def _add_range(self, came: NumberRange | None) -> None:
        self._range = came if self._is_new else united(self._range, came)

    def _add_distinct(self, batch: Entries) -> None:
        if batch.elements is None or batch.shape or (self._distinct is None and not self._is_new):
            self._distinct = None
            return
        known = self._distinct or {}
        known |= dict.fromkeys(map(as_json, set(batch.elements)))
        fits = len(known) <= MAX_DISTINCT and all(len(str(value)) <= MAX_DISTINCT_CHARACTERS for value in known)
        self._distinct = known if fits else None


def range_of(element_type: str, elements: Sequence[Any]) -> NumberRange | None:
    if element_type in INTEGERS:
        return NumberRange(min(elements, default=None), max(elements, default=None), whole=True)
    if element_type not in FLOATS:
        return None
    finite = [element for element in elements if math.isfinite(element)]
    whole = len(finite) == len(elements) and all(map(float.is_integer, finite))
    return NumberRange(min(finite, default=None), max(finite, default=None), whole)


def united(one: NumberRange | None, other: NumberRange | None) -> NumberRange | None:
    if one is None or other is None:
        return None
    lowest = [each.minimum for each in (one, other) if each.minimum is not None]
    highest = [each.maximum for each in (one, other) if each.maximum is not None]
    return NumberRange(min(lowest, default=None), max(highest, default=None), one.whole and other.whole)


def as_json(element: Any) -> Any:
    return json_number(element) if isinstance(element, float) else element
