"""Datasets."""

from typing import Any, Literal

from ide_server.wire.base import DatasetId, ElementType, Message, Request
from ide_server.wire.values import OutputValue

DatasetFormat = Literal["csv", "jsonl", "npy", "zip"]


class DatasetKey(Message, frozen=True):
    """A list of entries, all of one type. shape: of each entry, -1 where they differ."""

    key: str
    type: ElementType
    shape: list[int]
    entries: int
    byte_size: int
    minimum: float | None = None
    """Of numbers, and None where they are not looked into."""
    maximum: float | None = None


class Dataset(Message, frozen=True):
    """Entries by key, which every model may use as inputs."""

    id: DatasetId
    name: str
    created_at: float
    changed_at: float
    keys: list[DatasetKey]


class NewDataset(Request, frozen=True):
    name: str


class DatasetChange(Request, frozen=True):
    name: str


class NewEntries(Request, frozen=True):
    """Entries to append, by key, as the values of parameters are written."""

    values: dict[str, list[Any]]
    types: dict[str, ElementType] = {}
    """Of keys that are new; one that is left out gets the type that its values show."""


class DatasetEntries(Message, frozen=True):
    """Some of the entries of a key. The index of a blob counts the files of its entry."""

    start: int
    total: int
    entries: list[OutputValue]
