"""A process that ends with whoever waits for it, and with the host."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping

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
    process = await asyncio.create_subprocess_exec(
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
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # asked for above
    try:
        written, said, _ = await asyncio.gather(
            process.stdout.read(), listen(process.stderr, heard), feed(process.stdin, stdin)
        )
        await process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()  # ends when nobody of the group is left to write
        raise
    if process.returncode != 0:
        said = own_words(said) or f"it ended with code {process.returncode}"
        raise EnvironmentFailed(f"{what}: {said}", said=said)
    return written.decode()


async def end(process: asyncio.subprocess.Process) -> None:
    """Kills it; returns when its pipes are closed too, which an event loop that ends would otherwise complain of."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.communicate()


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
