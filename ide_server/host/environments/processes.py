"""A process that ends with whoever waits for it, and with the host."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

import anyio

from ide_server.errors import EnvironmentFailed

LONGEST_LINE_BYTES = 1 << 20
LAST_WORDS_BYTES = 4000
MARK = "\N{MULTIPLICATION SIGN}"
"""uv sets it before an explanation."""

Heard = Callable[[str], None]


def unheard(_: str) -> None:
    pass


async def run(
    *command: str, what: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None, heard: Heard = unheard
) -> str:
    """
    Returns what it wrote to stdout; `heard` gets each line of stderr as it comes. A caller that is cancelled finds all
    it started gone. Raises EnvironmentFailed: `what`, then the program's own words, which details have as `said`.
    """
    starting = asyncio.create_subprocess_exec(
        *("setpriv", "--pdeathsig", "KILL", "--"),  # it ends with the host, however that ends
        *("sh", "-c", 'umask 022; exec "$@"', "sh"),  # others must be able to read what is built
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=variables,
        cwd="/",  # no project's configuration
        limit=LONGEST_LINE_BYTES,
        start_new_session=True,
    )
    async with running(starting) as process:
        assert process.stdin and process.stdout and process.stderr  # asked for above
        written, said, _ = await asyncio.gather(
            process.stdout.read(), listen(process.stderr, heard), feed(process.stdin, stdin)
        )
        await process.wait()
    if process.returncode != 0:
        said = own_words(said) or f"it ended with code {process.returncode}"
        raise EnvironmentFailed(f"{what}: {said}", said=said)
    return written.decode()


@contextlib.asynccontextmanager
async def running(starting: Coroutine[Any, Any, Process]) -> AsyncIterator[Process]:
    """
    A process that leads a session, to be waited for; where that fails it is ended with all of its group and its pipes,
    also when the caller is cancelled while it starts: asyncio would then leave pipes open.
    """
    started = asyncio.create_task(starting)
    try:
        yield await asyncio.shield(started)
    except BaseException:
        ending = asyncio.create_task(end(started))
        with anyio.CancelScope(shield=True):  # a cancelled anyio scope would cancel this wait as well
            await asyncio.shield(ending)
        raise


async def end(started: asyncio.Task[Process]) -> None:
    await asyncio.wait([started])
    if started.exception() is not None:
        return  # whoever waits for it is told
    process = started.result()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()  # ends when nobody of the group is left to write


async def feed(stdin: asyncio.StreamWriter, text: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended; its code says how
        stdin.write(text)
        await stdin.drain()
        stdin.close()
        await stdin.wait_closed()


async def listen(stderr: asyncio.StreamReader, heard: Heard) -> str:
    """Returns the last of what was said."""
    said = ""
    async for line in stderr:
        text = line.decode(errors="replace")
        said = (said + text)[-LAST_WORDS_BYTES:]
        heard(text.strip())
    return said


def own_words(said: str) -> str:
    """Of uv, from its error on: before it stand warnings, and what went well."""
    lines = said.strip().splitlines()
    start = next((number for number, line in enumerate(lines) if line.lstrip().startswith(("error:", MARK))), 0)
    return "\n".join(lines[start:]).strip().removeprefix("error: ")
