"""The Open Inference Protocol, through web and host on real sockets, with models on real runners."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from ide_server.host.inference import Inference
from ide_server.host.routes import inference
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.web.app import create_app
from ide_server.wire import NewApiToken, Operation, OperationChanged, PhaseStarted
from tests.support.interpreters import python_with
from tests.support.listening import listening, tcp_listener
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

TRITON_CLIENT = "tritonclient[http]==2.73.0"
DEADLINE_SECONDS = 60.0

MAIN = """
import array, os, time

def createModelState(params): return b"made"
def instantiateModel(state): return None
def evaluate(params):
    print("evaluating")
    asked = params["asked"]
    if asked == "raise": raise ValueError("as asked")
    if asked == "end": os._exit(3)
    if asked == "wait": time.sleep(600)
    if asked == "large": return {"y": array.array("f", range(20_000)), "asked": ["x" * 60] * 20_000}
    if asked == "many": return {"y": [array.array("f", [1, 2]), array.array("f", [3, 4])], "asked": asked}
    y = array.array("d", [2 * float(x) for x in params["x"]])
    return {"y": y, "flags": [True, False], "asked": asked, "file": b"\\x89PNG\\r\\n\\x1a\\n", "count": 2**60}
"""
TOML = """
[[evaluate_input]]
name = "asked"
types = ["string"]
default = "double"
[[evaluate_input]]
name = "x"
types = ["f32", "i64"]
shape = [-1]
default = [1]
[[evaluate_output]]
name = "y"
types = ["f64", "f32"]
shape = [-1]
"""


@dataclass
class Served:
    lab: Laboratory
    client: httpx.AsyncClient
    token: str

    async def get(self, path: str) -> tuple[int, Any]:
        reply = await self.client.get(path)
        return reply.status_code, reply.json()

    async def infer(self, inputs: list[dict[str, Any]], **request: Any) -> tuple[int, Any]:
        asked = {"inputs": inputs, **request}
        reply = await self.client.post(f"/v2/models/{self.lab.model_id}/infer", json=asked)
        return reply.status_code, reply.json()

    async def ask(self, asked: str, **request: Any) -> tuple[int, Any]:
        return await self.infer([text("asked", asked)], **request)

    async def operation(self) -> Operation:
        """The only one, once there is one."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for event in self.lab.heard:
                if isinstance(event, OperationChanged):
                    return event.operation
        raise AssertionError("the model is gone")

    async def infer_bytes(self, request: dict[str, Any], *payloads: bytes) -> httpx.Response:
        head = json.dumps(request).encode()
        return await self.client.post(
            f"/v2/models/{self.lab.model_id}/infer",
            content=b"".join([head, *payloads]),
            headers={"Inference-Header-Content-Length": str(len(head))},
        )


def text(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "shape": [1], "datatype": "BYTES", "data": [value]}


def data_of(reply: Mapping[str, Any]) -> dict[str, Any]:
    return {output["name"]: output["data"] for output in reply["outputs"]}


