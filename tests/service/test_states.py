"""States through their routes: made, uploaded, downloaded, where they come from."""

import contextlib
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from ide_server.host.routes import operations, states
from ide_server.replies import EXCEPTION_HANDLERS
from tests.support.local_launchers import Laboratory, laboratory

MAIN = """
def createModelState(params): return {"a": bytes(params.get("size", 3)), "b/c": b"two"}
def instantiateModel(state): global kept; kept = state
def train(params, tracker): pass
def getModelState(): return b"trained"
def evaluate(params): return {"keys": sorted(kept) if isinstance(kept, dict) else kept.decode()}
"""


class Served:
    def __init__(self, client: TestClient, lab: Laboratory) -> None:
        self.client = client
        self.lab = lab
        self.model = f"/api/v1/models/{lab.model_id}"

    def run(self, kind: str, **request: Any) -> dict[str, Any]:
        started = self.client.post(f"{self.model}/operations", json={"kind": kind, **request}).json()
        with self.client.websocket_connect(f"/api/v1/operations/{started['id']}/events") as socket:
            while socket.receive_json()["events"][-1]["type"] != "ended":
                pass
        ended: dict[str, Any] = self.client.get(f"/api/v1/operations/{started['id']}").json()
        assert ended["status"] == "succeeded", ended["outcome"]
        return ended

    @property
    def states(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.client.get(f"{self.model}/states").json()
        return listed

    @property
    def left_behind(self) -> set[str]:
        """What lies beside the states that have rows."""
        folder = self.lab.settings.data_dir / "models" / self.lab.model_id / "states"
        return {entry.name for entry in folder.iterdir()} - {state["id"] for state in self.states}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made: list[Laboratory] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with laboratory(tmp_path) as lab:
            lab.write({"main.py": MAIN})
            made.append(lab)
            yield {"operations": lab.operations, "states": lab.states, "catalog": lab.catalog}

    app = Starlette(
        routes=[Mount("/api/v1", routes=[*operations.routes, *states.routes])],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    with TestClient(app) as client:
        yield Served(client, made[0])


def zip_of(files: dict[str, bytes], **options: Any) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def test_a_state_says_what_it_holds_and_what_made_it(served: Served) -> None:
    created = served.run("createModelState", parameters={"size": 5})
    trained = served.run("train", parameters={"rate": 0.5})
    child, parent = served.states
    digest = hashlib.sha256(MAIN.encode()).hexdigest()
    assert {name: parent[name] for name in ("origin", "operation_id", "parent_id", "code_digest", "parameters")} == {
        "origin": "created",
        "operation_id": created["id"],
        "parent_id": None,
        "code_digest": digest,
        "parameters": {"size": 5},
    }
    assert parent["keys"] == [{"key": "a", "byte_size": 5}, {"key": "b/c", "byte_size": 3}]
    assert {name: child[name] for name in ("origin", "operation_id", "parent_id", "code_digest", "parameters")} == {
        "origin": "trained",
        "operation_id": trained["id"],
        "parent_id": parent["id"],
        "code_digest": digest,
        "parameters": {"rate": 0.5},
    }
    assert child["keys"] == [{"key": "", "byte_size": 7}]


def test_a_state_made_on_the_way_has_the_defaults_and_not_the_parameters_of_the_train(served: Served) -> None:
    served.run("train", parameters={"size": 9})
    trained, created = served.states
    assert (created["origin"], created["parameters"], created["keys"][0]["byte_size"]) == ("created", {}, 3)
    assert (trained["parent_id"], trained["parameters"]) == (created["id"], {"size": 9})


def test_an_uploaded_state_can_be_run_on_and_comes_back_as_it_was(served: Served) -> None:
    content = bytes(range(256)) * 10_000
    reply = served.client.post(f"{served.model}/states?name=mine", content=content)
    assert (reply.status_code, reply.json()["origin"], reply.json()["byte_size"]) == (201, "uploaded", len(content))
    state = f"{served.model}/states/{reply.json()['id']}"
    got = served.client.get(f"{state}/content")
    assert got.content == content
    assert got.headers["content-type"] == "application/octet-stream"
    bare = served.client.post(f"{served.model}/states?name=word", content=b"word").json()
    evaluated = served.run("evaluate", state_id=bare["id"])
    result = served.client.get(f"/api/v1/operations/{evaluated['id']}/result").json()
    assert result["outputs"][0]["values"][0]["elements"] == ["word"]


def test_a_zip_becomes_a_state_of_a_key_per_file_and_comes_back_as_one(served: Served) -> None:
    files = {"weights": b"w" * 3_000_000, "layers/first": b"", "größe": b"1"}
    reply = served.client.post(f"{served.model}/states/zip?name=zipped", content=zip_of(files | {"folder/": b""}))
    assert reply.status_code == 201
    assert {each["key"]: each["byte_size"] for each in reply.json()["keys"]} == {
        name: len(data) for name, data in files.items()
    }
    state = f"{served.model}/states/{reply.json()['id']}"
    came = zipfile.ZipFile(io.BytesIO(served.client.get(f"{state}/zip").content))
    assert {name: came.read(name) for name in came.namelist()} == files
    assert served.client.get(f"{state}/content?key=weights").content == files["weights"]
    missing = served.client.get(f"{state}/content?key=nothing")
    assert (missing.status_code, "'weights'" in missing.json()["error"]["message"]) == (404, True)


def test_keys_that_lead_elsewhere_get_names_that_do_not(served: Served) -> None:
    files = {"../../etc/passwd": b"x", "/root": b"y", "a//b": b"z"}
    state = served.client.post(f"{served.model}/states/zip?name=odd", content=zip_of(files)).json()
    came = zipfile.ZipFile(io.BytesIO(served.client.get(f"{served.model}/states/{state['id']}/zip").content))
    assert sorted(came.read(name) for name in came.namelist()) == [b"x", b"y", b"z"]
    assert not any(name.startswith("/") or ".." in name for name in came.namelist())


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("states/zip?name=x", b"no zip", "cannot be read"),
        ("states/zip?name=x", zip_of({}), "without files"),
        ("states/zip?name=x", zip_of({f"k{n}": b"" for n in range(101)}), "at most 100 keys"),
        ("states/zip?name=x", zip_of({"a" * 300: b""}), "shorter"),
        ("states/zip?name=x", zip_of({"a": b"some text"})[:-60] + b"\0" * 60, "cannot be read"),
        ("states/zip?name=", zip_of({"a": b""}), "a name of 1 to"),
        ("states?key=x", b"", "?name="),
        ("states?name=x&key=" + "k" * 300, b"", "shorter"),
    ],
)
def test_what_is_no_state_is_refused_in_words_and_leaves_nothing(
    served: Served, path: str, content: bytes, expected: str
) -> None:
    served.client.post(f"{served.model}/states?name=kept", content=b"x")
    reply = served.client.post(f"{served.model}/{path}", content=content)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
    assert expected in reply.json()["error"]["message"]
    assert [state["name"] for state in served.states] == ["kept"]
    assert served.left_behind == set()


def test_an_upload_to_no_model_is_refused(served: Served) -> None:
    reply = served.client.post("/api/v1/models/none/states?name=x", content=b"x")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")


def test_a_state_of_the_full_disk_is_refused_and_leaves_nothing(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.disk.RESERVE_BYTES", 1 << 60)
    served_states = served.states
    reply = served.client.post(f"{served.model}/states?name=x", content=b"x")
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "filesystem_unavailable")
    assert served.states == served_states
    assert served.left_behind == set()
