"""A queue that is long, on real launchers behind a real server whose web process dies."""

import contextlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.server import Server

pytestmark = [pytest.mark.sandbox, pytest.mark.fuse]

QUEUED = 200
SECONDS = 100.0
CODE = """
import time

def evaluate(params):
    time.sleep(0.01)
    return {"number": params["number"]}
"""


@pytest.mark.timeout(240)
def test_all_of_a_long_queue_end_in_order_though_the_web_process_is_killed_in_the_middle(tmp_path: Path) -> None:
    with Server(tmp_path, "--max-launchers=2") as server, server.client() as client:
        operations = f"/api/v1/models/{model_of(client)}/operations"

        def asked(number: int) -> str:
            reply = client.post(
                operations, json={"kind": "evaluate", "parameters": {"number": number}}, timeout=SECONDS
            )
            return str(reply.raise_for_status().json()["id"])

        def end_of(operation: str) -> dict[str, Any] | None:
            with contextlib.suppress(httpx.HTTPError):  # the web process is being started again
                found: dict[str, Any] = client.get(f"/api/v1/operations/{operation}").raise_for_status().json()
                return found if found["outcome"] else None
            return None

        ids = [asked(number) for number in range(QUEUED)]
        server.wait_for(lambda: end_of(ids[QUEUED // 4]), seconds=SECONDS)
        server.kill("web")
        ended = [server.wait_for(lambda each=each: end_of(each), seconds=SECONDS) for each in ids]  # type: ignore[misc]  # a default binds it
        assert [each["status"] for each in ended] == ["succeeded"] * QUEUED
        assert all(one["started_at"] <= other["started_at"] for one, other in pairwise(ended))
        assert {each["id"] for each in client.get(operations).json()} == set(ids)
        assert [number_of(client, each) for each in (ids[0], ids[QUEUED // 2], ids[-1])] == [0, QUEUED // 2, QUEUED - 1]


def model_of(client: httpx.Client) -> str:
    template = client.get("/api/v1/templates").json()[0]["id"]
    model = str(client.post("/api/v1/models", json={"name": "queue", "template": template}).json()["id"])
    for name, content in (("main.py", CODE), ("slipway.toml", "")):
        path = f"/api/v1/models/{model}/files/{name}"
        client.put(path, content=content, headers={"If-Match": "*"}).raise_for_status()
    return model


def number_of(client: httpx.Client, operation: str) -> int:
    result = client.get(f"/api/v1/operations/{operation}/result").raise_for_status().json()
    return int(result["outputs"][0]["values"][0]["elements"][0])
