"""All datasets of this host: made, filled, read, deleted.

A dataset's row says how much of its files counts. An append writes behind that, syncs, and then changes the row: after
a crash the dataset is what it was before, or all of what was appended is there. So whoever reads as many entries as
there once were sees the same ones, whatever is appended meanwhile.
"""

import asyncio
import errno
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar
from weakref import WeakValueDictionary

import anyio
import msgspec

from ide_server.catalog import Catalog, DatasetRecord, KeyRecord, new_id
from ide_server.errors import AlreadyExists, DatasetInUse, DatasetNotFound, FilesystemUnavailable, InvalidRequest
from ide_server.host.datasets.appending import Appending, check_key, files_of, sync
from ide_server.host.datasets.archives import read_zip
from ide_server.host.datasets.columns import DatasetColumn
from ide_server.host.datasets.csv_tables import read_csv
from ide_server.host.datasets.entries import Batch, Known
from ide_server.host.datasets.json_lines import read_json_lines
from ide_server.host.datasets.json_values import batches_of
from ide_server.host.datasets.npy import read_npy
from ide_server.host.datasets.preview import MAX_ENTRIES, Payload, Reader
from ide_server.host.events import ModelEvents
from ide_server.host.uploads import spooled
from ide_server.names import checked_name
from ide_server.settings import Settings
from ide_server.wire import (
    Dataset,
    DatasetChange,
    DatasetEntries,
    DatasetFormat,
    DatasetId,
    DatasetsChanged,
    DatasetValue,
    NewDataset,
    NewEntries,
)

T = TypeVar("T")

TOLD_SECONDS = 0.3
FULL = (errno.ENOSPC, errno.EDQUOT)
"""The disk may be filled by others after there was room."""
BATCHES_AT_ONCE = 50
"""Between two looks at whether anybody still waits for it."""


@dataclass(frozen=True)
class Content:
    """One entry's bytes, or those of a file in it."""

    path: Path
    payload: Payload
    start: int
    byte_size: int
    format: str


@dataclass(frozen=True)
class Reading:
    """What an operation reads: nothing of it is deleted until it is closed.

    `parameters` are those that were asked for, with every dataset by its id and with the number of its entries.
    """

    parameters: dict[str, Any]
    columns: dict[str, DatasetColumn]
    close: Callable[[], None]


