"""Language servers of a whole server: who may speak with them, and what is left when a process of ours dies."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from ide_server.host.sandbox.cgroups import find_cgroups
from tests.support.language_client import LanguageClient, language_client
from tests.support.server import Server

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.fuse, pytest.mark.network]

WAIT_SECONDS = 30.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110  # it is of other processes
            await asyncio.sleep(0.02)


async def refusal(url: str, **options: object) -> int:
    async with language_client(url, **options) as client:
        code, _ = await client.until_closed()
        return code


async def completes(client: LanguageClient) -> bool:
    await client.initialize()
    return "dumps" in await client.complete(await client.open("a.py", "import json\njson.\n"), 1, 5)


async def test_a_language_server_is_for_who_is_signed_in_and_outlives_no_process_of_ours(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        with server.client() as browser:
            new = {"name": "model", "template": "linear-regression"}
            model = browser.post("/api/v1/models", json=new).raise_for_status().json()
            cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
        sockets = f"{server.url.replace('http', 'ws', 1)}/api/v1/models"
        url = f"{sockets}/{model['id']}/languages/ty/socket"
        assert await refusal(url, origin=server.url) == 4401
        assert await refusal(url, origin="http://elsewhere", additional_headers=cookie) == 4403
        assert (
            await refusal(f"{sockets}/none/languages/ty/socket", origin=server.url, additional_headers=cookie) == 4404
        )

        cgroups = find_cgroups(server.run_dir)

        def groups() -> list[str]:
            """Those of language servers, beside those of sandboxes."""
            return [group.name for group in cgroups.groups() if "." in group.name]

        for process in ("web", "host"):
            async with language_client(url, origin=server.url, additional_headers=cookie) as client:
                assert await completes(client)
                assert groups() or "memory" not in cgroups.controllers
                server.kill(process)
                with pytest.raises(ConnectionClosed):
                    while True:
                        await client.receive()
                assert client.connection.close_code in (1006, 1012)
            await until(lambda: not groups())
            await until(lambda: server.child("web") is not None and server.child("host") is not None)
        async with language_client(url, origin=server.url, additional_headers=cookie) as client:
            assert await completes(client)
