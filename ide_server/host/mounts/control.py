"""The host's end of a fsquota process's control socket: JSON lines, as ARCHITECTURE.md lists them."""

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from ide_server.errors import FilesystemUnavailable

LINE_BYTES = 16 << 20
REPLY_SECONDS = 60.0

OnEvent = Callable[[dict[str, Any]], None]


class Refused(Exception):
    """fsquota understood a request and refused it, with a code of ARCHITECTURE.md and numbers."""

    def __init__(self, code: str, message: str, details: dict[str, Any]) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.details = details


class Control:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_event: OnEvent) -> None:
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._receiving = asyncio.create_task(self._receive())

    @classmethod
    async def connect(cls, socket: Path, on_event: OnEvent) -> Self:
        reader, writer = await asyncio.open_unix_connection(socket, limit=LINE_BYTES)
        return cls(reader, writer, on_event)

    async def request(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """The `ok` of the reply. Raises Refused; FilesystemUnavailable when the process is gone or does not answer."""
        if self._receiving.done():
            raise _gone()
        number = next(self._ids)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = reply
        try:
            self._writer.write(json.dumps({"id": number, "operation": operation, **arguments}).encode() + b"\n")
            async with asyncio.timeout(REPLY_SECONDS):
                return await reply
        except TimeoutError as error:
            raise FilesystemUnavailable(
                f"The model's filesystem has not answered {operation!r} for {REPLY_SECONDS:.0f} seconds. Try again."
            ) from error
        finally:
            del self._waiting[number]

    async def wait_lost(self) -> None:
        """Until the connection ends, which only happens when the process does. Raises what broke the protocol."""
        await asyncio.shield(self._receiving)

    async def close(self) -> None:
        self._receiving.cancel()
        await asyncio.wait([self._receiving])
        self._writer.close()

    async def _receive(self) -> None:
        try:
            while line := await self._reader.readline():
                self._handle(json.loads(line))
        except ConnectionError:
            pass  # the process died with data of ours unread: lost, like an end of file
        finally:
            for reply in self._waiting.values():
                if not reply.done():
                    reply.set_exception(_gone())

    def _handle(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            self._on_event(message)
            return
        reply = self._waiting.get(message["id"])
        if reply is None or reply.done():
            return  # its caller has stopped waiting
        if "error" in message:
            error = dict(message["error"])
            reply.set_exception(Refused(error.pop("code"), error.pop("message"), error))
        else:
            reply.set_result(message["ok"])


def _gone() -> FilesystemUnavailable:
    return FilesystemUnavailable("The model's filesystem is being mounted again. Try again in a moment.")
