"""`slipway serve`: owns the listening socket and the two processes behind it, and starts again whichever dies."""

import asyncio
import contextlib
import dataclasses
import enum
import errno
import logging
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio

from ide_server import lease
from ide_server.lease import AlreadyServed, Holder, Lease
from ide_server.orphans import Orphans
from ide_server.settings import Settings

log = logging.getLogger(__name__)

# -P: a folder called ide_server where the server is started must not be run in its place.
COMMAND = (sys.executable, "-P", "-m", "ide_server")
BACKLOG = 2048
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MOST_RUN_DIR_BYTES = 107 - len("/sandboxes/workspace-0123456789abcdef/console-99999")
"""A unix socket's path has at most 107 bytes."""
STEADY_SECONDS = 30.0
"""A process that ran for so long is started again without a pause."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 10.0


class ExitCode(enum.IntEnum):
    """2 is argparse's, for arguments it does not understand."""

    STOPPED = 0
    NOT_STARTED = 1
    ALREADY_SERVED = 3


class NotStarted(Exception):
    """The server, or one of its processes, could not start; the message says why and what to do."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """How to run one of the processes."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...]
    """What it inherits."""
    ready_seconds: float
    stop_seconds: float


def serve(settings: Settings) -> ExitCode:
    """Until a signal asks it to stop."""
    try:
        make_folders(settings)
        check_run_dir(settings.run_path)
        with lease.taken(settings.data_dir) as held, bound(settings) as listener:
            settings = dataclasses.replace(settings, port=listener.getsockname()[1])
            sign_in_url = prepare(settings)
            asyncio.run(supervise(settings, held, listener, sign_in_url))
    except AlreadyServed as error:
        log.error("%s", error)
        return ExitCode.ALREADY_SERVED
    except NotStarted as error:
        log.error("%s", error)
        return ExitCode.NOT_STARTED
    return ExitCode.STOPPED