@asynccontextmanager
async def serving(lab: Laboratory) -> AsyncIterator[str]:
    """The URL of a real web process's app before one that has the host's routes."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"inference": Inference(lab.catalog, lab.operations)}

    host = Starlette(routes=inference.routes, exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan)
    async with AsyncExitStack() as stack:
        listener = tcp_listener()
        lab.settings.run_path.mkdir(parents=True, exist_ok=True)
        await stack.enter_async_context(listening(host, lab.settings.host_socket))
        await stack.enter_async_context(listening(create_app(lab.settings), listener))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with laboratory(tmp_path, launcher_idle_seconds=600.0) as lab, serving(lab) as url:
        lab.write({"main.py": MAIN, "slipway.toml": TOML})
        token = (await lab.catalog.api_tokens.create(NewApiToken("client", ["read", "run"]))).secret
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=DEADLINE_SECONDS) as client:
            yield Served(lab, client, token)


async def test_server_and_model_are_described(served: Served) -> None:
    path = f"/v2/models/{served.lab.model_id}"
    assert (await served.get("/v2"))[1]["extensions"] == ["binary_tensor_data"]
    assert await served.get("/v2/health/live") == (200, {"live": True})
    assert await served.get("/v2/health/ready") == (200, {"ready": True})
    assert await served.get(f"{path}/ready") == (200, {"name": served.lab.model_id, "ready": True})
    assert await served.get(path) == (
        200,
        {
            "name": served.lab.model_id,
            "platform": "slipway",
            "inputs": [
                {"name": "asked", "datatype": "BYTES", "shape": []},
                {"name": "x", "datatype": "FP32", "shape": [-1]},
            ],
            "outputs": [{"name": "y", "datatype": "FP64", "shape": [-1]}],
            "versions": [],
        },
    )


async def test_a_model_without_evaluate_is_not_ready(served: Served) -> None:
    await served.lab.catalog.models.set_functions(served.lab.model_id, ["train"])
    status, reply = await served.get(f"/v2/models/{served.lab.model_id}/ready")
    assert (status, "no function evaluate" in reply["error"]) == (400, True)


async def test_an_infer_is_an_operation_that_is_kept_with_its_log(served: Served) -> None:
    x = {"name": "x", "shape": [2], "datatype": "INT64", "data": [3, 4]}
    status, reply = await served.infer([x], id="mine")
    assert (status, reply["id"], reply["model_name"]) == (200, "mine", served.lab.model_id)
    assert data_of(reply) == {
        "y": [6.0, 8.0],
        "flags": [True, False],
        "asked": ["double"],
        "file": [base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()],
        "count": [2**60],
    }
    kinds = {output["name"]: (output["datatype"], output["shape"]) for output in reply["outputs"]}
    assert kinds == {
        "y": ("FP64", [2]), "flags": ("BOOL", [2]), "asked": ("BYTES", []), "file": ("BYTES", []),
        "count": ("INT64", []),
    }  # fmt: skip
    finished = await served.lab.finished(reply["parameters"]["operation_id"])
    assert (finished.operation.status, finished.log()) == ("succeeded", "evaluating\n")


async def test_a_model_is_found_by_its_name_where_no_other_has_it(served: Served) -> None:
    assert (await served.get("/v2/models/laboratory"))[1]["name"] == "laboratory"
    await served.lab.catalog.models.create("laboratory", limit_bytes=1 << 25)
    status, reply = await served.get("/v2/models/laboratory")
    assert (status, "2 models are named 'laboratory'" in reply["error"]) == (400, True)


async def test_tensors_go_as_bytes_both_ways(served: Served) -> None:
    x = {"name": "x", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}
    asked = {"name": "asked", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 7}}
    wanted = [{"name": name, "parameters": {"binary_data": True}} for name in ("file", "asked", "y")]
    request = {"inputs": [x, asked], "outputs": [*wanted, {"name": "flags"}]}
    reply = await served.infer_bytes(request, struct.pack("<2f", 0.5, float("inf")), b"\3\0\0\0\xc3\xa4!")
    head_size = int(reply.headers["inference-header-content-length"])
    head, payload = json.loads(reply.content[:head_size]), reply.content[head_size:]
    sizes = [output.get("parameters", {}).get("binary_data_size") for output in head["outputs"]]
    assert (reply.status_code, sizes) == (200, [12, 7, 16, None])
    assert head["outputs"][3]["data"] == [True, False]
    assert payload[:12] == b"\x08\0\0\0\x89PNG\r\n\x1a\n"
    assert payload[12:19] == b"\3\0\0\0\xc3\xa4!"
    assert struct.unpack("<2d", payload[19:]) == (1.0, float("inf"))


async def test_what_a_result_has_in_files_comes_whole(served: Served) -> None:
    status, reply = await served.ask("large")
    assert (status, data_of(reply)) == (200, {"y": [float(x) for x in range(20_000)], "asked": ["x" * 60] * 20_000})
    request = {"inputs": [text("asked", "large")], "parameters": {"binary_data_output": True}}
    reply = await served.infer_bytes(request)
    payload = reply.content[int(reply.headers["inference-header-content-length"]) :]
    assert struct.unpack("<20000f", payload[:80_000]) == tuple(range(20_000))
    assert payload[80_000:] == (b"\x3c\0\0\0" + b"x" * 60) * 20_000


async def test_many_values_of_one_kind_are_one_tensor(served: Served) -> None:
    status, reply = await served.ask("many", outputs=[{"name": "y"}])
    [y] = reply["outputs"]
    assert (status, y["shape"], y["data"]) == (200, [2, 2], [1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([{"name": "x", "shape": [1], "datatype": "BOOL", "data": [True]}], "expected the datatype FP32 or INT64"),
        ([{"name": "x", "shape": [1], "datatype": "FP16", "data": [1]}], "got the datatype 'FP16'"),
        ([{"name": "x", "shape": [3], "datatype": "FP32", "data": [1]}], "expected 3 elements of [3], got 1"),
        (
            [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [[1]]}],
            "got a list of 1",
        ),
        ([{"name": "z", "shape": [1], "datatype": "FP32", "data": [1]}], "z: no such parameter"),
        ([{"name": "x", "shape": [1], "datatype": "FP32"}], "expected data, or binary_data_size"),
        ([{"name": "x", "shape": [-1], "datatype": "FP32", "data": []}], "`$.inputs[0].shape[0]`"),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_runs(
    served: Served, inputs: list[dict[str, Any]], said: str
) -> None:
    status, reply = await served.infer(inputs)
    assert (status, list(reply)) == (400, ["error"])
    assert said in reply["error"]
    assert await served.lab.operations.list(served.lab.model_id) == []


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [("raise", 500, "ValueError: as asked"), ("end", 500, "code 3")],
)
async def test_an_operation_that_fails_is_an_error_that_names_it(
    served: Served, asked: str, status: int, said: str
) -> None:
    got, reply = await served.ask(asked)
    [operation] = await served.lab.operations.list(served.lab.model_id)
    assert (got, list(reply)) == (status, ["error"])
    assert said in reply["error"] and operation.id in reply["error"]


async def test_an_output_that_is_not_there_is_an_error(served: Served) -> None:
    status, reply = await served.ask("double", outputs=[{"name": "z"}])
    assert (status, reply) == (
        400,
        {"error": "The model returned no output 'z'; it returned y, flags, asked, file, count."},
    )


async def test_an_operation_that_is_stopped_is_a_conflict(served: Served) -> None:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(served.ask("wait"))
        operation = (await served.operation()).id
        await served.lab.wait_event(
            operation, lambda event: isinstance(event, PhaseStarted) and event.phase == "evaluate"
        )
        await served.lab.operations.cancel(operation)
    assert asking.result()[0] == 409


async def test_errors_have_the_protocols_shape_wherever_they_come_from(served: Served) -> None:
    assert (await served.get("/v2/models/none"))[0] == 404
    for path in ("/v2/models/none", "/v2/models/none/nothing"):
        assert isinstance((await served.get(path))[1]["error"], str)
    stranger = await served.client.get("/v2", headers={"Authorization": "Bearer wrong"})
    assert (stranger.status_code, list(stranger.json())) == (401, ["error"])
    assert "API token" in stranger.json()["error"]
    coded = await served.client.post("/v2/models/none/infer", content=b"", headers={"Content-Encoding": "gzip"})
    assert (coded.status_code, "not compressed" in coded.json()["error"]) == (415, True)


async def test_a_token_that_may_only_read_evaluates_nothing(served: Served) -> None:
    token = await served.lab.catalog.api_tokens.create(NewApiToken("reader", ["read"]))
    headers = {"Authorization": f"Bearer {token.secret}"}
    path = f"/v2/models/{served.lab.model_id}"
    assert (await served.client.get(path, headers=headers)).status_code == 200
    refused = await served.client.post(f"{path}/infer", headers=headers, json={"inputs": []})
    assert (refused.status_code, "scope 'run'" in refused.json()["error"]) == (403, True)


async def test_nothing_of_it_is_given_as_code(served: Served) -> None:
    for path in ("/v2", f"/v2/models/{served.lab.model_id}"):
        reply = await served.client.get(path, headers={"Sec-Fetch-Dest": "script"})
        assert reply.status_code == 403


TRITON = """
import sys
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

