"""What the parts of the launchers benchmark share: measures, models on a real server, memory of its processes."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.server import Server

MEBIBYTE = 1 << 20
DEADLINE_SECONDS = 120.0


@dataclass(frozen=True)
class Measure:
    name: str
    value: float
    unit: str
    found: str
    """In words."""
    bar: str = ""
    passed: bool | None = None
    """None where there is no bar."""


def at_most(name: str, value: float, highest: float, *, unit: str, found: str) -> Measure:
    return Measure(name, value, unit, found, f"at most {highest:g} {unit}", value <= highest)


@dataclass(frozen=True)
class Model:
    """On a server, with a client that is signed in."""

    client: httpx.Client
    id: str

    @property
    def path(self) -> str:
        return f"/api/v1/models/{self.id}"

    def start(self, kind: str, parameters: Mapping[str, Any] | None = None) -> str:
        """The operation's id."""
        reply = self.client.post(f"{self.path}/operations", json={"kind": kind, "parameters": parameters or {}})
        return str(reply.raise_for_status().json()["id"])

    def wait_ended(self, operation: str) -> dict[str, Any]:
        return waited(lambda: ended(self.client, operation))

    def run(self, kind: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        done = self.wait_ended(self.start(kind, parameters))
        assert done["status"] == "succeeded", done
        return done


def ended(client: httpx.Client, operation: str) -> dict[str, Any] | None:
    found: dict[str, Any] = client.get(f"/api/v1/operations/{operation}").raise_for_status().json()
    return None if found["outcome"] is None else found


def waited(look: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline, "the server takes too long"
        time.sleep(0.02)
    return found


@contextlib.contextmanager
def model_of(server: Server, name: str, code: str) -> Iterator[Model]:
    with server.client() as client:
        client.timeout = DEADLINE_SECONDS
        template = client.get("/api/v1/templates").json()[0]["id"]
        made = client.post("/api/v1/models", json={"name": name, "template": template})
        model = Model(client, made.raise_for_status().json()["id"])
        for file, content in (("main.py", code), ("slipway.toml", "")):
            path = f"{model.path}/files/{file}"
            client.put(path, content=content, headers={"If-Match": "*"}).raise_for_status()
        yield model


class Memory:
    """How much the host and the web process take at most, against what they take before."""

    def __init__(self, server: Server) -> None:
        self._pids = {name: pid for name in ("host", "web") if (pid := server.child(name)) is not None}
        self._over = threading.Event()
        self.grown: dict[str, float] = {}
        """In MiB, once it is over."""

    def __enter__(self) -> "Memory":
        self._before = {name: pss_bytes(pid) for name, pid in self._pids.items()}
        self._most = dict(self._before)
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.grown = {name: (self._most[name] - before) / MEBIBYTE for name, before in self._before.items()}

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            for name, pid in self._pids.items():
                self._most[name] = max(self._most[name], pss_bytes(pid))


def pss_bytes(pid: int) -> int:
    """Its share of memory: what it has alone, and its part of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
