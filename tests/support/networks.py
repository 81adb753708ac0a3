"""A way to a server as bad networks are: nothing gets through that is a WebSocket, or all of it comes late."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator

CHUNK_BYTES = 64 << 10
RETRANSMISSION_SECONDS = 0.3
"""After what time TCP sends again on a way of 200 ms there and back (RFC 6298: that, and its variance four times)."""
START_SECONDS = 10.0


class BadNetwork:
    """`delay_seconds`: one way. `loss`: the part of what is sent that is lost and comes once TCP has sent it again;
    what was sent after it waits for it, as TCP keeps the order.
    """

    def __init__(
        self, target_port: int, *, delay_seconds: float = 0.0, loss: float = 0.0, refuses_websockets: bool = False
    ) -> None:
        self.port = 0
        self.refused = 0
        """WebSockets."""
        self._target_port = target_port
        self._delay_seconds = delay_seconds
        self._loss = loss
        self._chance = random.Random(0)
        self._refuses_websockets = refuses_websockets
        self._connections: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Its URL."""
        loop = asyncio.new_event_loop()
        started = threading.Event()
        stop = asyncio.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await stop.wait()
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
        thread.start()
        try:
            assert started.wait(START_SECONDS)
            yield f"http://127.0.0.1:{self.port}"
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._carry(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        ends = ((reader, server_writer), (server_reader, writer))
        with contextlib.closing(writer), contextlib.closing(server_writer):
            ways = [asyncio.create_task(self._one_way(*both)) for both in ends]
            try:
                await asyncio.wait(ways, return_when="FIRST_COMPLETED")
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What comes goes on a while later, and in the meantime more may come."""
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(on_the_way, writer))
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                if self._refuses_websockets and b"upgrade: websocket" in chunk.lower():
                    self.refused += 1
                    return
                is_lost = self._chance.random() < self._loss
                delay = self._delay_seconds + (RETRANSMISSION_SECONDS if is_lost else 0)
                on_the_way.put_nowait((asyncio.get_running_loop().time() + delay, chunk))
            await on_the_way.join()
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)

    async def _deliver(self, on_the_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, chunk = await on_the_way.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            writer.write(chunk)
            await writer.drain()
            on_the_way.task_done()
