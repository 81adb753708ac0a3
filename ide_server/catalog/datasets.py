"""Rows of datasets: what each key holds, and how much of its file counts."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import AlreadyExists, DatasetNotFound
from ide_server.wire import Dataset, DatasetId, DatasetKey, ElementType


class NumberRange(msgspec.Struct, frozen=True):
    """What numbers lie within. minimum and maximum: of the finite ones; None: there are none."""

    minimum: int | float | None
    maximum: int | float | None
    whole: bool
    """All are integers."""


class KeyRecord(msgspec.Struct, frozen=True):
    key: str
    file: str
    """The name of its files; what lies in them beyond `entries` and `byte_size` does not count."""
    type: ElementType
    shape: list[int]
    """-1 where entries differ."""
    entries: int
    byte_size: int
    range: NumberRange | None
    """None: no numbers, or too many to be looked into."""
    distinct: list[Any] | None
    """All values of one that holds few; None: too many, or no single values."""

    def as_key(self) -> DatasetKey:
        limits = self.range or NumberRange(None, None, whole=False)
        return DatasetKey(self.key, self.type, self.shape, self.entries, self.byte_size, limits.minimum, limits.maximum)


class DatasetRecord(msgspec.Struct, frozen=True):
    id: DatasetId
    name: str
    created_at: float
    changed_at: float
    keys: list[KeyRecord]

    def as_dataset(self) -> Dataset:
        return Dataset(self.id, self.name, self.created_at, self.changed_at, [key.as_key() for key in self.keys])


class Datasets:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, dataset_id: DatasetId, name: str, keys: Sequence[KeyRecord]) -> DatasetRecord:
        """Raises AlreadyExists."""
        now = time.time()
        record = DatasetRecord(dataset_id, name, now, now, [*keys])
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(schema.datasets).values(msgspec.to_builtins(record)))
        except IntegrityError:
            raise _taken(record.name) from None
        return record

    async def list(self) -> list[DatasetRecord]:
        """The newest first."""
        query = select(schema.datasets).order_by(schema.datasets.c.created_at.desc())
        async with self._engine.connect() as connection:
            return [_record(row) for row in await connection.execute(query)]

    async def get(self, dataset_id: DatasetId) -> DatasetRecord:
        """Raises DatasetNotFound."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(schema.datasets).where(_is(dataset_id)))).first()
        if row is None:
            raise DatasetNotFound(f"There is no dataset {dataset_id[:100]!r}; it may have been deleted.")
        return _record(row)

    async def find(self, name: str) -> DatasetRecord:
        """By its id or its name. Raises DatasetNotFound."""
        query = select(schema.datasets).where((schema.datasets.c.id == name) | (schema.datasets.c.name == name))
        async with self._engine.connect() as connection:
            found = [_record(row) for row in await connection.execute(query)]
        if not found:
            raise DatasetNotFound(f"There is no dataset with the id or name {name[:100]!r}; it may have been deleted.")
        return next((record for record in found if record.id == name), found[0])

    async def rename(self, dataset_id: DatasetId, name: str) -> None:
        """Raises AlreadyExists."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(update(schema.datasets).where(_is(dataset_id)).values(name=name))
        except IntegrityError:
            raise _taken(name) from None

    async def set_keys(self, dataset_id: DatasetId, keys: Sequence[KeyRecord]) -> None:
        values = {"keys": msgspec.to_builtins([*keys]), "changed_at": time.time()}
        async with self._engine.begin() as connection:
            await connection.execute(update(schema.datasets).where(_is(dataset_id)).values(values))

    async def delete(self, dataset_id: DatasetId) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.datasets).where(_is(dataset_id)))


def _is(dataset_id: DatasetId) -> Any:
    return schema.datasets.c.id == dataset_id


def _record(row: Any) -> DatasetRecord:
    return msgspec.convert(row, DatasetRecord, from_attributes=True)


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"There is a dataset named {name!r} already. Choose another name.")
