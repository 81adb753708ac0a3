"""Datasets through their routes, and as inputs of operations on real runners, Python and Node."""

import asyncio
import base64
import contextlib
import errno
import io
import os
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from ide_server.errors import DatasetInUse, DatasetNotFound, FilesystemUnavailable, InvalidRequest
from ide_server.host import disk
from ide_server.host.datasets import Datasets
from ide_server.host.routes import datasets
from ide_server.host.tensors import npy_header
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.wire import DatasetChange, DatasetId, DatasetsChanged, NewDataset, NewEntries
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
CSV = b"x,label\n1,a\n2,b\n3,a\n"


class Served:
    def __init__(self, client: TestClient, lab: Laboratory) -> None:
        self.client = client
        self.folder = lab.settings.data_dir / "datasets"

    def upload(self, name: str, content: bytes, format: str, **query: str) -> Any:
        params = {"name": name, "format": format, **query}
        return self.client.post("/api/v1/datasets/upload", params=params, content=content)

    def made(self, name: str, content: bytes, format: str, **query: str) -> str:
        reply = self.upload(name, content, format, **query)
        assert reply.status_code == 201, reply.json()
        return f"/api/v1/datasets/{reply.json()['id']}"

    def entries(self, dataset: str, key: str, **query: int) -> dict[str, Any]:
        reply: dict[str, Any] = self.client.get(f"{dataset}/entries", params={"key": key, **query}).json()
        return reply

    def files(self) -> list[str]:
        """What is on disk."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made: list[Laboratory] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with laboratory(tmp_path) as lab:
            made.append(lab)
            yield {"datasets": lab.datasets}

    app = Starlette(
        routes=[Mount("/api/v1", routes=datasets.routes)], exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan
    )
    with TestClient(app) as client:
        yield Served(client, made[0])


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


def zip_of(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


# --- routes ---


def test_a_dataset_is_made_filled_renamed_looked_at_and_deleted(served: Served) -> None:
    made = served.client.post("/api/v1/datasets", json={"name": "first"})
    assert made.status_code == 201
    dataset = f"/api/v1/datasets/{made.json()['id']}"
    appended = served.client.post(f"{dataset}/entries", json={"values": {"x": [1, 2.5], "t": [[1, 2], [3, 4]]}})
    assert appended.status_code == 200
    x, t = appended.json()["keys"]
    assert x == {"key": "x", "type": "f64", "shape": [], "entries": 2, "byte_size": 144, "minimum": 1.0, "maximum": 2.5}
    assert (t["type"], t["shape"], t["entries"]) == ("i64", [2], 2)
    assert served.entries(dataset, "t", start=1) == {
        "start": 1,
        "total": 2,
        "entries": [{"type": "i64", "shape": [2], "elements": [3, 4], "blobs": [], "truncated": False}],
    }
    assert served.client.patch(dataset, json={"name": "second"}).json()["name"] == "second"
    assert [each["name"] for each in served.client.get("/api/v1/datasets").json()] == ["second"]
    left = served.client.delete(f"{dataset}/keys", params={"key": "x"}).json()["keys"]
    assert [each["key"] for each in left] == ["t"]
    assert len(served.files()) == 2
    assert served.client.delete(dataset).status_code == 204
    assert (served.client.get(dataset).json()["error"]["code"], served.files()) == ("dataset_not_found", [])


def test_files_become_datasets_and_are_appended_to_them(served: Served) -> None:
    dataset = served.made("table", CSV, "csv")
    lines = b'{"x": 4, "label": "c"}\n'
    appended = served.client.post(f"{dataset}/upload", params={"format": "jsonl"}, content=lines)
    assert [(key["key"], key["type"], key["entries"]) for key in appended.json()["keys"]] == [
        ("x", "i64", 4),
        ("label", "string", 4),
    ]
    more = npy_header("u8", [2]) + b"\1\2"
    appended = served.client.post(f"{dataset}/upload", params={"format": "npy", "key": "y"}, content=more)
    assert [key["key"] for key in appended.json()["keys"]] == ["x", "label", "y"]
    assert [entry["elements"] for entry in served.entries(dataset, "label")["entries"]] == [["a"], ["b"], ["a"], ["c"]]


def test_a_file_that_does_not_fit_leaves_everything_as_it_was(served: Served) -> None:
    dataset = served.made("table", CSV, "csv")
    before, files = served.client.get(dataset).json(), served.files()
    sizes = [(served.folder / name).stat().st_size for name in files]
    for reply in (
        served.upload("table", CSV, "csv"),
        served.upload("other", b"x\n", "csv"),
        served.upload("other", CSV, "xml"),
        served.upload("other", npy_header("u8", [2]) + b"\1\2", "npy"),
        served.upload(" ", CSV, "csv"),
        served.client.post(f"{dataset}/upload", params={"format": "csv"}, content=b"x,new\n5,1\nno,2\n"),
        served.client.post(f"{dataset}/entries", json={"values": {"x": [7, "seven"]}}),
    ):
        assert reply.status_code in (400, 409), reply.json()
    assert served.client.get("/api/v1/datasets").json() == [before]
    assert (served.files(), [(served.folder / name).stat().st_size for name in files]) == (files, sizes)


def test_a_client_that_leaves_in_the_middle_of_an_upload_leaves_nothing(served: Served) -> None:
    def cut_off() -> Iterator[bytes]:
        yield CSV
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        served.client.post("/api/v1/datasets/upload", params={"name": "n", "format": "csv"}, content=cut_off())
    assert (served.client.get("/api/v1/datasets").json(), served.files()) == ([], [])


def test_media_have_addresses_of_their_own_and_are_never_run_by_the_page(served: Served) -> None:
    script = b"<script>alert(1)</script>"
    images = served.made("images", zip_of({"cat/1.png": PNG, "dog/2.svg": script}), "zip")
    shown = served.entries(images, "image")["entries"]
    assert [entry["blobs"][0]["format"] for entry in shown] == ["png", "svg"]
    first, second = (
        served.client.get(f"{images}/entries/{index}/content", params={"key": "image"}) for index in range(2)
    )
    assert (first.content, second.content) == (PNG, script)
    assert (first.headers["content-type"], second.headers["content-type"]) == ("image/png", "application/octet-stream")
    assert first.headers["content-disposition"].startswith("inline")
    assert second.headers["content-disposition"].startswith("attachment")
    assert {reply.headers["x-content-type-options"] for reply in (first, second)} == {"nosniff"}


def test_a_tensor_is_downloaded_as_npy_and_texts_as_json(served: Served) -> None:
    made = served.client.post("/api/v1/datasets", json={"name": "all"}).json()
    dataset = f"/api/v1/datasets/{made['id']}"
    values = {"t": [[0.5, 2]], "w": [["a", "ü"]]}
    served.client.post(f"{dataset}/entries", json={"values": values})
    tensor, texts = (served.client.get(f"{dataset}/entries/0/content", params={"key": key}) for key in "tw")
    assert tensor.content.startswith(npy_header("f64", [2])) and len(tensor.content) == len(npy_header("f64", [2])) + 16
    assert texts.content.decode() == '["a", "ü"]'


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nowhere", "dataset_not_found"),
        ("/nowhere/entries?key=x", "dataset_not_found"),
        ("/{}/entries", "invalid_request"),
        ("/{}/entries?key=nothing", "dataset_not_found"),
        ("/{}/entries?key=x&start=-1", "invalid_request"),
        ("/{}/entries?key=x&count=many", "invalid_request"),
        ("/{}/entries/3/content?key=x", "dataset_not_found"),
    ],
)
def test_what_is_not_there_is_named(served: Served, path: str, code: str) -> None:
    dataset = served.made("table", CSV, "csv").rpartition("/")[2]
    reply = served.client.get("/api/v1/datasets" + path.format(dataset))
    assert reply.json()["error"]["code"] == code


def test_entries_beyond_the_end_are_none(served: Served) -> None:
    dataset = served.made("table", CSV, "csv")
    assert served.entries(dataset, "x", start=2, count=10**14)["entries"][0]["elements"] == [3]
    assert served.entries(dataset, "x", start=3) == {"start": 3, "total": 3, "entries": []}


# --- as inputs ---

PYTHON = """
def evaluate(params):
    x = params["x"]
    first = [x[0], type(x[0]).__name__]
    x.shuffle_in_group([params["label"]])
    return {"n": len(x), "first": list(map(str, first)), "pairs": [f"{a:g}{b}" for a, b in zip(x, params["label"])]}
