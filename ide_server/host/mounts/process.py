"""One fsquota process: started, watched, ended."""

import asyncio
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Self

from ide_server.errors import FilesystemUnavailable
from ide_server.host.mounts.group import POLICY, Group
from ide_server.host.mounts.threads import container_root
from ide_server.wire import ModelId, Usage

READY_SECONDS = 120.0
"""fsquota reads the whole tree before it is ready: some 100,000 files a second."""

STOP_SECONDS = 5.0
TAIL_LINES = 20
LINE_BYTES = 1 << 16

logger = logging.getLogger(__name__)


def command(
    *, backing: Path, mountpoint: Path, staging: Path, aside: Path, control: Path, counter: Path, limits: Usage
) -> list[str]:
    """setpriv makes the process end with the host, however that ends, without running Python between fork and exec."""
    owner = container_root()
    return [
        *("setpriv", "--pdeathsig", "TERM", "--"),
        *(sys.executable, "-I", "-m", "fsquota", "mount", str(backing), str(mountpoint)),
        *("--size", str(limits.limit_bytes), "--files", str(limits.limit_files)),
        *("--control", str(control), "--staging", str(staging), "--aside", str(aside), "--counter", str(counter)),
        *("--owner", f"{owner}:{owner}"),
        *("--fsname", "model"),  # what df shows in a sandbox
        *(["--allow-other", "--shared"] if os.geteuid() == 0 else []),
    ]


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All that fsquota gets to see of the server's environment."""
    return {"PATH": environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


class Fsquota:
    """A running process that has mounted its filesystem."""

    def __init__(self, process: asyncio.subprocess.Process, model_id: ModelId) -> None:
        self._process = process
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._first_line: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._reading = [asyncio.create_task(self._hear()), asyncio.create_task(self._log(model_id))]

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, arguments: list[str], model_id: ModelId, group: Group | None = None) -> Self:
        """Waits until the filesystem is mounted. Raises FilesystemUnavailable with the process's last words."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(POLICY if group else ()),
                *arguments,
                cwd="/",
                env=environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=LINE_BYTES,
                start_new_session=True,  # a Ctrl-C is for the server, which then unmounts in order
            )
        except OSError as error:
            raise FilesystemUnavailable(f"Fsquota could not be started: {error}.") from error
        fsquota = cls(process, model_id)
        try:
            if group is not None:
                await fsquota._join(group)
            await fsquota._wait_ready()
        except BaseException:
            await fsquota.stop()
            raise
        return fsquota

    async def wait(self) -> str:
        """Until the process has ended; in words, how."""
        status = await self._process.wait()
        await asyncio.wait(self._reading)
        how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return f"{how}: {self._tail[-1]}" if self._tail else how

    async def kill(self) -> None:
        """Without unmounting: sandboxes see what is mounted next only upon the remains."""
        if self._process.returncode is None:
            self._process.kill()
        await self.wait()

    async def stop(self) -> None:
        """End the process, which unmounts; kill it if it takes too long."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        await self.wait()

    async def _join(self, group: Group) -> None:
        try:
            await group.join(self.pid)
        except ProcessLookupError:
            return  # whoever waits for it hears how it ended
        except OSError as error:
            raise FilesystemUnavailable(f"Its control group {error.filename}: {error.strerror}.") from error

    async def _wait_ready(self) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                line = await self._first_line
        except TimeoutError as error:
            raise FilesystemUnavailable(f"It took longer than {READY_SECONDS:.0f} seconds.") from error
        if line != b"ready\n":
            said = f"said {line!r}" if line else await self.wait()
            raise FilesystemUnavailable(f"Expected 'ready' from fsquota, but it {said}.")

    async def _hear(self) -> None:
        assert self._process.stdout is not None  # asked for in start
        line = await self._process.stdout.readline()
        if not self._first_line.done():  # whoever waits for it may have given up
            self._first_line.set_result(line)
        await self._process.stdout.read()

    async def _log(self, model_id: ModelId) -> None:
        assert self._process.stderr is not None  # asked for in start
        async for text in _lines(self._process.stderr):
            self._tail.append(text)
            logger.warning("fsquota of model %s: %s", model_id, text)


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    """Each line, cut where it is longer than LINE_BYTES: a pipe nobody reads would stop the process."""
    rest = b""
    while data := await reader.read(LINE_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) >= LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            yield line.decode(errors="backslashreplace")
    if rest:
        yield rest.decode(errors="backslashreplace")
