"""The page's side of a terminal socket, and a server to speak it with."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.listening import listening, tcp_listener

WAIT_SECONDS = 20.0


class Watcher:
    """Draws and acknowledges what it receives, as the page does, while one of its `until` functions runs."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.messages: list[list[Any]] = []
        self.output = bytearray()
        """All since the last setup."""
        self.acknowledges = True

    @property
    def first_offset(self) -> int:
        setups = [message for message in self.messages if message[0] == "setup"]
        return int(setups[-1][1])

    @property
    def offset(self) -> int:
        return self.first_offset + len(self.output)

    async def say(self, *message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def type(self, text: str) -> None:
        await self.say("stdin", text)

    async def receive(self) -> None:
        frame = await self.connection.recv()
        if isinstance(frame, str):
            message = json.loads(frame)
            self.messages.append(message)
            if message[0] == "setup":
                self.output.clear()
            return
        self.output += frame
        if self.acknowledges:
            with contextlib.suppress(ConnectionClosed):  # the next receive says so, after what came before the close
                await self.say("ack", self.offset)

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition():
                    await self.receive()
        except TimeoutError:
            raise AssertionError(f"still not so; got {self.messages} and {bytes(self.output[-500:])!r}") from None

    async def until_output(self, text: bytes) -> None:
        await self.until(lambda: text in self.output)

    async def until_bytes(self, count: int) -> None:
        await self.until(lambda: len(self.output) >= count)

    async def until_message(self, *expected: Any) -> None:
        await self.until(lambda: list(expected) in self.messages)

    async def until_closed(self) -> tuple[int, str]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while True:
                    await self.receive()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code, closed.rcvd.reason


class Server:
    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}/api/v1"

    @contextlib.asynccontextmanager
    async def watch(self, path: str, *, offset: int | str = 0) -> AsyncIterator[Watcher]:
        uri = f"ws://{self.address}{path}/socket?offset={offset}"
        async with connect(uri, compression=None, max_size=None, close_timeout=1) as connection:
            yield Watcher(connection)


@contextlib.asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[Server]:
    with tcp_listener() as listener:
        async with listening(app, listener):
            yield Server(listener.getsockname()[1])


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event: it is another process's, or the kernel's
            await asyncio.sleep(0.01)
