"""How far a client may be sent output, and what it is told, without a shell or a socket."""

import asyncio
from collections.abc import Callable

import pytest

from ide_server.errors import InvalidRequest
from ide_server.host.terminals import client as client_module
from ide_server.host.terminals.client import FRAME_BYTES, Client, ClientStalled
from ide_server.host.terminals.ring import Ring

pytestmark = pytest.mark.anyio

MEBIBYTE = 1 << 20
WINDOW = client_module.WINDOW_BYTES


def ring_of(*, written: int, capacity_bytes: int = 2 * MEBIBYTE) -> Ring:
    ring = Ring(capacity_bytes)
    ring.append(b"x" * written)
    return ring


def taken(client: Client) -> int:
    """All it may be sent now."""
    count = 0
    while frame := client.take_output():
        assert len(frame) <= client_module.FRAME_BYTES
        count += len(frame)
    return count


@pytest.mark.parametrize(
    ("asked", "position"),
    [(0, 900), (899, 900), (900, 900), (950, 950), (1000, 1000), (1001, 900)],
    ids=["from the first", "just gone", "the oldest held", "within", "all of it", "of another life"],
)
async def test_a_client_continues_where_the_ring_still_holds_its_place(asked: int, position: int) -> None:
    client = Client(ring_of(written=1000, capacity_bytes=100), asked)
    assert (client.position, client.live_offset, client.setup_due) == (position, 1000, True)


async def test_no_more_than_a_window_is_sent_unacknowledged() -> None:
    client = Client(ring_of(written=2 * WINDOW), 0)
    assert taken(client) == WINDOW
    client.acknowledge(1000)
    assert taken(client) == 1000
    client.acknowledge(client.position)
    assert taken(client) == WINDOW - 1000
    assert client.at_end


async def test_a_window_leaves_room_in_a_small_ring() -> None:
    ring = ring_of(written=0, capacity_bytes=1000)
    client = Client(ring, 0)
    ring.append(b"x" * 499)
    assert not client.is_behind
    ring.append(b"x")
    assert client.is_behind


async def test_a_client_is_behind_by_output_that_waits_as_by_output_sent() -> None:
    ring = ring_of(written=WINDOW - 1)
    client = Client(ring, 0)
    assert not client.is_behind
    ring.append(b"x")
    assert client.is_behind
    assert taken(client) == WINDOW
    assert client.is_behind
    client.acknowledge(1)
    assert not client.is_behind


async def test_a_client_the_ring_has_passed_first_acknowledges_what_it_was_sent() -> None:
    ring = ring_of(written=WINDOW)
    client = Client(ring, 0)
    client.setup_due = False
    assert taken(client) == WINDOW
    ring.append(b"y" * 3 * MEBIBYTE)
    assert taken(client) == 0
    assert not client.setup_due
    client.acknowledge(WINDOW)
    assert taken(client) == 0
    assert client.setup_due
    assert client.position == client.acknowledged == ring.start
    client.acknowledge(WINDOW)
    assert client.acknowledged == ring.start


async def test_output_never_sent_cannot_be_acknowledged() -> None:
    client = Client(ring_of(written=10), 0)
    assert client.take_output() == b"x" * 10
    with pytest.raises(InvalidRequest, match="Expected ack of at most 10, the output sent so far; got 11"):
        client.acknowledge(11)


async def test_a_client_that_acknowledges_nothing_stalls_whatever_else_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "STALL_SECONDS", 0.05)
    ring = ring_of(written=WINDOW)
    client = Client(ring, 0)
    client.notice()
    with pytest.raises(ClientStalled):
        async with asyncio.timeout(5):
            while True:
                ring.append(b"more")
                client.notice()
                await client.wait_changed()


async def test_each_acknowledgement_gives_a_stalled_client_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "STALL_SECONDS", 0.1)
    client = Client(ring_of(written=2 * WINDOW), 0)
    client.take_output()
    client.notice()
    for offset in range(1, 6):
        await asyncio.sleep(0.05)  # half the time it has
        client.acknowledge(offset)
        await client.wait_changed()


async def test_a_client_that_keeps_up_may_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "STALL_SECONDS", 0.01)
    client = Client(ring_of(written=10), 0)
    client.notice()
    await client.wait_changed()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.wait_changed()


async def test_output_goes_out_without_a_turn_unless_something_is_on_its_way_or_due_before_it() -> None:
    said: list[bytes] = []
    ready = True

    def say(take: Callable[[], bytes]) -> bool:
        said.extend([take()] if ready else [])
        return ready

    ring = ring_of(written=10)
    client = Client(ring, 0)
    assert not client.say_output()  # nobody says how
    client.say = say
    assert not client.say_output()  # its setup is due
    client.setup_due = False
    assert client.say_output()
    ring.append(b"y")
    client.is_served = True
    assert not client.say_output()
    client.is_served, ready = False, False
    assert not client.say_output()
    ready = True
    assert client.say_output()
    assert said == [b"x" * 10, b"y"]


async def test_its_task_is_told_where_more_is_left_than_goes_out_at_once_or_may() -> None:
    ring = ring_of(written=FRAME_BYTES + 1)
    client = Client(ring, 0)
    client.say, client.setup_due = lambda take: len(take()) > 0, False
    assert not client.say_output()
    assert client.say_output()
    ring.append(b"x" * (WINDOW - FRAME_BYTES - 1))
    while not client.at_end:
        assert not client.say_output()
    assert client.is_behind
