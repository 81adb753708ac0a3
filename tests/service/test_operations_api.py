"""The routes of operations and states, through an app in this process."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ide_server.host.routes import operations, states
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.wire import OperationRemoved
from tests.support.local_launchers import Laboratory, laboratory

MAIN = """
import sys
def createModelState(params): return b"zero"
def evaluate(params):
    print("hello")
    print("trouble", file=sys.stderr)
    drawing = {"data": b"<svg/>", "format": "svg"}
    return {"y": [params["x"], 2.5], "picture": b"\\x89PNG\\r\\n\\x1a\\n", "drawing": drawing}
def train(params, tracker):
    tracker.metrics({"loss": float("nan")})
def getModelState(): return b"one"
"""
TOML = "[[evaluate_input]]\nname = 'x'\ntypes = ['f64']\n"


class Served:
    def __init__(self, client: TestClient, lab: Laboratory) -> None:
        self.client = client
        self.model = f"/api/v1/models/{lab.model_id}"

    def start(self, kind: str, **parameters: Any) -> str:
        reply = self.client.post(f"{self.model}/operations", json={"kind": kind, "parameters": parameters})
        assert (reply.status_code, reply.json()["status"]) == (202, "queued")
        return f"/api/v1/operations/{reply.json()['id']}"

    def events(self, operation: str, offset: int | str = 0) -> tuple[list[dict[str, Any]], int]:
        """All that the socket says until it closes, and how."""
        messages = []
        with self.client.websocket_connect(f"{operation}/events?offset={offset}") as socket:
            try:
                while True:
                    messages.append(socket.receive_json())
            except WebSocketDisconnect as closed:
                return messages, closed.code

    def run(self, kind: str, **parameters: Any) -> str:
        operation = self.start(kind, **parameters)
        self.events(operation)
        return operation


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made: list[Laboratory] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with laboratory(tmp_path) as lab:
            lab.write({"main.py": MAIN, "slipway.toml": TOML})
            made.append(lab)
            yield {"operations": lab.operations, "states": lab.states, "catalog": lab.catalog}

    app = Starlette(
        routes=[Mount("/api/v1", routes=[*operations.routes, *states.routes])],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    with TestClient(app) as client:
        yield Served(client, made[0])


def test_an_evaluate_from_start_to_result(served: Served) -> None:
    operation = served.start("evaluate", x=1)
    messages, code = served.events(operation)
    events = [event for message in messages for event in message["events"]]
    assert code == 1000
    assert [event["type"] for event in events if event["type"] in ("loaded", "ended")] == ["loaded", "ended"]
    logs = {event["stream"]: event["text"] for event in events if event["type"] == "log"}
    assert logs == {"stdout": "hello\n", "stderr": "trouble\n"}
    assert served.client.get(operation).json()["outcome"]["kind"] == "succeeded"
    result = served.client.get(f"{operation}/result").json()
    assert result["outputs"][0]["values"][0]["elements"] == [1, 2.5]
    assert [each["name"] for each in result["outputs"]] == ["y", "picture", "drawing"]


def test_who_comes_back_after_the_end_hears_of_the_end_only(served: Served) -> None:
    operation = served.run("evaluate", x=1)
    [whole], _ = served.events(operation)
    [last], code = served.events(operation, whole["offset"])
    assert ([event["type"] for event in last["events"]], last["offset"], code) == (["ended"], whole["offset"], 1000)


def streamed(text: str) -> list[tuple[int, list[str]]]:
    """Of a reply of server-sent events: each event's id, and the types in its data."""
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(int(each["id"]), [event["type"] for event in json.loads(each["data"])["events"]]) for each in blocks]


def test_events_come_as_server_sent_events_too(served: Served) -> None:
    operation = served.run("evaluate", x=1)
    reply = served.client.get(f"{operation}/events")
    assert (reply.headers["content-type"], reply.headers["cache-control"]) == (
        "text/event-stream; charset=utf-8",
        "no-store",
    )
    told = streamed(reply.text)
    assert [told[0][1][0], told[-1][1][-1]] == ["phase_started", "ended"]


def test_who_connects_again_goes_on_after_what_it_heard_and_once_all_is_told_hears_no_more(served: Served) -> None:
    operation = served.run("evaluate", x=1)
    messages, _ = served.events(operation)
    told = streamed(served.client.get(f"{operation}/events", headers={"Last-Event-ID": "0"}).text)
    types = [event["type"] for message in messages for event in message["events"]]
    assert [kind for _, kinds in told for kind in kinds] == types
    last = told[-1][0]
    assert served.client.get(f"{operation}/events", headers={"Last-Event-ID": str(last)}).status_code == 204
    assert served.client.get(f"{operation}/events?offset=3").json()["error"]["code"] == "invalid_request"
    assert served.client.get("/api/v1/operations/nothing/events").status_code == 404


@pytest.mark.parametrize("offset", ["3", "-1", "x", "999999"])
def test_an_offset_that_is_none_closes_with_not_understood(served: Served, offset: str) -> None:
    assert served.events(served.run("evaluate", x=1), offset) == ([], 4400)


