"""Operations beyond the warm evaluate: a cold one, a train that says much, a long queue, and what is large."""

import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from launchers_models import (
    DEADLINE_SECONDS,
    MEBIBYTE,
    Measure,
    Memory,
    Model,
    at_most,
    ended,
    model_of,
    waited,
)
from launchers_warm import CODE, INFERENCE, token_of

from tests.support.server import Server

NATIVE = "import main; main.evaluate({'x': [1.0, 2.0, 3.0]})"
QUEUED = 200
LAUNCHERS = 2
SLOW = """
import time
def evaluate(params):
    time.sleep(0.04)
    return {"number": params["number"]}
"""
LINES, METRICS = 100_000, 10_000
TALKATIVE = f"""
def train(params, tracker):
    for step in range({METRICS}):
        tracker.metrics([("loss", 1 / (step + 1))])
        for line in range({LINES // METRICS}):
            print("step", step, "line", line)

def evaluate(params):
    return {{"y": 1}}
"""
WATCH = """() => {
  window.live = { longest: 0, lag: 0 };
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.live.longest = Math.max(window.live.longest, task.duration);
  }).observe({ type: 'longtask' });
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    window.live.lag = Math.max(window.live.lag, now - last - 20);
    last = now;
  }, 20);
}"""
BAR_TASK_MILLISECONDS = 500
BAR_FLOOD_MEBIBYTES = 20
BAR_LARGE_MEBIBYTES = 64
READER = """
def instantiateModel(state):
    global state_bytes
    state_bytes = sum(len(value) for value in state.values())

def evaluate(params):
    file, count = params["file"].open(0), 0
    while data := file.read(1 << 20):
        count += len(data)
    return {"bytes": count, "state_bytes": state_bytes}
"""


# --- cold ---


def cold(server: Server, folder: Path, *, rounds: int) -> list[Measure]:
    """An evaluate with no launcher there, and the whole of a Python that loads and calls the same code."""
    (folder / "main.py").write_text(CODE)
    native = [sys.executable, "-c", NATIVE]
    with model_of(server, "cold", CODE) as model:
        model.run("evaluate", {"x": [1.0]})
        headers = token_of(model)
        with httpx.Client(base_url=server.url, headers=headers, timeout=DEADLINE_SECONDS) as client:
            pairs = [(evaluated_cold(model, client), seconds_of(native, folder)) for _ in range(rounds)]
    ours, theirs = (statistics.median(each) * 1000 for each in zip(*pairs, strict=True))
    found = f"{ours:.0f} ms, python -c {theirs:.0f} ms"
    return [at_most("cold_evaluate", ours, round(3 * theirs + 100), unit="ms", found=found)]


def evaluated_cold(model: Model, client: httpx.Client) -> float:
    """As the warm ones are asked for: one request, whose reply is what the function returned."""
    for launcher in model.client.get(f"{model.path}/launchers").json():
        model.client.delete(f"{model.path}/launchers/{launcher['id']}").raise_for_status()
    began = time.perf_counter()
    client.post("/v2/models/cold/infer", json=INFERENCE).raise_for_status()
    return time.perf_counter() - began


def seconds_of(command: list[str], folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True)
    return time.perf_counter() - began


# --- a train that says much ---


def flood(server: Server) -> list[Measure]:
    with model_of(server, "talkative", TALKATIVE) as model:
        model.run("evaluate")
        model.client.get(f"{model.path}/operations")
        with Memory(server) as memory:
            live = watched_train(server, model) if shutil.which("chromium-headless-shell") else unwatched_train(model)
        trained = model.client.get(f"{model.path}/operations").json()[0]["id"]
        lines, metrics = said(model.client, trained)
    lost = LINES + METRICS - lines - metrics
    grown = memory.grown["host"]
    measures = [
        at_most("flood_lost", lost, 0, unit="events", found=f"{lines} lines, {metrics} metrics"),
        at_most("flood_host", grown, BAR_FLOOD_MEBIBYTES, unit="MiB", found=f"{grown:.1f} MiB more"),
    ]
    if not live:
        return [*measures, Measure("flood_page", 0, "", "skipped: no Chromium")]
    found = f"longest task {live['longest']:.0f} ms, longest wait of an event {live['lag']:.0f} ms"
    return [*measures, at_most("flood_page", live["lag"], BAR_TASK_MILLISECONDS, unit="ms", found=found)]


def watched_train(server: Server, model: Model) -> dict[str, float]:
    """What a page that shows it measured of itself."""
    from tests.support.workbench import Workbench, chromium, sign_in

    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        sign_in(page, server.new_sign_in_url())
        page.goto(f"{server.url}/models/{model.id}")
        workbench = Workbench(page)
        workbench.wait_ready()
        page.evaluate(WATCH)
        model.start("train")
        workbench.wait_ended("Train", "succeeded", seconds=DEADLINE_SECONDS)
        live: dict[str, float] = page.evaluate("window.live")
        return live


