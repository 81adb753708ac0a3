"""Terminals over real WebSockets, with shells of this machine."""

import asyncio
import contextlib
import os
import random
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ide_server.catalog import Catalog
from ide_server.errors import SandboxFailed
from ide_server.host.events import ModelEvents
from ide_server.host.routes.terminals import routes
from ide_server.host.terminals import Terminal, Terminals, client
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import Settings
from ide_server.wire import ModelId, TerminalId, TerminalsChanged
from tests.support.catalogs import make_catalog
from tests.support.local_shells import LocalSeat, LocalShells
from tests.support.terminal_watcher import Server, Watcher, serving, wait_until

pytestmark = pytest.mark.anyio


class Host:
    """The terminals of one model, and a server in front of them."""

    model_id = ModelId("m")
    path = f"/models/{model_id}/terminals"
    server: Server

    def __init__(self, settings: Settings) -> None:
        self.events = ModelEvents()
        self.shells = LocalShells()
        self.terminals = Terminals(settings, self.shells, self.events)
        self.settings = settings
        self.catalog = Catalog.open(settings)

    def app(self) -> Starlette:
        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
            yield {"terminals": self.terminals, "catalog": self.catalog}

        return Starlette(
            routes=[Mount("/api/v1", routes=routes)], exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan
        )

    async def open(self, *arguments: str, rows: int = 24, columns: int = 80) -> str:
        """Path of a new terminal that runs this program, or Bash."""
        self.shells.arguments = LocalShells(*arguments).arguments
        terminal = await self.terminals.create(self.model_id, rows=rows, columns=columns)
        return f"{self.path}/{terminal.id}"

    @property
    def titles(self) -> list[str]:
        return [terminal.title for terminal in self.terminals.list(self.model_id)]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """On the event loop of production: it has its own ways with descriptors."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    host = Host(Settings(data_dir=tmp_path, max_terminals=4))
    async with serving(host.app()) as host.server:
        yield host
        await host.terminals.close()
    await host.catalog.close()


@pytest.fixture
async def listed(host: Host) -> str:
    """Path of the terminals of a model that the catalog knows."""
    make_catalog(host.settings)
    model = await host.catalog.models.create("model", limit_bytes=1 << 20)
    return f"/models/{model.id}/terminals"


def numbers(count: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(1, count + 1))


def flood(count: int) -> tuple[str, ...]:
    """Waits for a line, writes `numbers(count)`, waits for another line."""
    return ("bash", "-c", f"stty -echo -opost; echo ready; read; seq {count}; read")


async def start_flood(watcher: Watcher) -> None:
    await watcher.until_output(b"ready\n")
    await watcher.type("\n")


async def test_setup_comes_first_and_output_starts_at_its_offset(host: Host) -> None:
    path = await host.open("bash", "-c", "printf 0123456789; cat")
    async with host.server.watch(path) as watcher:
        await watcher.until_output(b"0123456789")
        assert watcher.messages == [["setup", 0, 24, 80, watcher.messages[0][4]]]
    async with host.server.watch(path, offset=4) as watcher:
        await watcher.until(lambda: len(watcher.output) == 6)
        assert watcher.messages == [["setup", 4, 24, 80, 10]]
        assert watcher.output == b"456789"


async def test_what_is_typed_reaches_the_shell(host: Host) -> None:
    path = await host.open()
    async with host.server.watch(path) as watcher:
        await watcher.type("echo $((6 * 7)) grüße\n")
        await watcher.until_output("42 grüße\r\n".encode())


async def test_a_flood_with_many_reconnects_loses_and_doubles_nothing(host: Host) -> None:
    expected = b"ready\n" + numbers(400_000)
    path = await host.open(*flood(400_000))
    chance = random.Random(7)
    received = bytearray()
    connections = 0
    async with host.server.watch(path) as anchor:
        # It acknowledges only what the other has received, so that output never runs a ring ahead of reconnects.
        anchor.acknowledges = False
        await start_flood(anchor)
        while len(received) < len(expected):
            connections += 1
            wanted = min(chance.randrange(1, 200_000), len(expected) - len(received))
            async with host.server.watch(path, offset=len(received)) as watcher:
                await watcher.until_bytes(wanted)
                assert watcher.first_offset == len(received)
                received += watcher.output
            await anchor.until_bytes(len(received))
            await anchor.say("ack", len(received))
    assert received == expected
    assert connections > 10


async def test_characters_split_over_reads_arrive_whole(host: Host) -> None:
    text = "日本語🙂é" * 20_000
    path = await host.open("bash", "-c", "stty -opost; python3 -c 'print(\"日本語🙂é\" * 20_000, end=str())'; cat")
    async with host.server.watch(path) as watcher:
        await watcher.until(lambda: len(watcher.output) >= len(text.encode()))
        assert watcher.output.decode() == text


async def test_twenty_megabytes_reach_a_reader_whole(host: Host) -> None:
    expected = b"ready\n" + numbers(2_700_000)
    assert len(expected) > 20_000_000
    path = await host.open(*flood(2_700_000))
    async with host.server.watch(path) as watcher:
        await start_flood(watcher)
        await watcher.until_bytes(len(expected))
        assert watcher.output == expected
        assert [message[0] for message in watcher.messages] == ["setup"]


async def test_a_client_that_does_not_read_costs_no_memory_and_delays_nobody(host: Host) -> None:
    path = await host.open(*flood(2_700_000))
    other = await host.open("cat")
    async with host.server.watch(path) as sleeper, host.server.watch(path) as reader:
        await start_flood(reader)
        before = resident_bytes()
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read_and_forget(reader, 20_000_000))
            async with host.server.watch(other) as typist:
                echoes = [await echo_seconds(typist, f"<{number}>") for number in range(20)]
            await reading
        assert resident_bytes() - before < 12 << 20
        assert sorted(echoes)[10] < 0.5
        del sleeper


async def test_a_client_that_the_ring_has_passed_starts_over_with_a_new_setup(host: Host) -> None:
    expected = b"ready\n" + numbers(700_000)
    path = await host.open(*flood(700_000))
    async with host.server.watch(path) as slow, host.server.watch(path) as fast:
        slow.acknowledges = False
        await start_flood(fast)
        await fast.until_bytes(len(expected))
        assert fast.output == expected
        await slow.until_bytes(client.WINDOW_BYTES)
        assert slow.output == expected[: client.WINDOW_BYTES]
        slow.acknowledges = True
        await slow.say("ack", slow.offset)
        await slow.until(lambda: slow.offset == len(expected))
        assert [message[0] for message in slow.messages] == ["setup", "setup"]
        assert slow.first_offset > client.WINDOW_BYTES
        assert slow.output == expected[slow.first_offset :]
        assert expected[slow.first_offset - 1 : slow.first_offset] == b"\n"


async def test_a_program_waits_while_every_client_is_behind(host: Host) -> None:
    total = len(b"ready\n" + numbers(400_000))
    path = await host.open(*flood(400_000))
    terminal = terminal_at(host, path)
    with terminal.attached(0) as slow, terminal.attached(0) as slower:
        await wait_until(lambda: terminal.ring.end == len("ready\n"))
        terminal.type(slow, "\n")
        await wait_until(lambda: slow.is_behind and slower.is_behind)
        paused_at = terminal.ring.end
        await asyncio.sleep(0.2)  # to see that nothing comes
        assert terminal.ring.end == paused_at < client.WINDOW_BYTES + (64 << 10)
        slow.position = paused_at
        terminal.acknowledge(slow, paused_at)
        await wait_until(lambda: terminal.ring.end >= paused_at + client.WINDOW_BYTES)
        assert slower.acknowledged == 0
    await wait_until(lambda: terminal.ring.end == total)


async def test_a_client_that_stalls_is_disconnected_and_the_program_goes_on(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STALL_SECONDS", 0.5)
    expected = b"ready\n" + numbers(400_000)
    path = await host.open(*flood(400_000))
    async with host.server.watch(path) as watcher:
        watcher.acknowledges = False
        await start_flood(watcher)
        code, reason = await watcher.until_closed()
        assert (code, reason) == (1013, "expected an ack within 30 seconds, got none; connect again")
        assert watcher.output == expected[: client.WINDOW_BYTES]
    await wait_until(lambda: terminal_at(host, path).ring.end == len(expected))


async def test_a_socket_that_takes_nothing_does_not_hold_a_program_up(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STALL_SECONDS", 0.5)
    monkeypatch.setattr("ide_server.host.routes.terminals.STALL_SECONDS", 0.5)
    total = len(b"ready\n" + numbers(400_000))
    path = await host.open(*flood(400_000))
    terminal = terminal_at(host, path)
    async with deaf_client(host, path):
        await wait_until(lambda: len(terminal.clients) == 1 and terminal.ring.end == len("ready\n"))
        terminal.type(terminal.clients[0], "\n")
        await wait_until(lambda: terminal.clients[0].is_behind)
        await wait_until(lambda: terminal.clients == [])
        await wait_until(lambda: terminal.ring.end == total)


async def test_ctrl_c_stops_a_flood_at_once(host: Host) -> None:
    path = await host.open()
    async with host.server.watch(path) as watcher:
        await watcher.type("yes\n")
        await watcher.until_bytes(5_000_000)
        await watcher.type("\x03")
        start = time.monotonic()
        await watcher.until_output(b"^C")
        assert time.monotonic() - start < 2
        await watcher.type("echo sto''pped\n")
        await watcher.until_output(b"stopped\r\n")


async def test_a_paste_that_is_not_read_delays_no_other_terminal(host: Host) -> None:
    deaf, other = await host.open("sleep", "100"), await host.open("cat")
    async with host.server.watch(deaf) as paster, host.server.watch(other) as typist:
        await paster.type("a line of a paste\n" * 11_000)
        echoes = [await echo_seconds(typist, f"<{number}>") for number in range(20)]
        assert sorted(echoes)[10] < 0.1


async def test_ctrl_c_reaches_a_program_through_a_paste_it_does_not_read(host: Host) -> None:
    path = await host.open()
    async with host.server.watch(path) as watcher:
        # Without Python's own handler, which would run only after a sleep that begins just then.
        await watcher.type(
            "python3 -c 'import signal, time; signal.signal(2, signal.SIG_DFL); print(6 * 7, flush=True);"
        )
        await watcher.type("time.sleep(100)'\n")
        await watcher.until_output(b"42\r\n")
        await watcher.type("echo pas''ted\n" * 15_000)
        await watcher.type("\x03")
        await watcher.type("echo ali''ve\n")
        await watcher.until_output(b"alive\r\n")
        assert b"pasted\r\n" not in watcher.output


async def test_a_paste_that_is_read_arrives_whole(host: Host) -> None:
    path = await host.open("bash", "-c", "stty raw -echo; echo ready; head -c 1000000 | sha256sum; cat")
    async with host.server.watch(path) as watcher:
        await watcher.until_output(b"ready\n")
        await watcher.type("0123456789" * 100_000)
        await watcher.until_output(b"ec21d64624228af3")


async def test_typing_beyond_the_bound_is_refused_with_its_size(host: Host) -> None:
    path = await host.open("sleep", "100")
    async with host.server.watch(path) as watcher:
        await watcher.type("line\n" * 200_000)
        await watcher.type("second\n" * 10_000)
        await watcher.until_message("stdin_full", 70_000)


async def test_the_size_is_that_of_the_client_active_last(host: Host) -> None:
    path = await host.open(rows=30, columns=100)
    async with host.server.watch(path) as first, host.server.watch(path) as second:
        await first.until_output(b"$ ")
        assert first.messages[0][2:4] == [30, 100]
        await first.say("set_size", 40, 120)
        await second.until_message("size", 40, 120)
        await second.say("set_size", 20, 60)
        await first.until_message("size", 20, 60)
        await first.type("stty size\n")
        await first.until_output(b"40 120\r\n")
        await second.until(lambda: second.messages.count(["size", 40, 120]) == 2)
        await first.until_message("size", 40, 120)


async def test_the_exit_code_is_told_to_all_and_the_terminal_leaves_the_list(host: Host) -> None:
    with host.events.subscribe(host.model_id) as events:
        path = await host.open()
        async with host.server.watch(path) as first, host.server.watch(path) as second:
            await first.type("echo la''st; exit 7\n")
            assert await first.until_closed() == (1000, "")
            assert await second.until_closed() == (1000, "")
            for watcher in (first, second):
                assert watcher.messages[-1] == ["disconnect", 7]
                assert b"last\r\n" in watcher.output
        assert host.titles == []
        heard = aiter(events)
        changes = [await anext(heard), await anext(heard)]
        assert [len(change.terminals) for change in changes if isinstance(change, TerminalsChanged)] == [1, 0]
    async with host.server.watch(path) as late:
        code, reason = await late.until_closed()
        assert (code, reason) == (4404, "This terminal has ended or never was. Open a new one.")


async def test_a_shell_killed_by_a_signal_has_no_exit_code(host: Host) -> None:
    path = await host.open()
    async with host.server.watch(path) as watcher:
        await watcher.type("kill -9 $$\n")
        await watcher.until_message("disconnect", None)


async def test_a_background_process_that_holds_the_terminal_does_not_keep_it(host: Host) -> None:
    path = await host.open()
    async with host.server.watch(path) as watcher:
        await watcher.type("(trap '' HUP; exec sleep 5) & disown; exit 3\n")
        await watcher.until_message("disconnect", 3)


async def test_removing_ends_a_shell_that_ignores_every_polite_signal(host: Host) -> None:
    path = await host.open("bash", "-c", "trap '' HUP INT TERM CONT; echo deaf; while :; do read -t 100; done")
    async with host.server.watch(path) as watcher:
        await watcher.until_output(b"deaf")
        async with httpx.AsyncClient() as http:
            assert (await http.delete(f"http://{host.server.address}{path}")).status_code == 204
            assert (await http.delete(f"http://{host.server.address}{path}")).status_code == 404
        await watcher.until_message("disconnect", None)
    assert host.titles == []


async def test_terminals_are_made_and_listed_over_http(host: Host, listed: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{host.server.address}") as http:
        made = await http.post(listed, json={"rows": 24, "columns": 80})
        assert made.status_code == 201
        assert (await http.get(listed)).json() == [made.json()]
        assert made.json()["title"] == "Terminal 1"
        assert (await http.post(listed, json={"rows": 0, "columns": 80})).status_code == 400
        assert (await http.get("/models/none/terminals")).status_code == 404


async def test_a_terminal_is_named_and_all_hear_of_it(host: Host, listed: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://{host.server.address}") as http:
        path = f"{listed}/{(await http.post(listed, json={'rows': 24, 'columns': 80})).json()['id']}"
        named = await http.patch(path, json={"title": " build "})
        assert (named.status_code, named.json()["title"]) == (200, "build")
        assert (await http.get(listed)).json() == [named.json()]
        assert (await http.patch(path, json={"title": "\x1b]0;"})).status_code == 400
        assert (await http.patch(f"{listed}/none", json={"title": "x"})).status_code == 404


async def test_a_folder_that_cannot_be_is_refused(host: Host) -> None:
    async with httpx.AsyncClient(base_url=f"http://{host.server.address}") as http:
        new = {"rows": 24, "columns": 80, "folder": "a\0b"}
        assert (await http.post(host.path, json=new)).status_code == 400
    assert host.titles == []


async def test_terminals_that_start_at_once_count_towards_the_limit(host: Host) -> None:
    async with httpx.AsyncClient(base_url=f"http://{host.server.address}") as http:
        replies = await asyncio.gather(*(http.post(host.path, json={"rows": 24, "columns": 80}) for _ in range(6)))
    assert sorted(reply.status_code for reply in replies) == [201] * 4 + [429] * 2
    assert sorted(host.titles) == ["Terminal 1", "Terminal 2", "Terminal 3", "Terminal 4"]


async def test_terminals_of_before_a_change_are_told_to_be_outdated(host: Host) -> None:
    await host.open()
    host.shells.edition += 1
    with host.events.subscribe(host.model_id) as events:
        host.terminals.announce(host.model_id)
        await host.open()
        events.end()
        told = [event async for event in events]
    flags = [[each.outdated for each in event.terminals] for event in told if isinstance(event, TerminalsChanged)]
    assert flags == [[True], [True, False]]


async def test_a_shell_that_did_not_start_leaves_its_place(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise SandboxFailed("no sandbox today")

    with monkeypatch.context() as patch:
        patch.setattr(LocalSeat, "open_terminal", fail)
        for _ in range(5):
            with pytest.raises(SandboxFailed):
                await host.terminals.create(host.model_id, rows=24, columns=80)
    assert host.shells.seats == 0
    await host.open()
    assert host.titles == ["Terminal 1"]
    await host.terminals.remove_all(host.model_id)
    assert host.shells.seats == 0


@pytest.mark.parametrize(
    ("said", "got"),
    [
        ('["typo", 1]', "'[\"typo\", 1]'"),
        ("{}", "'{}'"),
        ('["stdin"]', "'[\"stdin\"]'"),
        (b"\xff", r"b'\xff'"),
        (b'["stdin", "\xff"]', r"""b'["stdin", "\xff"]'"""),
        ("[" * 100_000, repr("[" * 40)),
    ],
)
async def test_a_message_that_is_not_understood_closes_with_what_was_expected(
    host: Host, said: str | bytes, got: str
) -> None:
    path = await host.open("cat")
    async with host.server.watch(path) as watcher:
        await watcher.connection.send(said)
        expected = '["stdin", text], ["set_size", rows, columns] or ["ack", offset]'
        assert await watcher.until_closed() == (4400, f"Expected {expected}, got {got}.")


async def test_numbers_that_cannot_be_are_refused(host: Host) -> None:
    path = await host.open("cat")
    async with host.server.watch(path) as watcher:
        await watcher.say("ack", 1)
        assert await watcher.until_closed() == (4400, "Expected ack of at most 0, the output sent so far; got 1.")
    async with host.server.watch(path) as watcher:
        await watcher.say("set_size", 0, 5000)
        assert await watcher.until_closed() == (4400, "Expected 1 to 1000 rows and columns, got 0 and 5000.")
    async with host.server.watch(path, offset="-1") as watcher:
        assert await watcher.until_closed() == (4400, "Expected offset to be a number of bytes, got '-1'.")


async def test_terminals_and_clients_leave_no_descriptor_and_no_task(host: Host) -> None:
    async def use() -> None:
        path = await host.open()
        for _ in range(3):
            async with host.server.watch(path) as watcher:
                await watcher.until_output(b"$ ")
        await host.terminals.remove_all(host.model_id)

    await use()
    await wait_until(lambda: len(asyncio.all_tasks()) <= 4)
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(5):
        await use()
    await wait_until(lambda: len(os.listdir("/proc/self/fd")) <= len(before) and len(asyncio.all_tasks()) <= 4)


@contextlib.asynccontextmanager
async def deaf_client(host: Host, path: str) -> AsyncIterator[None]:
    """Connects and never reads; the kernel takes little for it."""
    address, _, prefix = host.server.address.partition("/")
    name, port = address.split(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect((name, int(port)))
        raw.sendall(
            f"GET /{prefix}{path}/socket HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        yield


def terminal_at(host: Host, path: str) -> Terminal:
    return host.terminals.get(host.model_id, TerminalId(path.rpartition("/")[2]))


async def echo_seconds(watcher: Watcher, mark: str) -> float:
    start = time.monotonic()
    await watcher.type(mark)
    await watcher.until_output(mark.encode())
    return time.monotonic() - start


async def read_and_forget(watcher: Watcher, total_bytes: int) -> None:
    while total_bytes > 0:
        await watcher.until(lambda: len(watcher.output) > 0)
        total_bytes -= len(watcher.output)
        # Kept as an offset only, so that what grows in this process is the server's.
        watcher.messages[-1][1] += len(watcher.output)
        watcher.output.clear()


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
