"""Warm evaluates of a trivial model, against a bare Starlette endpoint and BentoML that call the same function."""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from launchers_models import DEADLINE_SECONDS, Measure, Model, at_most, model_of

from tests.support.listening import tcp_listener
from tests.support.server import Server

CODE = """
def evaluate(params):
    return {"y": [2 * x for x in params["x"]]}
"""
BENTOML_SERVICE = """
import bentoml

@bentoml.service
class Trivial:
    @bentoml.api
    def evaluate(self, x: list[float]) -> dict[str, list[float]]:
        return {"y": [2 * each for each in x]}
"""
X = [1.0, 2.0, 3.0]
INFERENCE = {"inputs": [{"name": "x", "shape": [len(X)], "datatype": "FP64", "data": X}]}
EXPECTED = [2.0, 4.0, 6.0]
AT_ONCE = 8
BAR_MILLISECONDS = 5.0
START_SECONDS = 60.0
STOP_SECONDS = 30.0
BENTOML_FOLDER = Path(__file__).resolve().parents[1] / ".slipway/benchmarks/bentoml"


@dataclass(frozen=True)
class Endpoint:
    """Of a server that evaluates."""

    url: str
    body: dict[str, Any]
    data_of: Callable[[Any], Any]
    """What was evaluated, of a reply."""
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, client: httpx.Client) -> float:
        """Milliseconds."""
        began = time.perf_counter()
        reply = client.post(self.url, json=self.body, headers=self.headers)
        took = time.perf_counter() - began
        assert self.data_of(reply.raise_for_status().json()) == EXPECTED
        return took * 1000

    def per_second(self, folder: Path, *, seconds: int) -> float:
        """Replies to AT_ONCE clients that each ask again once they have theirs. Raises AssertionError for a bad one."""
        script = folder / "wrk.lua"
        headers = {"Content-Type": "application/json", **self.headers}
        lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
        script.write_text("\n".join(['wrk.method = "POST"', f"wrk.body = {json.dumps(json.dumps(self.body))}", *lines]))
        command = ("wrk", "--threads=1", f"--connections={AT_ONCE}", f"--duration={seconds}s", f"--script={script}")
        said = subprocess.run((*command, self.url), capture_output=True, text=True, check=True).stdout
        found = re.search(r"^Requests/sec: +([0-9.]+)$", said, re.MULTILINE)
        assert found and "Non-2xx" not in said and "Socket errors" not in said, said
        return float(found[1])


def data_of_output(reply: Any) -> Any:
    return reply["outputs"][0]["data"]


def data_of_y(reply: Any) -> Any:
    return reply["y"]


# --- what is asked ---


def serve_bare() -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    functions: dict[str, Any] = {}
    exec(CODE, functions)

    async def evaluate(request: Request) -> Response:
        return JSONResponse(functions["evaluate"](await request.json()))

    app = Starlette(routes=[Route("/", evaluate, methods=["POST"])])
    with tcp_listener() as listener:
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