url, token, name = sys.argv[1:]
headers = {"Authorization": "Bearer " + token}  # copied for infer, which leaves headers of its own in it
with triton.InferenceServerClient(url) as client:
    assert client.is_server_live(headers=headers) and client.is_server_ready(headers=headers)
    assert client.is_model_ready(name, headers=headers)
    assert client.get_server_metadata(headers=headers)["name"] == "slipway"
    metadata = client.get_model_metadata(name, headers=headers)
    assert [each["datatype"] for each in metadata["inputs"]] == ["BYTES", "FP32"]
    sent = np.array([0.5, np.nan, 3e38], np.float32)
    texts = np.array(["d\\u00e4".encode()], object)
    # JSON has no NaN.
    for binary, sent in ((True, sent), (False, sent[[0, 2, 0]])):
        x = triton.InferInput("x", [3], "FP32")
        x.set_data_from_numpy(sent, binary_data=binary)
        asked = triton.InferInput("asked", [1], "BYTES")
        asked.set_data_from_numpy(texts, binary_data=binary)
        wanted = [triton.InferRequestedOutput(each, binary_data=binary) for each in ("y", "asked", "flags", "count")]
        for outputs in (wanted, None):
            got = client.infer(name, [x, asked], outputs=outputs, request_id="7", headers={**headers})
            assert got.get_response()["id"] == "7"
            np.testing.assert_array_equal(got.as_numpy("y"), sent.astype(np.float64) * 2)
            assert got.as_numpy("flags").tolist() == [True, False]
            assert (got.as_numpy("count").dtype, got.as_numpy("count").tolist()) == (np.int64, 2**60)
            text = got.as_numpy("asked").item()
            assert (text.decode() if isinstance(text, bytes) else text) == "d\\u00e4"
    asked.set_data_from_numpy(np.array([b"large"], object))
    large = client.async_infer(name, [asked], headers={**headers}).get_result().as_numpy("y")
    np.testing.assert_array_equal(large, np.arange(20_000, dtype=np.float32))
    asked.set_data_from_numpy(np.array([b"raise"], object))
    try:
        client.infer(name, [asked], headers={**headers})
    except InferenceServerException as error:
        assert error.status() == "500" and "ValueError: as asked" in error.message(), error
    else:
        raise AssertionError("expected an error")
"""


@pytest.mark.network
@pytest.mark.timeout(600)
async def test_an_unmodified_triton_client_evaluates_a_model(served: Served) -> None:
    python = await asyncio.to_thread(python_with, TRITON_CLIENT)
    address = served.client.base_url.netloc.decode()
    arguments = ("-c", TRITON, address, served.token, served.lab.model_id)
    client = await asyncio.create_subprocess_exec(
        python, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(client.communicate(), DEADLINE_SECONDS)
    assert client.returncode == 0, said.decode()
