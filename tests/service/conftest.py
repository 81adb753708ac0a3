"""The web process before a small host, both on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.listening import listening
from tests.support.relayed import SmallHost, Web, serving_web
from tests.support.upgrades import End, RawHost


@pytest.fixture
def small_host() -> SmallHost:
    return SmallHost()


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    """The web process alone: no host listens yet."""
    async with serving_web(tmp_path) as web:
        yield web


@pytest.fixture
async def relayed(web: Web, small_host: SmallHost) -> AsyncIterator[Web]:
    async with listening(small_host.app(), web.host_socket):
        yield web


@pytest.fixture
async def host(web: Web) -> AsyncIterator[RawHost]:
    host = RawHost()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.connections.put_nowait(End(reader, writer))

    server = await asyncio.start_unix_server(connected, web.host_socket)
    yield host
    server.close()