def unwatched_train(model: Model) -> dict[str, float]:
    model.run("train")
    return {}


def said(client: httpx.Client, operation: str) -> tuple[int, int]:
    """Lines and metrics, as who reads the events gets them."""
    lines = metrics = 0
    with client.stream("GET", f"/api/v1/operations/{operation}/events") as reply:
        for line in reply.iter_lines():
            if line.startswith("data: "):
                for event in json.loads(line.removeprefix("data: "))["events"]:
                    lines += event.get("text", "").count("\n")
                    metrics += event["type"] == "metric"
    return lines, metrics


# --- what is large ---


def large(server: Server, folder: Path, *, mebibytes: int) -> Iterator[Measure]:
    """A parameter and a state of so many MiB, from upload to the code, and the state back."""
    packed = folder / "large.zip"
    with zipfile.ZipFile(packed, "w") as archive, archive.open("large.bin", "w") as file:
        for _ in range(mebibytes):
            file.write(bytes(MEBIBYTE))
    with model_of(server, "large", READER) as model:
        with Memory(server) as parameter:
            dataset = uploaded(model, "/api/v1/datasets/upload?name=large&format=zip", packed)
        packed.unlink()
        with Memory(server) as state:
            kept = streamed(model, f"{model.path}/states?name=large&key=all", zeros(mebibytes))
            model.client.patch(model.path, json={"active_state_id": kept["id"]}).raise_for_status()
        with Memory(server) as evaluate:
            done = model.run("evaluate", {"file": {"dataset": dataset["id"], "key": "binary"}})
        result = model.client.get(f"/api/v1/operations/{done['id']}/result").json()
        counts = {output["name"]: output["values"][0]["elements"][0] for output in result["outputs"]}
        assert counts == {"bytes": mebibytes * MEBIBYTE, "state_bytes": mebibytes * MEBIBYTE}, counts
        with Memory(server) as download:
            path = f"{model.path}/states/{kept['id']}/content?key=all"
            with model.client.stream("GET", path) as reply:
                assert sum(map(len, reply.iter_raw())) == mebibytes * MEBIBYTE
    steps = {"upload": parameter, "state": state, "evaluate": evaluate, "download": download}
    for name in ("host", "web"):
        grown = {step: memory.grown[name] for step, memory in steps.items()}
        found = ", ".join(f"{step} {value:.1f}" for step, value in grown.items()) + f" MiB more, of {mebibytes} MiB"
        yield at_most(f"large_{name}", max(grown.values()), BAR_LARGE_MEBIBYTES, unit="MiB", found=found)


def uploaded(model: Model, path: str, file: Path) -> dict[str, Any]:
    def chunks() -> Iterator[bytes]:
        with file.open("rb") as content:
            while chunk := content.read(MEBIBYTE):
                yield chunk

    return streamed(model, path, chunks())


def zeros(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield bytes(MEBIBYTE)


def streamed(model: Model, path: str, content: Iterator[bytes]) -> dict[str, Any]:
    reply = model.client.post(path, content=content)
    assert reply.is_success, reply.text
    made: dict[str, Any] = reply.json()
    return made


# --- a long queue ---


def queue(server: Server) -> list[Measure]:
    """Of a server with two launchers, whose web process is killed in the middle."""
    with model_of(server, "queue", SLOW) as model:
        model.run("evaluate", {"number": 0})
        began = time.perf_counter()
        asked = [model.start("evaluate", {"number": number}) for number in range(QUEUED)]
        waited(lambda: tolerant(model.client, asked[QUEUED // 2]))
        server.kill("web")
        waited(lambda: tolerant(model.client, asked[-1]))
        seconds = time.perf_counter() - began
        kept = {each["id"]: each for each in waited(lambda: all_ended(model, asked)).values()}
    succeeded = [kept[each] for each in asked if each in kept and kept[each]["status"] == "succeeded"]
    started = [each["started_at"] for each in succeeded]
    lost = QUEUED - len(succeeded)
    late = sum(one > other for one, other in pairwise(started))
    return [
        at_most("queue_lost", lost, 0, unit="operations", found=f"{len(succeeded)} of {QUEUED} in {seconds:.1f} s"),
        at_most("queue_out_of_order", late, 0, unit="operations", found=f"{late} began before an earlier one"),
    ]


def tolerant(client: httpx.Client, operation: str) -> dict[str, Any] | None:
    with contextlib.suppress(httpx.HTTPError):  # the web process is being started again
        return ended(client, operation)
    return None


def all_ended(model: Model, asked: list[str]) -> dict[str, Any] | None:
    listed = {each["id"]: each for each in model.client.get(f"{model.path}/operations").json()}
    return listed if all(listed[each]["outcome"] for each in asked if each in listed) else None