class Datasets:
    def __init__(self, settings: Settings, catalog: Catalog, events: ModelEvents) -> None:
        self._data_dir = settings.data_dir
        self._folder = settings.data_dir / "datasets"
        self._catalog = catalog
        self._events = events
        self.changed_at = time.time()
        """When the list of them was another for the last time."""
        self._telling: asyncio.TimerHandle | None = None
        self._readers: Counter[DatasetId] = Counter()
        self._appends: WeakValueDictionary[DatasetId, asyncio.Lock] = WeakValueDictionary()
        self._rows = asyncio.Lock()
        """Held for moments: between it, what a reader found stays."""

    async def start(self) -> None:
        """Before the first append: what a host that was killed left half-made goes."""
        kept = {record.id: {key.file for key in record.keys} for record in await self._catalog.datasets.list()}
        await asyncio.to_thread(_remove_others, self._folder, kept)

    def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()

    # --- what a person does ---

    async def list(self) -> list[Dataset]:
        """The newest first."""
        return [record.as_dataset() for record in await self._catalog.datasets.list()]

    async def get(self, dataset_id: DatasetId) -> Dataset:
        """Raises DatasetNotFound."""
        return (await self._catalog.datasets.get(dataset_id)).as_dataset()

    async def create(self, new: NewDataset) -> Dataset:
        """Raises InvalidRequest, AlreadyExists."""
        record = await self._catalog.datasets.create(DatasetId(new_id()), checked_name(new.name), [])
        self._announce()
        return record.as_dataset()

    async def change(self, dataset_id: DatasetId, change: DatasetChange) -> Dataset:
        """Raises DatasetNotFound, InvalidRequest, AlreadyExists."""
        await self._catalog.datasets.get(dataset_id)
        await self._catalog.datasets.rename(dataset_id, checked_name(change.name))
        self._announce()
        return await self.get(dataset_id)

    async def delete(self, dataset_id: DatasetId) -> None:
        """Raises DatasetNotFound, DatasetInUse."""
        async with self._append_lock(dataset_id), self._rows:
            self._check_unread(await self._catalog.datasets.get(dataset_id))
            await self._catalog.datasets.delete(dataset_id)
        self._announce()
        await asyncio.to_thread(shutil.rmtree, self._folder / dataset_id, ignore_errors=True)

    async def delete_key(self, dataset_id: DatasetId, key: str) -> Dataset:
        """Raises DatasetNotFound, DatasetInUse."""
        async with self._append_lock(dataset_id), self._rows:
            record = await self._catalog.datasets.get(dataset_id)
            gone = key_of(record, key)
            self._check_unread(record)
            await self._catalog.datasets.set_keys(dataset_id, [each for each in record.keys if each.key != key])
        self._announce()
        await asyncio.to_thread(_unlink_all, files_of(self._folder / dataset_id, gone.file))
        return await self.get(dataset_id)

    async def append(self, dataset_id: DatasetId, new: NewEntries) -> Dataset:
        """Raises DatasetNotFound, InvalidRequest, FilesystemUnavailable."""
        return await self._append(dataset_id, lambda known: batches_of(new, known))

    async def upload(
        self, dataset_id: DatasetId, file_format: DatasetFormat, key: str, chunks: AsyncIterator[bytes]
    ) -> Dataset:
        """Appends what is in a file. Raises as append does."""
        await self._catalog.datasets.get(dataset_id)
        async with self._spooled(file_format, key, chunks) as read:
            return await self._append(dataset_id, read)

    async def upload_new(
        self, name: str, file_format: DatasetFormat, key: str, chunks: AsyncIterator[bytes]
    ) -> Dataset:
        """A dataset of what is in a file, once all of it is there. Raises as create and append do."""
        name = checked_name(name)
        if any(record.name == name for record in await self._catalog.datasets.list()):
            raise AlreadyExists(f"There is a dataset named {name!r} already. Choose another name.")
        dataset_id = DatasetId(new_id())
        async with self._spooled(file_format, key, chunks) as read:
            folder = await asyncio.to_thread(self._made_folder, dataset_id)
            try:
                keys = await _append_all(Appending(folder, []), read({}))
            except BaseException:  # also where the request is cancelled: nothing stays half-made
                await in_thread(lambda: shutil.rmtree(folder, ignore_errors=True))
                raise
            # Where this fails the folder stays until the next start: the database may have kept the row after all.
            record = await self._catalog.datasets.create(dataset_id, name, keys)
        self._announce()
        return record.as_dataset()

    # --- looking at entries ---

    async def entries(self, dataset_id: DatasetId, key: str, *, start: int, count: int) -> DatasetEntries:
        """At most MAX_ENTRIES of them, cut where they are large. Raises DatasetNotFound."""
        record = key_of(await self._catalog.datasets.get(dataset_id), key)
        count = max(0, min(count, MAX_ENTRIES, record.entries - start))
        reader = Reader(self._folder / dataset_id, record)
        shown = await _looked_at(lambda: reader.show(start, count)) if count else []
        return DatasetEntries(start, record.entries, shown)

    async def content(self, dataset_id: DatasetId, key: str, index: int, file: int) -> Content:
        """A file of an entry; of one that has none, all of it. Raises DatasetNotFound."""
        record = key_of(await self._catalog.datasets.get(dataset_id), key)
        if index >= record.entries:
            raise DatasetNotFound(f"{key!r} has {record.entries:,} entries, none at index {index:,}.")
        reader = Reader(self._folder / dataset_id, record)
        payload = await _looked_at(lambda: reader.payload(index))
        files = payload.header.files
        if not files:
            return Content(reader.path, payload, payload.start, payload.byte_size, "")
        if file >= len(files):
            raise DatasetNotFound(f"The entry has {len(files):,} files, none at index {file:,}.")
        start = payload.start + sum(each.byte_size for each in files[:file])
        return Content(reader.path, payload, start, files[file].byte_size, files[file].format)

    # --- as inputs ---

    async def open(self, parameters: Mapping[str, Any]) -> Reading:
        """The datasets among parameters. Raises DatasetNotFound, InvalidRequest."""
        asked = {name: value for name, each in parameters.items() if (value := dataset_value(each)) is not None}
        pinned, columns, held = dict(parameters), {}, Counter[DatasetId]()

        def close() -> None:
            self._readers -= held
            held.clear()

        try:
            for name, value in asked.items():
                async with self._rows:
                    record = await self._catalog.datasets.find(value.dataset)
                    self._readers[record.id] += 1
                    held[record.id] += 1
                column = await self._column(record, value)
                columns[name] = column
                pinned[name] = msgspec.to_builtins(DatasetValue(record.id, value.key, column.entries))
        except BaseException:
            close()
            raise
        return Reading(pinned, columns, close)

    async def _column(self, record: DatasetRecord, value: DatasetValue) -> DatasetColumn:
        key = key_of(record, value.key)
        count = key.entries if value.entries is None else value.entries
        if not 0 <= count <= key.entries:
            raise InvalidRequest(f"{value.key!r} of {record.name!r} has {key.entries:,} entries, asked for {count:,}.")
        reader = Reader(self._folder / record.id, key)
        byte_size = await asyncio.to_thread(reader.end_of, count)
        return DatasetColumn(key, count, byte_size, str(reader.path), str(reader.ends_path))

    def _check_unread(self, record: DatasetRecord) -> None:
        if self._readers[record.id]:
            raise DatasetInUse(
                f"{self._readers[record.id]} inputs of operations that have not ended are {record.name!r}. Delete it "
                "when they have, or stop them."
            )

    # --- appending ---

    async def _append(self, dataset_id: DatasetId, read: Callable[[Known], Iterator[Batch]]) -> Dataset:
        async with self._append_lock(dataset_id):
            record = await self._catalog.datasets.get(dataset_id)
            folder = await asyncio.to_thread(self._made_folder, dataset_id)
            appending = Appending(folder, record.keys)
            try:
                keys = await _append_all(appending, read({key.key: key for key in record.keys}))
            except BaseException:  # also where the request is cancelled: the files are again what the row says
                await in_thread(appending.discard)
                raise
            # Where this fails the files stay as they are: the database may have kept the row after all.
            await self._catalog.datasets.set_keys(dataset_id, keys)
        self._announce()
        return await self.get(dataset_id)

    @asynccontextmanager
    async def _spooled(
        self, file_format: DatasetFormat, key: str, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[Callable[[Known], Iterator[Batch]]]:
        """All of a file, on disk: what its entries are shows only at its end."""
        if file_format == "npy":
            check_key(key)
        async with spooled(self._data_dir, chunks) as file:
            yield lambda known: batches_in(file, file_format, key, known)

    def _announce(self) -> None:
        """After a moment: a program may append many times a second."""
        self.changed_at = time.time()
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TOLD_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._events.publish_everywhere(DatasetsChanged(self.changed_at))

    def _append_lock(self, dataset_id: DatasetId) -> asyncio.Lock:
        """One append after the other; a deletion after all of them."""
        return self._appends.setdefault(dataset_id, asyncio.Lock())

    def _made_folder(self, dataset_id: DatasetId) -> Path:
        folder = self._folder / dataset_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync(self._folder)
        return folder


def dataset_value(value: Any) -> DatasetValue | None:
    """None for a value that is given as it is. Raises InvalidRequest."""
    if not isinstance(value, dict) or "dataset" not in value:
        return None
    try:
        return msgspec.convert(value, DatasetValue)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"Expected a dataset as {{dataset, key}}: {error}.") from error