def make_folders(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        settings.data_dir.chmod(0o700)
        make_passable(settings.run_path)
    except OSError as error:
        raise NotStarted(f"{error.filename}: {error.strerror}. Choose another --data-dir or --run-dir.") from error


def make_passable(folder: Path) -> None:
    """Sandboxes' users pass through to their mounts, whatever the umask; what is theirs alone is closed by itself."""
    if not folder.exists():
        make_passable(folder.parent)
        folder.mkdir()
        folder.chmod(0o711)


def check_run_dir(run_dir: Path) -> None:
    """Raises NotStarted where each sandbox would fail, with less to go by."""
    if len(os.fsencode(run_dir)) > MOST_RUN_DIR_BYTES:
        raise NotStarted(
            f"{run_dir} is too long for sockets below it: expected at most {MOST_RUN_DIR_BYTES} bytes, got "
            f"{len(os.fsencode(run_dir))}. Choose another --run-dir."
        )
    closed = [folder for folder in run_dir.parents if not folder.stat().st_mode & stat.S_IXOTH]
    # A server that is not root has sandboxes whose user is its own.
    if closed and os.geteuid() == 0:
        raise NotStarted(
            f"{closed[-1]} is closed to other users, and sandboxes' users must pass through it. Choose a --run-dir "
            f"elsewhere, or open it: chmod o+x {closed[-1]}"
        )


@contextlib.contextmanager
def bound(settings: Settings) -> Iterator[socket.socket]:
    """Listening from now on: a connection waits in its queue while no web process runs."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
    except OSError as error:
        raise NotStarted(f"Cannot listen on {settings.host}: {error.strerror}. Choose another --host.") from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError as error:
            raise NotStarted(why_not_bound(settings, error)) from error
        yield listener


def why_not_bound(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} of {settings.host} is in use. Choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {settings.port} is for root only. Choose one above 1023 with --port."
    return f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}. Choose another --host or --port."


def prepare(settings: Settings) -> str:
    """Bring the database up to date; a sign-in URL. In a process of its own, as the supervisor is to stay small."""
    done = subprocess.run(
        [*COMMAND, "prepare"], env=child_environment(settings), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    if done.returncode != 0:
        raise NotStarted("The database could not be brought up to date; the reason is above.")
    return done.stdout.decode().strip()


def child_environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, **settings.environment()}


async def supervise(settings: Settings, held: Lease, listener: socket.socket, sign_in_url: str) -> None:
    orphans = Orphans()
    orphans.adopt()
    host, web = (Child(plan, orphans) for plan in plans(settings, held.descriptor, listener.fileno()))
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, task.cancel)
    try:
        await start_all(host, web)
        held.write(Holder(os.getpid(), settings.url))
        announce(settings, sign_in_url)
        async with asyncio.TaskGroup() as group:
            group.create_task(host.keep_running())
            group.create_task(web.keep_running())
    except asyncio.CancelledError:
        log.info("stopping")
    finally:
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, log.info, "already stopping")
        await web.stop()
        await host.stop()


async def start_all(*children: "Child") -> None:
    """At once, as most of a start is imports. Raises NotStarted."""
    faults: list[Exception] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            for child in children:
                tasks.create_task(child.start())
    except* NotStarted as group:
        faults.extend(group.exceptions)
    # Not raised where it is caught: Debian 12's Python, 3.11.2, puts it into a group again.
    if faults:
        raise faults[0]


def plans(settings: Settings, lock: int, listener: int) -> tuple[Plan, Plan]:
    """Both inherit the lock, so that it is free only once both have ended, whatever becomes of the supervisor."""
    environment = child_environment(settings)
    host = Plan(
        name="host",
        command=(*COMMAND, "host"),
        environment=environment,
        descriptors=(lock,),
        ready_seconds=120.0,
        stop_seconds=30.0,
    )
    web = Plan(
        name="web",
        command=(*COMMAND, "web", f"--listener={listener}"),
        environment=environment,
        descriptors=(lock, listener),
        ready_seconds=60.0,
        stop_seconds=10.0,
    )
    return host, web


def announce(settings: Settings, sign_in_url: str) -> None:
    slipway = Path(sys.executable).with_name("slipway")
    another = shlex.join([str(slipway), "sign-in", f"--data-dir={settings.data_dir}"])
    print(
        "Slipway is ready. This link signs you in, once, within an hour:",
        f"    {sign_in_url}",
        f"For another link, run:\n    {another}",
        sep="\n\n",
        flush=True,
    )


class Child:
    def __init__(self, plan: Plan, orphans: Orphans) -> None:
        self.plan = plan
        self._orphans = orphans
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until it accepts connections. Raises NotStarted."""
        ready, ready_writer = os.pipe()
        try:
            try:
                with self._orphans.spared() as own:
                    self._process = await self._spawn(ready_writer)
                    own.add(self._process.pid)
            finally:
                os.close(ready_writer)
            await self._wait_ready(self._process, ready)
        finally:
            os.close(ready)

    async def _spawn(self, ready_writer: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.plan.command,
            f"--parent={os.getpid()}",
            f"--ready={ready_writer}",
            env=self.plan.environment,
            pass_fds=(ready_writer, *self.plan.descriptors),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C is for the supervisor, which stops them in order
        )

    async def _wait_ready(self, process: asyncio.subprocess.Process, ready: int) -> None:
        try:
            async with asyncio.timeout(self.plan.ready_seconds):
                await anyio.wait_readable(ready)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise NotStarted(
                f"The {self.plan.name} process was not ready within {self.plan.ready_seconds:g} s and was killed."
            ) from None
        if not os.read(ready, 1):  # its end closed without a word
            raise NotStarted(
                f"The {self.plan.name} process {ending(await process.wait())} before it was ready; its reason is above."
            )

    async def keep_running(self) -> None:
        pause_seconds = 0.0
        loop = asyncio.get_running_loop()
        while True:
            assert self._process is not None  # start() came first
            since = loop.time()
            status = await self._process.wait()
            with self._orphans.spared() as own:
                own.discard(self._process.pid)
            pause_seconds = next_pause(pause_seconds, ran_seconds=loop.time() - since)
            log.error(
                "the %s process (%d) %s; it is started again in %g s",
                self.plan.name,
                self._process.pid,
                ending(status),
                pause_seconds,
            )
            await asyncio.sleep(pause_seconds)
            try:
                await self.start()
            except NotStarted as error:
                log.error("%s", error)

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(self.plan.stop_seconds):
                await process.wait()
        except TimeoutError:
            log.warning("the %s process did not stop within %g s: killed", self.plan.name, self.plan.stop_seconds)
            process.kill()
            await process.wait()


def next_pause(previous_seconds: float, *, ran_seconds: float) -> float:
    if ran_seconds >= STEADY_SECONDS:
        return 0.0
    return min(max(FIRST_PAUSE_SECONDS, 2 * previous_seconds), LONGEST_PAUSE_SECONDS)


def ending(status: int) -> str:
    """What a return code of subprocess says."""
    return f"ended with exit code {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"
