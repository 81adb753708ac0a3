"""Warm evaluates of a trivial model, against a bare Starlette endpoint and BentoML that call the same function."""

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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

Ask = Callable[[], Awaitable[None]]


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
def bare(program: str) -> Iterator[str]:
    """Its URL."""
    with subprocess.Popen((sys.executable, program, "--serve"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # asked for above
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
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
def bentoml(folder: Path) -> Iterator[str]:
    """Its URL."""
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
        yield f"http://127.0.0.1:{port}/evaluate"
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
def infer_of(server: Server) -> Iterator[tuple[str, str]]:
    """The URL, and a token for it."""
    with model_of(server, "trivial", CODE) as model:
        yield f"{server.url}/v2/models/trivial/infer", token_of(model)


def token_of(model: Model) -> str:
    reply = model.client.post("/api/v1/tokens", json={"name": "benchmark", "scopes": ["read", "run"]})
    return str(reply.raise_for_status().json()["secret"])


@contextlib.asynccontextmanager
async def asking(infer: tuple[str, str], others: list[str]) -> AsyncIterator[list[Ask]]:
    """First the server, then the others."""
    url, token = infer
    async with httpx.AsyncClient(timeout=DEADLINE_SECONDS) as client:

        async def ask_slipway() -> None:
            reply = await client.post(url, json=INFERENCE, headers={"Authorization": f"Bearer {token}"})
            assert reply.raise_for_status().json()["outputs"][0]["data"] == EXPECTED

        def asks(other: str) -> Ask:
            async def ask() -> None:
                reply = await client.post(other, json={"x": X})
                assert reply.raise_for_status().json()["y"] == EXPECTED

            return ask

        yield [ask_slipway, *map(asks, others)]


# --- measures ---


def measure(server: Server, program: str, folder: Path, *, count: int, rounds: int, seconds: float) -> list[Measure]:
    missing = install_bentoml()
    with contextlib.ExitStack() as stack:
        infer = stack.enter_context(infer_of(server))
        others = [stack.enter_context(bare(program))]
        if not missing:
            others.append(stack.enter_context(bentoml(folder)))
        found = asyncio.run(_measure(infer, others, count=count, rounds=rounds, seconds=seconds))
    return [*found, Measure("rate_bentoml", 0, "", f"skipped: no BentoML ({missing})")] if missing else found


async def _measure(
    infer: tuple[str, str], others: list[str], *, count: int, rounds: int, seconds: float
) -> list[Measure]:
    async with asking(infer, others) as all_of_them:
        for ask in all_of_them:  # which starts launchers, as many as are asked at once, and connects
            await per_second(ask, seconds=min(1.0, seconds))
        took: list[list[float]] = [[] for _ in all_of_them]
        for _ in range(count):
            for ask, times in zip(all_of_them, took, strict=True):
                times.append(await milliseconds(ask))
        rates = [[await per_second(ask, seconds=seconds) for ask in all_of_them] for _ in range(rounds)]
    return [*_latency(took[0], took[1]), *_rates(rates)]


def _latency(ours: list[float], bare: list[float]) -> list[Measure]:
    middles = statistics.median(ours), statistics.median(bare)
    high = [statistics.quantiles(times, n=20)[18] for times in (ours, bare)]
    found = f"p50 {middles[0]:.2f} ms, bare {middles[1]:.2f} ms; p95 {high[0]:.2f} ms, bare {high[1]:.2f} ms"
    return [at_most("warm_over_bare", middles[0] - middles[1], BAR_MILLISECONDS, unit="ms", found=found)]


def _rates(rates: list[list[float]]) -> Iterator[Measure]:
    """Of each the middle round; ratios within a round."""
    for place, name in enumerate(("bare", "bentoml")[: len(rates[0]) - 1], 1):
        ratio = statistics.median(each[0] / each[place] for each in rates)
        own, other = (statistics.median(each[column] for each in rates) for column in (0, place))
        found = f"{own:.0f} requests per second, {name} {other:.0f}, {AT_ONCE} at once"
        bar = "at least 1 times" if name == "bentoml" else ""
        yield Measure(f"rate_{name}", ratio, "times", found, bar, ratio >= 1 if bar else None)


async def milliseconds(ask: Ask) -> float:
    began = time.perf_counter()
    await ask()
    return (time.perf_counter() - began) * 1000


async def per_second(ask: Ask, *, seconds: float) -> float:
    """Of AT_ONCE clients that each ask again once they have their reply."""
    done = 0
    end = time.perf_counter() + seconds

    async def ask_on() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await ask()
            done += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(ask_on())
    return done / seconds
