"""Sockets of language servers: what passes, what a hostile server or client comes to, and that nothing stays."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.exceptions import ConnectionClosed

from ide_server.catalog import Catalog
from ide_server.errors import FilesystemUnavailable, LanguageServerUnavailable, SandboxFailed, SlipwayError
from ide_server.host.languages import Languages, languages, process
from ide_server.host.languages.programs import Program
from ide_server.host.routes import languages as routes
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import Settings
from ide_server.wire import ModelId
from tests.support.catalogs import make_catalog
from tests.support.language_client import LanguageClient, language_client
from tests.support.local_languages import LocalSeats, local_programs
from tests.support.terminal_watcher import Server, serving, wait_until

pytestmark = pytest.mark.anyio

MODEL = ModelId("m")
LONG = 5_000_000


class Host:
    server: Server

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.seats = LocalSeats()
        self.languages = Languages(settings, self.seats, local_programs(folder))
        self.catalog = Catalog.open(settings)

    def app(self) -> Starlette:
        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
            yield {"languages": self.languages, "settings": self.settings, "catalog": self.catalog}

        return Starlette(
            routes=[Mount("/api/v1", routes=routes.routes)], exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan
        )

    def speak(self, server: str = "ty", **options: Any) -> contextlib.AbstractAsyncContextManager[LanguageClient]:
        return language_client(f"ws://{self.server.address}/models/{MODEL}/languages/{server}/socket", **options)

    async def told(self, method: str, parameters: Any = None) -> tuple[int, str]:
        """How the socket closes once the server has been told this."""
        async with self.speak() as client:
            await client.ask("echo", 1)
            await client.tell(method, parameters)
            return await client.until_closed()


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """On the event loop of production: it has its own ways with descriptors."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, max_language_servers=3)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Host]:
    """That no process stays is looked at for every test; here, that no seat does."""
    host = Host(settings, settings.data_dir)
    async with serving(host.app()) as host.server:
        yield host
        await wait_until(lambda: host.seats.taken == 0)
    await host.catalog.close()


@pytest.fixture
async def host(settings: Settings) -> AsyncIterator[Host]:
    async with running(settings) as host:
        yield host


async def test_messages_pass_both_ways_whatever_they_hold(host: Host) -> None:
    async with host.speak() as client:
        for said in ("grüße 日本語🙂", {"nested": [1, None, "\r\n\r\n"]}, "x" * 1_000_000):
            assert await client.ask("echo", said) == said


async def test_each_socket_has_a_server_of_its_own(host: Host) -> None:
    async with host.speak() as one, host.speak() as other:
        assert await one.ask("pid", None) != await other.ask("pid", None)
        (record,) = await host.languages.list(MODEL)
        assert (record.running, record.state, record.message) == (2, "ready", "")
        assert 0 < record.memory_bytes < 2 * record.memory_limit_bytes