def key_of(record: DatasetRecord, key: str) -> KeyRecord:
    """Raises DatasetNotFound."""
    for each in record.keys:
        if each.key == key:
            return each
    has = ", ".join(repr(each.key) for each in record.keys[:20]) or "none"
    raise DatasetNotFound(f"The dataset {record.name!r} has no key {key[:100]!r}. It has {has}.")


def batches_in(file: IO[bytes], file_format: DatasetFormat, key: str, known: Known) -> Iterator[Batch]:
    """Raises InvalidRequest."""
    file.seek(0)
    match file_format:
        case "csv":
            return read_csv(file, known)
        case "jsonl":
            return read_json_lines(file, known)
        case "npy":
            return read_npy(file, key)
        case "zip":
            return read_zip(file)


async def _looked_at(look: Callable[[], T]) -> T:
    """Raises DatasetNotFound where it is deleted in that moment."""
    try:
        return await asyncio.to_thread(look)
    except FileNotFoundError:
        raise DatasetNotFound("These entries have just been deleted.") from None


async def _append_all(appending: Appending, batches: Iterator[Batch]) -> list[KeyRecord]:
    try:
        while await in_thread(lambda: _add_some(appending, batches)):
            pass
        return await in_thread(appending.finish)
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise FilesystemUnavailable(
            "The server's disk is full, so nothing was appended. Delete datasets, models or operations, or tell "
            "whoever runs the server."
        ) from error


async def in_thread(work: Callable[[], T]) -> T:
    """Waits for its end even where it is cancelled: two threads never write at once."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):
            await asyncio.wait([task])
        raise


def _add_some(appending: Appending, batches: Iterator[Batch]) -> bool:
    """Whether there may be more."""
    for _ in range(BATCHES_AT_ONCE):
        batch = next(batches, None)
        if batch is None:
            return False
        appending.add(batch)
    return True


def _unlink_all(paths: tuple[Path, ...]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _remove_others(folder: Path, kept: Mapping[DatasetId, set[str]]) -> None:
    for entry in folder.iterdir() if folder.is_dir() else ():
        files = kept.get(DatasetId(entry.name))
        if files is None:
            shutil.rmtree(entry)
        else:
            _unlink_all(tuple(path for path in entry.iterdir() if path.stem not in files))
