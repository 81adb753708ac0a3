"""Many terminals typed into at once, over their WebSockets: how long until each has its echo."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import uvloop
from editor_measures import Measure, compared
from editor_peers import Editor
from terminal_client import Client, watching

PROMPT_SECONDS = 120.0
ECHO_SECONDS = 30.0
BAR = 0.5
STARTED_AT_ONCE = 4


def measure(slipway: Editor, jupyter: Editor, *, terminals: int, rounds: int) -> list[Measure]:
    with ThreadPoolExecutor() as threads:
        editors = (slipway, jupyter)
        crowds = list(zip(editors, threads.map(lambda editor: addresses_of(editor, terminals), editors), strict=True))
    found = uvloop.run(echoes(crowds, rounds=rounds))
    return [
        compared("crowd_p50", "ms", {name: statistics.median(times) for name, times in found.items()}, {}),
        compared("crowd_p95", "ms", {name: p95(times) for name, times in found.items()}, {"jupyterlab": BAR}),
    ]


def addresses_of(editor: Editor, count: int) -> list[str]:
    """Of new terminals."""
    path = f"/api/v1/models/{editor.model}/terminals" if editor.model else "/api/terminals"
    socket = f"{path}/%s/socket" if editor.model else "/terminals/websocket/%s"
    wanted = {"rows": 24, "columns": 80} if editor.model else {}
    with httpx.Client(base_url=editor.origin, headers=dict(editor.headers), timeout=PROMPT_SECONDS) as client:
        with ThreadPoolExecutor(STARTED_AT_ONCE) as threads:
            replies = list(threads.map(lambda _: client.post(path, json=wanted).raise_for_status(), range(count)))
        made = [reply.json() for reply in replies]
    base = editor.origin.replace("http", "ws", 1)
    return [base + socket % (each["id"] if editor.model else each["name"]) for each in made]


async def echoes(addresses: Sequence[tuple[Editor, list[str]]], *, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {editor.name: [] for editor, _ in addresses}
    async with contextlib.AsyncExitStack() as stack:
        crowds = {
            editor.name: await asyncio.gather(
                *(stack.enter_async_context(at_prompt(url, editor.headers)) for url in urls)
            )
            for editor, urls in addresses
        }
        for number in range(rounds + 1):
            for name, clients in crowds.items():
                times = await typed_at_once(clients, f"<{number}>")
                found[name] += times if number else []  # the first warms up
    return found


@contextlib.asynccontextmanager
async def at_prompt(url: str, headers: Mapping[str, str]) -> AsyncIterator[Client]:
    async with watching(url, headers) as client:
        async with asyncio.timeout(PROMPT_SECONDS):
            await client.type("echo rea''dy\r")
            await client.until(b"ready")
        yield client


async def typed_at_once(clients: list[Client], text: str) -> list[float]:
    """Milliseconds of each, from when the first was typed into."""
    began = time.perf_counter()

    async def echo(client: Client) -> float:
        await client.type(text)
        await client.until(text.encode())
        return (time.perf_counter() - began) * 1000

    async with asyncio.timeout(ECHO_SECONDS):
        return list(await asyncio.gather(*map(echo, clients)))


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
