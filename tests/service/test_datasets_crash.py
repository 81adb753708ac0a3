"""What becomes of datasets when the host is killed, and how much memory a large one takes."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.datasets import Datasets
from ide_server.host.tensors import npy_header
from ide_server.wire import DatasetId, NewDataset, NewEntries
from tests.support.local_launchers import Laboratory, laboratory
from tests.support.memory import MEBIBYTE, memory_growth

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

LARGE = int(os.environ.get("SLIPWAY_TEST_LARGE_MEBIBYTES", "100"))
MAX_GROWTH = 64
AT_ONCE = 200
APPENDING = """
import asyncio, sys
from pathlib import Path
from ide_server.catalog import Catalog
from ide_server.host.datasets import Datasets
from ide_server.host.events import ModelEvents
from ide_server.settings import Settings
from ide_server.wire import NewEntries

async def append_for_ever(data_dir, dataset):
    settings = Settings(data_dir=Path(data_dir))
    datasets = Datasets(settings, Catalog.open(settings), ModelEvents())
    for number in range(1_000_000):
        values = {{"x": [number] * {at_once}, "text": [f"{{number}} " * 500] * {at_once}}}
        await datasets.append(dataset, NewEntries(values))
        print(number, flush=True)

asyncio.run(append_for_ever(*sys.argv[1:]))
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


async def test_a_host_that_is_killed_leaves_whole_appends_and_no_other(lab: Laboratory) -> None:
    dataset = (await lab.datasets.create(NewDataset("killed"))).id
    for _ in range(3):
        said = await asyncio.to_thread(append_until_killed, lab.settings.data_dir, dataset, appends=3)
        datasets = Datasets(lab.settings, lab.catalog, lab.events)
        await datasets.start()
        x, text = (await datasets.get(dataset)).keys
        assert x.entries == text.entries and x.entries % AT_ONCE == 0 and x.entries >= said * AT_ONCE
        numbers, texts = [await last_entries(datasets, dataset, key, x.entries) for key in ("x", "text")]
        assert {text.split()[0] for text in texts} == {str(number) for number in numbers}
        assert len(set(numbers)) == 1
        more = await datasets.append(dataset, NewEntries({"x": [1] * AT_ONCE, "text": ["a"] * AT_ONCE}))
        assert [key.entries for key in more.keys] == [x.entries + AT_ONCE] * 2
        assert await last_entries(datasets, dataset, "text", x.entries + AT_ONCE) == ["a"] * AT_ONCE


async def last_entries(datasets: Datasets, dataset: DatasetId, key: str, total: int) -> list[Any]:
    """Of the last append."""
    shown = await datasets.entries(dataset, key, start=total - AT_ONCE, count=AT_ONCE)
    return [entry.elements[0] for entry in shown.entries]


def append_until_killed(data_dir: Path, dataset: str, *, appends: int) -> int:
    """How many it said were done."""
    program = textwrap.dedent(APPENDING).format(at_once=AT_ONCE)
    child = subprocess.Popen([sys.executable, "-c", program, data_dir, dataset], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        for _ in range(appends):
            assert child.stdout.readline(), "it ended by itself"
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read()
    child.wait()
    return appends + rest.count("\n")


async def test_an_upload_is_never_in_memory_as_a_whole(lab: Laboratory) -> None:
    async def array() -> AsyncIterator[bytes]:
        yield npy_header("f32", [LARGE, MEBIBYTE // 4])
        for _ in range(LARGE):
            yield bytes(MEBIBYTE)

    async def table() -> AsyncIterator[bytes]:
        yield b"text,n\n"
        for number in range(LARGE * 4):
            yield (b"t" * 1000 + b",%d\n" % number) * 250

    with memory_growth() as growth:
        made = await lab.datasets.upload_new("array", "npy", "x", array())
        await lab.datasets.upload_new("table", "csv", "", table())
        await lab.datasets.entries(made.id, "x", start=0, count=100)
    assert made.keys[0].byte_size > LARGE * MEBIBYTE
    assert growth.mebibytes < MAX_GROWTH