def train(params, tracker):
    loader = params["x"]
    while loader.has_next():
        tracker.metrics({"sum": sum(loader.next(2))})
def createModelState(params):
    return str(sum(params["x"])).encode() if "x" in params else b"none"
def getModelState(): return b"trained"
"""
WAITING = """
import os, time
while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")): time.sleep(0.01)
"""
NODE = """
export function evaluate({ x, label }) {
  const first = [String(x.at(0)), typeof x.at(0)];
  x.shuffleInGroup([label]);
  return { n: x.length, first, pairs: Array.from(x, (a, i) => `${a}${label.at(i)}`) };
}
export async function train(params, tracker) {
  const loader = params.x;
  while (loader.hasNext()) tracker.metrics({ sum: (await loader.next(2)).reduce((a, b) => a + b, 0) });
}
export function createModelState({ x }) { return Buffer.from(x ? String([...x].reduce((a, b) => a + b, 0)) : "none"); }
export function getModelState() { return Buffer.from("trained"); }
"""
TOML = """
[[evaluate_input]]
name = "x"
types = ["f64"]
maximum = 10
[[evaluate_input]]
name = "label"
types = ["string"]
choices = ["a", "b", "c"]
[[train]]
name = "x"
types = ["f64"]
[[create_state]]
name = "x"
types = ["f64"]
required = false
"""


@pytest.fixture(params=["python", "node"])
def code(request: pytest.FixtureRequest) -> dict[str, str]:
    return {"main.py": PYTHON} if request.param == "python" else {"index.mjs": NODE}


async def a_table(lab: Laboratory, name: str = "table") -> DatasetId:
    made = await lab.datasets.create(NewDataset(name))
    await lab.datasets.append(made.id, NewEntries({"x": [1, 2, 3], "label": ["a", "b", "c"]}))
    return made.id


async def test_a_dataset_is_evaluated_trained_on_and_made_a_state_of(lab: Laboratory, code: dict[str, str]) -> None:
    lab.write({**code, "slipway.toml": TOML})
    dataset = await a_table(lab)
    x, label = ({"dataset": "table", "key": key} for key in ("x", "label"))
    evaluated = await lab.run("evaluate", {"x": x, "label": label})
    assert evaluated.outcome == ("succeeded", None), evaluated.message
    output = await lab.output(evaluated.operation.id)
    assert (output["n"], sorted(output["pairs"])) == ([3], ["1a", "2b", "3c"])
    assert output["first"] in (["1.0", "float"], ["1", "number"])
    assert evaluated.operation.parameters["x"] == {"dataset": dataset, "key": "x", "entries": 3}

    trained = await lab.run("train", {"x": {"dataset": dataset, "key": "x", "entries": 2}})
    assert (trained.outcome[0], trained.metrics) == ("succeeded", [("sum", 0, 3.0)])
    created = await lab.run("createModelState", {"x": x})
    assert created.operation.result_state_id is not None
    keys = await lab.states.keys(lab.model_id, created.operation.result_state_id)
    assert float(keys[""].read_bytes()) == 6


async def test_shuffled_a_dataset_comes_in_every_order(lab: Laboratory, code: dict[str, str]) -> None:
    lab.write(code)
    await a_table(lab)
    values = {"x": {"dataset": "table", "key": "x"}, "label": {"dataset": "table", "key": "label"}}
    orders: set[tuple[str, ...]] = set()
    while len(orders) < 2:  # the same one forever has no chance
        finished = await lab.run("evaluate", values)
        assert finished.outcome == ("succeeded", None), finished.message
        orders.add(tuple((await lab.output(finished.operation.id))["pairs"]))
    assert all(sorted(order) == ["1a", "2b", "3c"] for order in orders)


async def test_an_operation_keeps_the_entries_that_there_were_when_it_was_asked_for(lab: Laboratory) -> None:
    lab.write({"main.py": WAITING + PYTHON})
    dataset = await a_table(lab)
    started = await lab.start(
        "evaluate", {"x": {"dataset": dataset, "key": "x"}, "label": {"dataset": dataset, "key": "label"}}
    )
    await lab.datasets.append(dataset, NewEntries({"x": [100], "label": ["c"]}))
    with pytest.raises(DatasetInUse, match="Delete it when they have"):
        await lab.datasets.delete(dataset)
    with pytest.raises(DatasetInUse):
        await lab.datasets.delete_key(dataset, "x")
    lab.write({"go": ""})
    await lab.finished(started.id)
    assert (await lab.output(started.id))["n"] == [3]
    await lab.datasets.delete(dataset)
    assert os.listdir(lab.settings.data_dir / "datasets") == []


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"x": {"dataset": "table", "key": "label"}}, "x: expected f64, got a dataset of string"),
        ({"label": {"dataset": "table", "key": "x"}}, "label: expected string, got a dataset of i64"),
        ({"x": {"dataset": "table", "key": "x", "entries": 9}}, "'x' of 'table' has 3 entries, asked for 9"),
        ({"x": {"dataset": "table"}}, "Expected a dataset as {dataset, key}"),
        ({"x": {"dataset": "large", "key": "x"}}, "x: expected at most 10, got a dataset with 11 in it"),
        ({"other": {"dataset": "table", "key": "x"}}, "other: no such parameter"),
    ],
)
async def test_a_dataset_that_does_not_fit_is_refused_before_a_launcher_starts(
    lab: Laboratory, parameters: dict[str, Any], said: str
) -> None:
    lab.write({"main.py": PYTHON, "slipway.toml": TOML})
    await a_table(lab)
    large = await lab.datasets.create(NewDataset("large"))
    await lab.datasets.append(large.id, NewEntries({"x": [11]}))
    with pytest.raises(InvalidRequest, match=said):
        await lab.start("evaluate", {"x": 1, "label": "a"} | parameters)
    assert (lab.spawn.processes, await lab.operations.list(lab.model_id)) == ([], [])
    for dataset in await lab.datasets.list():  # nobody reads them any more
        await lab.datasets.delete(dataset.id)


async def test_a_dataset_that_is_not_there_is_named(lab: Laboratory) -> None:
    lab.write({"main.py": PYTHON})
    await a_table(lab)
    with pytest.raises(DatasetNotFound, match="id or name 'other'"):
        await lab.start("evaluate", {"x": {"dataset": "other", "key": "x"}})
    with pytest.raises(DatasetNotFound, match=r"has no key 'y'\. It has 'x', 'label'"):
        await lab.start("evaluate", {"x": {"dataset": "table", "key": "y"}})


# --- what stays ---


async def test_appends_at_the_same_time_all_count(lab: Laboratory) -> None:
    dataset = await a_table(lab)
    async with asyncio.TaskGroup() as group:
        for n in range(10):
            group.create_task(lab.datasets.append(dataset, NewEntries({"x": [n] * 50, "label": ["z"] * 50})))
    shown = await lab.datasets.entries(dataset, "x", start=0, count=1000)
    values = [entry.elements[0] for entry in shown.entries]
    assert sorted(values[3:]) == sorted([*range(10)] * 50)
    assert all(len(set(values[start : start + 50])) == 1 for start in range(3, 503, 50))


async def test_a_disk_that_fills_up_meanwhile_leaves_what_there_was(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = await a_table(lab)
    before = await lab.datasets.get(dataset)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(disk, "write", full)
        with pytest.raises(FilesystemUnavailable, match="disk is full"):
            await lab.datasets.append(dataset, NewEntries({"x": [4], "new": [5]}))
    assert await lab.datasets.get(dataset) == before
    assert len(os.listdir(lab.settings.data_dir / "datasets" / dataset)) == 4
    await lab.datasets.append(dataset, NewEntries({"x": [4]}))
    shown = await lab.datasets.entries(dataset, "x", start=0, count=9)
    assert [entry.elements for entry in shown.entries] == [[1], [2], [3], [4]]


async def test_every_model_hears_that_the_datasets_have_changed(lab: Laboratory) -> None:
    dataset = await a_table(lab)
    await wait_told(lab)
    for change in (
        lab.datasets.append(dataset, NewEntries({"x": [4]})),
        lab.datasets.change(dataset, DatasetChange("renamed")),
        lab.datasets.delete_key(dataset, "x"),
        lab.datasets.delete(dataset),
    ):
        await change
        await wait_told(lab)


async def wait_told(lab: Laboratory) -> None:
    """Until it is told what is so now."""
    async with asyncio.timeout(10):
        async for event in lab.heard:
            if isinstance(event, DatasetsChanged) and event.changed_at == lab.datasets.changed_at:
                return


async def test_after_a_restart_datasets_are_there_and_what_was_half_made_is_gone(lab: Laboratory) -> None:
    dataset = await a_table(lab)
    folder = lab.settings.data_dir / "datasets"
    (folder / "halfmade").mkdir()
    (folder / "halfmade" / "a.values").write_bytes(b"x")
    (folder / dataset / "halfmade.values").write_bytes(b"x")
    again = Datasets(lab.settings, lab.catalog, lab.events)
    await again.start()
    assert os.listdir(folder) == [dataset]
    assert len(os.listdir(folder / dataset)) == 4
    assert (await again.entries(dataset, "label", start=2, count=1)).entries[0].elements == ["c"]