async def test_a_server_ends_with_its_socket_and_with_it_what_it_has_started(host: Host) -> None:
    async with host.speak() as client:
        pid, child = await client.ask("pid", None), await client.ask("child", None)
        client.connection.transport.abort()
        await wait_until(lambda: is_gone(pid))
        await wait_until(lambda: has_ended(child))


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def has_ended(pid: int) -> bool:
    """An orphan stays a zombie until whoever adopted it reaps it."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


async def test_the_list_is_of_a_model_that_there_is(host: Host) -> None:
    make_catalog(host.settings)
    model = await host.catalog.models.create("model", limit_bytes=1 << 20)
    async with httpx.AsyncClient(base_url=f"http://{host.server.address}") as client:
        (record,) = (await client.get(f"/models/{model.id}/languages")).json()
        assert (record["name"], record["languages"], record["running"]) == ("ty", ["python"], 0)
        assert (await client.get("/models/none/languages")).status_code == 404


async def test_there_is_no_other_server(host: Host) -> None:
    async with host.speak("clangd") as client:
        code, reason = await client.until_closed()
    assert (code, reason) == (4404, "Expected one of ty as a language server, got 'clangd'.")


@pytest.mark.parametrize("frame", ["no JSON", "[]", '"text"', "[" * 10_000, "", b"{}"])
async def test_a_frame_that_is_no_message_closes_the_socket(host: Host, frame: str | bytes) -> None:
    async with host.speak() as client:
        await client.ask("echo", 1)
        await client.connection.send(frame)
        code, reason = await client.until_closed()
    assert code == 4400
    assert reason.startswith("Expected a JSON-RPC message, an object, as text; got ")


async def test_a_model_has_so_many_and_no_more(host: Host) -> None:
    async with host.speak() as one, host.speak() as two, host.speak() as three:
        for client in (one, two, three):
            await client.ask("echo", 1)
        async with host.speak() as client:
            code, reason = await client.until_closed()
    assert (code, reason) == (4429, "This model has 3 language servers, the most it may have. Close a tab of it.")


@pytest.mark.parametrize(("error", "code"), [(SandboxFailed("no runc"), 4501), (FilesystemUnavailable("wait"), 1013)])
async def test_a_workspace_that_does_not_start_is_told(host: Host, error: SlipwayError, code: int) -> None:
    host.seats.fault = error
    async with host.speak() as client:
        assert await client.until_closed() == (code, error.message)


async def test_a_program_that_cannot_be_fetched_is_told_and_asked_for_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def refuse(_: Program) -> None:
        nonlocal asked
        asked += 1
        raise LanguageServerUnavailable("ty could not be fetched: no way there")

    monkeypatch.setattr(host.languages._programs, "wait_ready", refuse)
    for count in (1, 2):
        async with host.speak() as client:
            assert await client.until_closed() == (4501, "ty could not be fetched: no way there")
        assert asked == count


# --- ends ---


async def test_a_server_that_ends_by_itself_is_told_with_its_last_words_and_can_be_had_again(host: Host) -> None:
    said = "ty ended with code 3: and the reason."
    assert await host.told("fail", 3) == (4502, said)
    assert (await host.languages.list(MODEL))[0].message == said
    async with host.speak() as client:
        assert await client.ask("echo", 1) == 1


async def test_a_server_that_is_killed_is_told_by_which_signal(host: Host) -> None:
    assert await host.told("kill", signal.SIGSEGV) == (4502, "ty was killed by SIGSEGV.")


async def test_after_ends_in_a_row_the_next_start_waits(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "FIRST_PAUSE_SECONDS", 3600.0)
    monkeypatch.setattr(languages, "LONGEST_PAUSE_SECONDS", 3600.0)
    for _ in range(2):
        await host.told("fail", 1)
    async with host.speak() as client:
        await client.tell("echo", 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.receive()
    await wait_until(lambda: host.languages._running == {})  # a client that leaves meanwhile leaves nothing


async def test_the_pauses_grow_to_half_a_minute_and_no_further() -> None:
    pauses = [languages.Failures(count).pause_seconds for count in (0, 1, 2, 3, 4, 7, 1000)]
    assert pauses == [0, 0, 1, 2, 4, 30, 30]


async def test_a_server_that_nobody_uses_is_stopped(settings: Settings) -> None:
    async with running(replace(settings, language_idle_seconds=0.3)) as host, host.speak() as client:
        pid = await client.ask("pid", None)
        assert await client.until_closed() == (4408, "stopped: nobody used it for 0.3 seconds; connect again")
        assert is_gone(pid)


async def test_one_of_an_earlier_environment_is_to_be_had_anew(host: Host) -> None:
    async with host.speak() as client:
        await client.ask("echo", 1)
        host.languages.retire(MODEL)
        assert await client.ask("echo", 2) == 2
        host.seats.edition += 1
        host.languages.retire(MODEL)
        assert await client.until_closed() == (1012, "the model's environment has changed; connect again")


# --- hostile servers and clients ---


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (b"garbage\r\n\r\n", "Expected a head with one Content-Length, got b'garbage"),
        (b"Content-Length: -1\r\n\r\n", "Expected a head with one Content-Length"),
        (b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", "Expected a head with one Content-Length"),
        (b"Content-Length: 999999999999\r\n\r\n", "Expected a message of at most"),
        (b"x" * 200_000, "Expected the head of a message, got no end of it."),
        (b"Content-Length: 2\r\n\r\n\xff\xff", "Expected a message in UTF-8"),
    ],
    ids=["garbage", "negative", "two lengths", "too long", "endless head", "not UTF-8"],
)
async def test_a_server_that_breaks_the_protocol_is_ended(host: Host, output: bytes, said: str) -> None:
    code, reason = await host.told("raw", output.hex())
    assert code == 4502
    assert reason.startswith(f"ty broke the protocol, and was ended. {said}")


async def test_what_is_too_long_is_left_out_and_the_client_told(host: Host) -> None:
    async with host.speak() as client:
        await client.say({"id": 7, "method": "long reply", "params": LONG})
        reply = await client.receive()
        assert (reply["id"], reply["error"]["code"]) == (7, -32603)
        await client.tell("long notification", LONG)
        notice = await client.receive()
        assert notice["method"] == "window/logMessage"
        assert "was left out: it is longer than 4194304" in notice["params"]["message"]
        assert await client.ask("echo", 1) == 1


async def test_a_server_that_says_nothing_is_ended(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FIRST_SECONDS", 0.5)
    async with host.speak() as client:
        await client.tell("sleep", None)
        assert await client.until_closed() == (4502, "ty said nothing for 0.5 seconds, and was ended.")


async def test_a_server_that_takes_in_nothing_is_ended(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "TAKE_SECONDS", 0.5)
    async with host.speak() as client:
        await client.ask("echo", 1)
        await client.tell("sleep", None)
        with contextlib.suppress(ConnectionClosed):
            for _ in range(8):
                await client.tell("echo", "x" * 1_000_000)
        assert await client.until_closed() == (4502, "ty took in nothing for 0.5 seconds, and was ended.")


async def test_a_client_that_reads_nothing_is_let_go_and_nothing_piles_up(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "STALL_SECONDS", 0.5)
    async with host.speak(max_queue=1) as client:
        pid = await client.ask("pid", None)
        await client.tell("flood", None)
        await wait_until(lambda: is_gone(pid))
        code, reason = await client.until_closed()
    assert (code, reason) == (1013, "nothing was read for 0.5 seconds; connect again")
    assert len(client.heard) < 100
