import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from ide_server.errors import InvalidRequest
from ide_server.host.launchers.journal import (
    PENDING_BYTES,
    SHORT_BYTES,
    Journal,
    Opened,
    events_of,
    follow,
    open_for_append,
    read_events,
)
from ide_server.host.launchers.logs import MAX_LINE_CHARACTERS, LineSplitter, LogBudget
from ide_server.wire import (
    CallEnded,
    CallStarted,
    Ended,
    Log,
    Metric,
    OperationEvent,
    OperationEvents,
    Outcome,
    PhaseStarted,
    Progress,
)

pytestmark = pytest.mark.anyio

ENDED = Ended(9.0, Outcome("succeeded", "Done."))


def line(number: int) -> Log:
    return Log(float(number), "stdout", f"line {number}\n")


async def written(path: Path, events: list[OperationEvent]) -> None:
    journal = await Journal.open(path)
    for event in events:
        journal.append(event)
    await journal.close()


class Held:
    """A journal that has no file yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(self._open)

    async def _open(self) -> Opened:
        return open_for_append(self.path)


async def test_a_journal_that_is_short_is_taken_without_a_file(tmp_path: Path) -> None:
    held = Held(tmp_path / "events.jsonl")
    held.journal.append(line(1))
    held.journal.append(ENDED)
    whole = held.journal.take()
    assert (held.journal.closed, await held.journal.have_file(), held.path.exists()) == (True, False, False)
    batch = events_of(whole, 0)
    assert batch == OperationEvents(len(whole), [line(1), ENDED])
    assert events_of(whole, whole.index(b"\n") + 1).events == [ENDED]
    assert events_of(whole, len(whole)).events == []
    with pytest.raises(InvalidRequest, match="got 1"):
        events_of(whole, 1)


async def test_a_journal_goes_to_its_file_when_its_first_batch_is_due_or_much_or_asked_for(tmp_path: Path) -> None:
    due, much, asked, quiet = [Held(tmp_path / f"{number}.jsonl") for number in range(4)]
    for held in (due, quiet):
        held.journal.append(PhaseStarted(0.0, "evaluate"))
    due.journal.append(line(1))
    much.journal.append(Log(1.0, "stdout", "x" * SHORT_BYTES))
    assert (due.journal.is_in_memory, much.journal.is_in_memory) == (True, False)
    assert await asked.journal.have_file()
    async with asyncio.timeout(5):
        await due.journal.wait_grown(0)
        await quiet.journal.wait_grown(0)
    assert read_events(due.path, 0).events == [PhaseStarted(0.0, "evaluate"), line(1)]
    for each in (due, much, asked, quiet):
        each.journal.append(ENDED)
        await each.journal.close()
        assert read_events(each.path, 0).events[-1] == ENDED


async def test_events_come_back_as_they_were_appended(tmp_path: Path) -> None:
    events: list[OperationEvent] = [line(1), Metric(2.0, "loss", 0, None), line(3), ENDED]
    await written(tmp_path / "events.jsonl", events)
    batch = read_events(tmp_path / "events.jsonl", 0)
    assert batch.events == events
    assert batch.offset == (tmp_path / "events.jsonl").stat().st_size


async def test_a_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    await written(path, [line(1), line(2)])
    offset = read_events(path, 0).offset
    await written(path, [line(3), ENDED])
    assert read_events(path, offset).events == [line(3), ENDED]
    assert read_events(path, read_events(path, offset).offset).events == []


@pytest.mark.parametrize("offset", [-1, 1, 10**9])
async def test_an_offset_nobody_gave_out_is_refused(tmp_path: Path, offset: int) -> None:
    await written(tmp_path / "events.jsonl", [line(1), ENDED])
    with pytest.raises(InvalidRequest, match=f"got {offset}"):
        read_events(tmp_path / "events.jsonl", offset)


async def test_a_line_that_a_crash_cut_off_is_dropped_when_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    await written(path, [line(1)])
    with path.open("ab") as file:
        file.write(b'{"type":"log","time":2.0,"str')
    assert read_events(path, 0).events == [line(1)]
    await written(path, [ENDED])
    assert read_events(path, 0).events == [line(1), ENDED]


async def test_a_follower_is_woken_and_ends_with_the_operation(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    journal = await Journal.open(path)
    followed = follow(path, 0, journal)
    for number in range(5):
        journal.append(line(number))
        async with asyncio.timeout(5):
            assert (await anext(followed)).events == [line(number)]
    journal.append(ENDED)
    async with asyncio.timeout(5):
        assert [batch.events async for batch in followed] == [[ENDED]]
    await journal.close()


async def test_followers_of_a_journal_without_an_end_stop_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    journal = await Journal.open(path)
    journal.append(line(1))

    async def all_events() -> list[OperationEvent]:
        return [event async for batch in follow(path, 0, journal) for event in batch.events]

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        followers = [group.create_task(all_events()) for _ in range(3)]
        await asyncio.sleep(0)
        await journal.close()
    assert [task.result() for task in followers] == [[line(1)]] * 3


async def test_large_journals_are_read_in_pieces_that_join(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events: list[OperationEvent] = [Log(0.0, "stdout", f"{number} " + "é" * 5000) for number in range(200)]
    await written(path, [*events, ENDED])
    batches = [batch.events async for batch in follow(path, 0, None)]
    assert len(batches) > 3
    assert [event for batch in batches for event in batch] == [*events, ENDED]


async def test_only_the_last_progress_of_a_batch_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    await written(path, [*[Progress(1.0, number / 100) for number in range(100)], ENDED])
    assert read_events(path, 0).events == [Progress(1.0, 0.99), ENDED]


async def test_of_the_progress_of_each_call_in_a_batch_the_last_is_kept_in_its_call(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    def call(number: int) -> list[OperationEvent]:
        start = CallStarted(1.0, number, "train", {}, "")
        end = CallEnded(1.0, number, 0.1, ENDED.outcome, has_result=False, state_keys=[], states=[])
        return [start, Progress(1.0, 0.1), Progress(1.0, number / 10), end]

    await written(path, [*call(1), *call(2), ENDED])
    told = read_events(path, 0).events
    assert [event for event in told if not isinstance(event, CallStarted | CallEnded)] == [
        Progress(1.0, 0.1),
        Progress(1.0, 0.2),
        ENDED,
    ]
    assert [type(event) for event in told[:3]] == [CallStarted, Progress, CallEnded]


async def test_who_appends_too_much_waits_for_the_disk(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "events.jsonl")
    journal.append(Log(0.0, "stdout", "x" * PENDING_BYTES))
    waiting = asyncio.create_task(journal.wait_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    async with asyncio.timeout(5):
        await waiting
    await journal.close()


async def test_a_full_disk_holds_the_journal_up_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.launchers.journal.RETRY_SECONDS", 0.01)
    real, refusals = os.pwrite, iter([True, True, False])

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if next(refusals, False):
            real(descriptor, bytes(data)[:5], offset)
            raise OSError(28, "No space left on device")
        return real(descriptor, data, offset)

    journal = await Journal.open(tmp_path / "events.jsonl")
    monkeypatch.setattr(os, "pwrite", pwrite)
    journal.append(line(1))
    async with asyncio.timeout(5):
        await journal.wait_grown(0)
    journal.append(ENDED)
    await journal.close()
    assert read_events(tmp_path / "events.jsonl", 0).events == [line(1), ENDED]


async def test_no_secret_is_written_and_the_held_back_start_of_one_comes_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    journal = await Journal.open(path)
    journal.append(line(1))
    journal.keep_out(["hunter2"])
    for number, text in enumerate(["it is hun", "ter2, or hunt"]):
        journal.append(Log(float(number), "stdout", text))
    journal.append(Ended(9.0, Outcome("exception", "no hunter2")))
    await journal.close()
    assert read_events(path, 0).events == [
        line(1),
        Log(0.0, "stdout", "it is "),
        Log(1.0, "stdout", "***, or "),
        Log(9.0, "stdout", "hunt"),
        Ended(9.0, Outcome("exception", "no ***")),
    ]
    assert journal.mask.message(Outcome("exception", "hunter2")) == Outcome("exception", "***")


async def test_every_line_of_the_file_is_one_event(tmp_path: Path) -> None:
    await written(tmp_path / "events.jsonl", [Log(0.0, "stdout", "a\nb\u2028c\r\n"), ENDED])
    lines = (tmp_path / "events.jsonl").read_bytes().split(b"\n")
    assert [msgspec.json.decode(text)["type"] for text in lines[:-1]] == ["log", "ended"]
    assert lines[-1] == b""


async def test_a_character_split_between_reads_stays_whole() -> None:
    data = "a€😀ü\n".encode()
    for cut in range(len(data)):
        splitter = LineSplitter()
        assert [*splitter.feed(data[:cut]), *splitter.feed(data[cut:])] == ["a€😀ü\n"]


async def test_bytes_that_are_no_utf8_are_replaced() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b"a\xffb\n")) == ["a\ufffdb\n"]
    assert list(splitter.feed(b"end\xe2\x82")) == []
    assert splitter.end() == "end\ufffd"


async def test_the_start_of_a_line_is_shown_before_its_end_and_nothing_twice() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b"50%\xe2")) == []
    assert splitter.take_partial() == "50%"
    assert splitter.take_partial() == ""
    assert list(splitter.feed(b"\x82\xac\n")) == ["€\n"]


async def test_a_long_line_is_split_and_joins_again() -> None:
    text = "x" * (3 * MAX_LINE_CHARACTERS + 10) + "\n"
    splitter = LineSplitter()
    pieces = [
        piece for start in range(0, len(text), 1000) for piece in splitter.feed(text[start : start + 1000].encode())
    ]
    assert max(map(len, pieces)) <= MAX_LINE_CHARACTERS
    assert "".join(pieces) == text


async def test_a_log_that_is_too_long_ends_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    journal = await Journal.open(path)
    budget = LogBudget(journal, max_bytes=20)
    for number in range(100):
        budget.write("stdout", f"line {number}\n")
    await journal.close()
    texts = [event.text for event in read_events(path, 0).events if isinstance(event, Log)]
    assert texts[:3] == ["line 0\n", "line 1\n", "line 2\n"]
    assert len(texts) == 4
    assert "The log is full: it holds 20 bytes" in texts[3]