def test_events_of_no_operation_close_with_not_found(served: Served) -> None:
    assert served.events("/api/v1/operations/nothing") == ([], 4404)


def test_files_of_a_result_are_typed_by_what_a_browser_may_show(served: Served) -> None:
    operation = served.run("evaluate", x=1)
    picture = served.client.get(f"{operation}/result/blobs/0")
    assert (picture.content, picture.headers["content-type"]) == (b"\x89PNG\r\n\x1a\n", "image/png")
    assert picture.headers["content-disposition"].startswith("inline")
    drawing = served.client.get(f"{operation}/result/blobs/1")
    assert (drawing.content, drawing.headers["content-type"]) == (b"<svg/>", "application/octet-stream")
    assert drawing.headers["content-disposition"] == 'attachment; filename="drawing.svg"'
    assert {reply.headers["x-content-type-options"] for reply in (picture, drawing)} == {"nosniff"}
    assert served.client.get(f"{operation}/result/blobs/2").status_code == 404


def test_what_was_printed_is_one_text_to_save(served: Served) -> None:
    operation = served.run("evaluate", x=1)
    log = served.client.get(f"{operation}/log")
    assert sorted(log.text.splitlines()) == ["hello", "trouble"]
    assert log.headers["content-type"] == "text/plain; charset=utf-8"
    assert log.headers["content-disposition"].startswith("attachment")
    assert served.client.get("/api/v1/operations/nothing/log").status_code == 404


def test_states_are_listed_renamed_and_removed(served: Served) -> None:
    trained = served.run("train")
    made = served.client.get(trained).json()
    listed = served.client.get(f"{served.model}/states").json()
    assert [state["id"] for state in listed] == [made["result_state_id"], made["state_id"]]
    path = f"{served.model}/states/{made['result_state_id']}"
    assert served.client.patch(path, json={"name": "better"}).json()["name"] == "better"
    assert served.client.delete(path).status_code == 204
    assert served.client.delete(path).json()["error"]["code"] == "state_not_found"
    active = served.client.delete(f"{served.model}/states/{made['state_id']}")
    assert (active.status_code, active.json()["error"]["code"]) == (400, "invalid_request")


def test_a_metric_that_is_no_number_is_null(served: Served) -> None:
    messages, _ = served.events(served.start("train"))
    metrics = [event for message in messages for event in message["events"] if event["type"] == "metric"]
    assert [(each["name"], each["step"], each["value"]) for each in metrics] == [("loss", 0, None)]


def test_parameters_are_checked(served: Served) -> None:
    refused = served.client.post(f"{served.model}/operations", json={"kind": "evaluate", "parameters": {"x": "a"}})
    assert (refused.status_code, refused.json()["error"]["details"]["problems"]) == (
        400,
        ['x: expected a number, got "a"'],
    )
    assert served.client.get(f"{served.model}/operations").json() == []


def test_operations_are_listed_newest_first_and_removed(served: Served) -> None:
    first, second = served.run("evaluate", x=1), served.run("evaluate", x=2)
    listed = served.client.get(f"{served.model}/operations").json()
    assert [each["parameters"] for each in listed] == [{"x": 2}, {"x": 1}]
    assert served.client.post(f"{first}/cancel").json()["error"]["code"] == "operation_ended"
    assert served.client.delete(first).status_code == 204
    assert served.client.get(first).status_code == 404
    assert [each["id"] for each in served.client.get(f"{served.model}/operations").json()] == [second.rsplit("/")[-1]]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"kind": "destroy"}', b'{"kind": "evaluate", "more": 1}', b"[" * 100_000]
)
def test_a_request_that_is_none_is_refused_in_words(served: Served, body: bytes) -> None:
    reply = served.client.post(f"{served.model}/operations", content=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.anyio
async def test_operations_go_when_they_have_been_kept_long_enough(tmp_path: Path) -> None:
    async with laboratory(tmp_path, operation_days=1) as lab:
        lab.write({"main.py": MAIN})
        old, new = await lab.run("evaluate", {"x": 1}), await lab.run("evaluate", {"x": 1})
        long_ago = msgspec.structs.replace(old.operation, ended_at=time.time() - 86401)
        await lab.catalog.operations.save(long_ago)
        await lab.operations.remove_expired()
        assert [each.id for each in await lab.operations.list(lab.model_id)] == [new.operation.id]
        assert not (lab.settings.data_dir / "operations" / old.operation.id).exists()
        lab.events.end(lab.model_id)
        heard = [event async for event in lab.heard]
        assert [event.operation_id for event in heard if isinstance(event, OperationRemoved)] == [old.operation.id]


def test_what_an_operation_was_started_with_is_given_whole(served: Served) -> None:
    long = [0.5] * 40_000
    operation = served.run("train", x=long)
    assert served.client.get(operation).json()["parameters"] == {"x": None}
    request = served.client.get(f"{operation}/request").json()
    assert (request["kind"], request["parameters"], request["state_id"]) == ("train", {"x": long}, None)
    assert served.client.get("/api/v1/operations/none/request").status_code == 404
