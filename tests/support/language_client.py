"""The page's side of a language server's socket."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

WAIT_SECONDS = 30.0
ROOT = "file:///model"


class LanguageClient:
    """Answers what a server asks, keeps what it announces."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[dict[str, Any]] = []
        self._requests = 0

    async def initialize(self, **capabilities: Any) -> dict[str, Any]:
        folders = [{"uri": ROOT, "name": "model"}]
        wanted = {"workspace": {"configuration": True, "workspaceFolders": True}, **capabilities}
        parameters = {"processId": None, "rootUri": ROOT, "workspaceFolders": folders, "capabilities": wanted}
        said: dict[str, Any] = await self.ask("initialize", parameters)
        await self.tell("initialized", {})
        return said

    async def open(self, path: str, text: str, *, language: str = "python") -> dict[str, str]:
        """The document, as requests name it."""
        document = {"uri": f"{ROOT}/{path}", "languageId": language, "version": 1, "text": text}
        await self.tell("textDocument/didOpen", {"textDocument": document})
        return {"uri": f"{ROOT}/{path}"}

    async def ask_at(self, method: str, document: dict[str, str], line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        return await self.ask(f"textDocument/{method}", {"textDocument": document, "position": position})

    async def complete(self, document: dict[str, str], line: int, character: int) -> list[str]:
        """Labels."""
        found = await self.ask_at("completion", document, line, character)
        return [item["label"] for item in (found["items"] if isinstance(found, dict) else found or [])]

    async def ask(self, method: str, parameters: Any) -> Any:
        self._requests += 1
        await self.say({"id": self._requests, "method": method, "params": parameters})
        while True:
            message = await self.receive()
            if message.get("id") == self._requests and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    async def tell(self, method: str, parameters: Any) -> None:
        await self.say({"method": method, "params": parameters})

    async def say(self, message: dict[str, Any]) -> None:
        await self.connection.send(json.dumps({"jsonrpc": "2.0", **message}))

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(WAIT_SECONDS):
            message: dict[str, Any] = json.loads(await self.connection.recv())
        if "method" in message:
            self.heard.append(message)
            if "id" in message:
                await self.say({"id": message["id"], "result": answer_to(message)})
        return message

    async def until_closed(self) -> tuple[int, str]:
        try:
            while True:
                await self.receive()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code, closed.rcvd.reason


def answer_to(request: dict[str, Any]) -> Any:
    """Nothing is configured, and whatever the server registers is fine."""
    if request["method"] == "workspace/configuration":
        return [None] * len(request["params"]["items"])
    return None


@contextlib.asynccontextmanager
async def language_client(url: str, **options: Any) -> AsyncIterator[LanguageClient]:
    async with connect(url, compression=None, max_size=None, close_timeout=1, **options) as connection:
        yield LanguageClient(connection)
