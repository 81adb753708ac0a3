"""A launcher's output, from real pipes to whoever listens."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from ide_server.host.launchers.logs import Stream
from ide_server.host.launchers.output import Output
from tests.support.mounted_models import until

pytestmark = pytest.mark.anyio


class Heard:
    def __init__(self) -> None:
        self.pieces: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
        self.room = asyncio.Event()
        self.room.set()

    def write(self, stream: Stream, text: str) -> None:
        self.pieces[stream].append(text)

    @property
    def texts(self) -> dict[Stream, str]:
        return {stream: "".join(pieces) for stream, pieces in self.pieces.items()}

    @property
    def has_room(self) -> bool:
        return self.room.is_set()

    async def wait_room(self) -> None:
        await self.room.wait()


class Printer:
    """The far ends."""

    def __init__(self) -> None:
        (self._out, self.out), (self._err, self.err) = os.pipe(), os.pipe()
        self.output = Output.of(stdout=self._out, stderr=self._err)

    def print(self, text: str, *, to_stderr: bool = False) -> None:
        os.write(self.err if to_stderr else self.out, text.encode())

    def end(self) -> None:
        os.close(self.out)
        os.close(self.err)


@pytest.fixture
async def printer() -> AsyncIterator[Printer]:
    printer = Printer()
    yield printer
    printer.output.close()


async def test_each_listener_gets_what_was_printed_while_it_listened(printer: Printer) -> None:
    first, second = Heard(), Heard()
    printer.output.turn_to(first)
    printer.print("to the first, without an end")
    printer.print("trouble\n", to_stderr=True)
    printer.output.turn_off()
    printer.print("in between\n")
    printer.output.turn_to(second)
    printer.print("to the second\n")
    printer.end()
    await printer.output.wait_ended()
    assert first.texts == {"stdout": "to the first, without an end", "stderr": "trouble\n"}
    assert second.texts == {"stdout": "to the second\n", "stderr": ""}


async def test_what_was_printed_before_anybody_ever_listened_is_not_lost(printer: Printer) -> None:
    heard = Heard()
    printer.print("at the start\n")
    await asyncio.sleep(0)
    printer.output.turn_to(heard)
    printer.output.turn_off()
    assert heard.texts["stdout"] == "at the start\n"
    printer.end()


async def test_while_nobody_listens_nothing_is_read_and_who_prints_waits(printer: Printer) -> None:
    printer.output.turn_to(Heard())
    printer.output.turn_off()
    os.set_blocking(printer.out, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(printer.out, b"x" * 4096)
            await asyncio.sleep(0)
    printer.end()


async def test_output_comes_live_and_a_line_without_an_end_soon_after(printer: Printer) -> None:
    heard = Heard()
    printer.output.turn_to(heard)
    printer.print("a line\nand a prompt: ")
    await until(lambda: heard.texts["stdout"] == "a line\nand a prompt: ", what="all that was printed is heard")
    printer.end()


async def test_a_character_split_over_writes_stays_whole(printer: Printer) -> None:
    heard = Heard()
    printer.output.turn_to(heard)
    whole = "größe\n".encode()
    os.write(printer.out, whole[:3])
    await until(lambda: heard.texts["stdout"] == "gr", what="the whole characters are heard")
    os.write(printer.out, whole[3:])
    printer.output.turn_off()
    assert heard.texts["stdout"] == "größe\n"
    printer.end()


async def test_who_has_no_room_holds_the_printer_back_and_loses_nothing(printer: Printer) -> None:
    heard = Heard()
    heard.room.clear()
    printer.output.turn_to(heard)
    text = "".join(f"line {number}\n" for number in range(200_000))

    def print_all() -> None:
        rest = memoryview(text.encode())
        while rest:
            rest = rest[os.write(printer.out, rest) :]

    printing = asyncio.create_task(asyncio.to_thread(print_all))
    await until(lambda: heard.texts["stdout"] != "", what="the first lines are heard")
    assert len(heard.texts["stdout"]) < len(text)
    assert not printing.done()
    heard.room.set()
    await printing
    printer.output.turn_off()
    assert heard.texts["stdout"] == text
    printer.end()