@contextlib.contextmanager
def serving_bare(program: str) -> Iterator[Endpoint]:
    with subprocess.Popen((sys.executable, program, "--serve"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # asked for above
        try:
            yield Endpoint(f"http://127.0.0.1:{int(process.stdout.readline())}/", {"x": X}, data_of_y)
        finally:
            process.kill()


def install_bentoml() -> str:
    """Why it cannot be had; "" if it is there."""
    if (BENTOML_FOLDER / "bin/bentoml").exists():
        return ""
    for arguments in (("venv", "--clear", BENTOML_FOLDER), ("pip", "install", "--python", BENTOML_FOLDER, "bentoml")):
        done = subprocess.run((sys.executable, "-m", "uv", "--quiet", *arguments), capture_output=True, text=True)
        if done.returncode != 0:
            return done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else "uv said nothing"
    return ""


@contextlib.contextmanager
def bentoml(folder: Path) -> Iterator[Endpoint]:
    with tcp_listener() as listener:
        port = listener.getsockname()[1]
    (folder / "trivial.py").write_text(BENTOML_SERVICE)
    process = subprocess.Popen(
        (BENTOML_FOLDER / "bin/bentoml", "serve", "trivial:Trivial", "--host", "127.0.0.1", "--port", str(port)),
        cwd=folder,
        env={**os.environ, "BENTOML_HOME": str(folder), "BENTOML_DO_NOT_TRACK": "True"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_ready(f"http://127.0.0.1:{port}/readyz")
        yield Endpoint(f"http://127.0.0.1:{port}/evaluate", {"x": X}, data_of_y)
    finally:
        process.terminate()  # its workers lead groups of their own, and go only when it ends them
        process.wait(STOP_SECONDS)


def wait_ready(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        assert time.monotonic() < deadline, "BentoML does not get ready"
        time.sleep(0.1)


@contextlib.contextmanager
def slipway(server: Server) -> Iterator[Endpoint]:
    with model_of(server, "trivial", CODE) as model:
        yield Endpoint(f"{server.url}/v2/models/trivial/infer", INFERENCE, data_of_output, token_of(model))


def token_of(model: Model) -> dict[str, str]:
    """The header of a new one."""
    reply = model.client.post("/api/v1/tokens", json={"name": "benchmark", "scopes": ["read", "run"]})
    return {"Authorization": f"Bearer {reply.raise_for_status().json()['secret']}"}


# --- measures ---


def measure(server: Server, program: str, folder: Path, *, count: int, rounds: int, seconds: int) -> Iterator[Measure]:
    missing = install_bentoml()
    with contextlib.ExitStack() as stack:
        ours, bare = stack.enter_context(slipway(server)), stack.enter_context(serving_bare(program))
        endpoints = {"slipway": ours, "bare": bare}
        if not missing:
            endpoints["bentoml"] = stack.enter_context(bentoml(folder))
        with httpx.Client(timeout=DEADLINE_SECONDS) as client:
            took: dict[str, list[float]] = {name: [] for name in endpoints}
            for _ in range(count + 1):
                for name, endpoint in endpoints.items():
                    took[name].append(endpoint.ask(client))
        yield _latency(took["slipway"][1:], took["bare"][1:])  # the first starts a launcher, and connects
        if shutil.which("wrk") is None:
            yield Measure("rate", 0, "", "skipped: no wrk (apt-get install wrk)")
        else:
            yield from _rates(endpoints, folder, rounds=rounds, seconds=seconds)
    if missing:
        yield Measure("rate_bentoml", 0, "", f"skipped: no BentoML ({missing})")


def _latency(ours: list[float], bare: list[float]) -> Measure:
    middles = statistics.median(ours), statistics.median(bare)
    high = [statistics.quantiles(times, n=20)[18] for times in (ours, bare)]
    found = f"p50 {middles[0]:.2f} ms, bare {middles[1]:.2f} ms; p95 {high[0]:.2f} ms, bare {high[1]:.2f} ms"
    return at_most("warm_over_bare", middles[0] - middles[1], BAR_MILLISECONDS, unit="ms", found=found)


def _rates(endpoints: dict[str, Endpoint], folder: Path, *, rounds: int, seconds: int) -> Iterator[Measure]:
    """Of each the middle round; ratios within a round."""
    rates: dict[str, list[float]] = {name: [] for name in endpoints}
    for _ in range(rounds + 1):
        for name, endpoint in endpoints.items():
            rates[name].append(endpoint.per_second(folder, seconds=seconds))
    ours, *others = (
        (name, each[1:]) for name, each in rates.items()
    )  # the first starts as many launchers as are asked
    for name, other in others:
        ratio = statistics.median(one / another for one, another in zip(ours[1], other, strict=True))
        middles = statistics.median(ours[1]), statistics.median(other)
        found = f"{middles[0]:.0f} requests per second, {name} {middles[1]:.0f}, {AT_ONCE} at once"
        bar = "at least 1 times" if name == "bentoml" else ""
        yield Measure(f"rate_{name}", ratio, "times", found, bar, ratio >= 1 if bar else None)
