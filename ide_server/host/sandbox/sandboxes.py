"""The owner of all sandboxes, with their networks and control groups."""

import asyncio
import errno
import json
import os
import platform
import re
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from ide_server.errors import SandboxFailed
from ide_server.host.sandbox import bundle
from ide_server.host.sandbox.cgroups import Cgroups, find_cgroups
from ide_server.host.sandbox.console import Pty, console_socket, receive_master, set_size
from ide_server.host.sandbox.identity import own_identity
from ide_server.host.sandbox.memory_groups import MemoryGroup
from ide_server.host.sandbox.network import Network, missing_for_network
from ide_server.host.sandbox.processes import Child, Exit
from ide_server.host.sandbox.rootfs import make_rootfs, system_mounts
from ide_server.host.sandbox.runtime import OciRuntime, find_program, write_private
from ide_server.host.sandbox.spec import SandboxSpec
from ide_server.host.sandbox.usage import Usage, of_processes, tmp_bytes
from ide_server.orphans import become_subreaper
from ide_server.settings import Settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
STALE_SECONDS = 10.0


class Sandbox:
    """A running sandbox. `pid` is its main program's on the host, or PID 1's where there is no main program."""

    def __init__(
        self,
        name: str,
        spec: SandboxSpec,
        *,
        folder: Path,
        runtime: OciRuntime,
        cgroups: Cgroups,
        init: Child,
    ) -> None:
        self.name = name
        self._spec = spec
        self._folder = folder
        self._runtime = runtime
        self._cgroups = cgroups
        self._init = init
        self._main = init
        self._rlimits = bundle.rlimits(spec.limits, cgroups.resources(spec.limits))
        self._consoles = 0
        self._groups = 0
        loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[Exit] = loop.create_future()
        self._removed: asyncio.Future[None] = loop.create_future()

    @property
    def pid(self) -> int:
        return self._main.pid

    @property
    def ended(self) -> bool:
        return self._exit.done()

    async def open_terminal(
        self, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None, rows: int, columns: int
    ) -> Pty:
        """Starts a program at a new pseudo-terminal; `environment` is added to the sandbox's. Raises SandboxFailed."""
        self._consoles += 1
        path = self._folder / f"console-{self._consoles}"
        process = self._process(arguments, environment, terminal=(rows, columns))
        with console_socket(path) as listener:
            pid = await self._runtime.execute(self.name, self._folder, process, console_socket=path)
            descriptor = receive_master(listener)
        set_size(descriptor, rows, columns)
        return Pty(pid=pid, descriptor=descriptor)

    async def start_program(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int | None] = (),
    ) -> Child:
        """A program with these as its standard input, output and error, which stay the caller's; None is /dev/null.

        It leads a process group of its own, by which it is ended with all that it has started. Raises SandboxFailed.
        """
        process = self._process(arguments, environment)
        return Child(await self._runtime.execute(self.name, self._folder, process, descriptors=descriptors))

    def memory_group(self, *, memory_bytes: int) -> MemoryGroup | None:
        """For programs of this sandbox; the caller's, to be removed once they have ended. None where there are none.

        Raises OSError.
        """
        self._groups += 1
        limits = replace(self._spec.limits, memory_bytes=memory_bytes)
        return self._cgroups.memory_group(f"{self.name}.{self._groups}", limits)

    async def execute(self, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> int:
        """Runs a program to its end and returns its exit code; killed by signal N counts as 128 + N, as in a shell."""
        ended = await (await self.start_program(arguments, environment=environment)).wait()
        if ended.signal is not None:
            return 128 + signal.Signals[ended.signal]
        return -1 if ended.code is None else ended.code

    async def start_main(self, descriptors: Sequence[int | None]) -> None:
        """Called once, by the owner, before anyone else has this object."""
        process = self._process(self._spec.arguments, self._spec.variables)
        pid = await self._runtime.execute(self.name, self._folder, process, descriptors=descriptors)
        self._main = Child(pid)

    async def wait(self) -> Exit:
        """How the main program, or PID 1 where there is none, ended."""
        return await asyncio.shield(self._exit)

    def usage(self) -> Usage:
        """What it uses now. Blocks, briefly."""
        cpu_seconds = self._cgroups.cpu_seconds(self.name)
        memory_bytes = self._cgroups.memory_bytes(self.name)
        if (cpu_seconds is None or memory_bytes is None) and not self.ended:
            cpu_seconds, memory_bytes = of_processes((self._init.pid, self._main.pid))
        return Usage(cpu_seconds, memory_bytes, tmp_bytes(self._init.pid, limit_bytes=self._spec.limits.tmp_bytes))

    @property
    def network_folder(self) -> Path:
        """Where the kernel tells of its network."""
        return Path(f"/proc/{self._init.pid}/net")

    def open_tmp(self) -> int:
        """A descriptor of the folder that its programs see as /tmp, and write to. Raises OSError. Blocks, briefly."""
        descriptor = os.open(f"/proc/{self._init.pid}/root/tmp", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        # Under a runtime with a kernel of its own the path leads elsewhere.
        if self.ended or tmp_bytes(self._init.pid, limit_bytes=self._spec.limits.tmp_bytes) is None:
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "/tmp of this sandbox cannot be reached from here")
        return descriptor

    async def stop(self, *, grace_seconds: float = 2.0) -> None:
        """Asks the main program to end, kills what is left after that, returns when nothing of the sandbox is left."""
        self._main.send_signal(signal.SIGTERM)
        await self._main.wait_at_most(grace_seconds)
        self._init.send_signal(signal.SIGKILL)
        await self.wait_removed()

    async def wait_removed(self) -> None:
        await asyncio.shield(self._removed)

    async def run_to_end(self, remains: AsyncExitStack) -> None:
        """The owner's task: learns the exit, then removes what remains."""
        ended = await self._main.wait()
        oom = self._cgroups.oom_kills(self.name) > 0
        self._exit.set_result(Exit(code=ended.code, signal=ended.signal, oom=oom))
        try:
            await remains.aclose()
        finally:
            self._removed.set_result(None)

    def _process(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None,
        *,
        terminal: tuple[int, int] | None = None,
    ) -> dict[str, Any]:
        return bundle.process(
            arguments,
            environment={**self._spec.environment, **(environment or {})},
            working_directory=self._spec.working_directory,
            rlimits=self._rlimits,
            terminal=terminal,
        )


class Sandboxes:
    def __init__(self, settings: Settings) -> None:
        become_subreaper()
        self._run_path = settings.run_path
        self._folder = settings.run_path / "sandboxes"
        self._runtime = OciRuntime(settings.runtime, settings.run_path / "runtime")
        network_program = find_program("slirp4netns") if settings.network == "slirp4netns" else None
        no_network = missing_for_network(network_program)
        self._network_program = None if no_network else network_program
        self._reachable = settings.reachable
        self._identity = own_identity()
        self._system = system_mounts()
        self._cgroups = find_cgroups(settings.run_path)
        self._running: dict[str, Sandbox] = {}
        self._ends: set[asyncio.Task[None]] = set()
        self.warnings = warnings_of(self._cgroups, no_network if settings.network != "none" else "")
        self.filesystems_group = self._cgroups.filesystems_group()

    async def start(
        self,
        spec: SandboxSpec,
        *,
        name: str,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        passed_descriptors: tuple[int, ...] = (),
        during: AbstractContextManager[object] | None = None,
    ) -> Sandbox:
        """Returns when the main program runs, its network is up and its limits hold.

        Descriptors stay the caller's; None is /dev/null; `passed_descriptors` are 3, 4, ... in the main program.
        `during` is left when nothing of the sandbox is left, or the start has failed. A name of letters, digits and
        "_.-" can be used again once its sandbox has ended. Raises SandboxFailed.
        """
        async with AsyncExitStack() as remains:
            if during is not None:
                remains.enter_context(during)
            if not NAME.fullmatch(name):
                raise ValueError(f"expected a name like {NAME.pattern}, got {name!r}")
            if name in self._running:
                await self._wait_until_free(name)
            sandbox = await self._create(spec, name, remains)
            if spec.arguments:
                await sandbox.start_main((stdin, stdout, stderr, *passed_descriptors))
            # No await from here: whoever cancels before finds all removed, after finds the sandbox listed.
            self._running[name] = sandbox
            end = asyncio.create_task(self._end(sandbox, remains.pop_all()), name=f"sandbox {name}")
            self._ends.add(end)
            end.add_done_callback(self._ends.discard)
            return sandbox

    async def remove_stale(self) -> None:
        """Removes what a host process that died left in this run folder. To be called before the first start."""
        make_run_folders(self._run_path, self._folder)
        for container in self._runtime.containers():
            await self._runtime.delete(container, self._folder)
        self._cgroups.kill_all()
        async with asyncio.timeout(STALE_SECONDS):
            while not self._cgroups.remove_empty():  # noqa: ASYNC110 (the kernel tells nobody when a group is empty)
                await asyncio.sleep(0.01)
        for folder in self._folder.iterdir():
            await asyncio.to_thread(shutil.rmtree, folder)

    async def close(self) -> None:
        """Stops and removes all."""
        async with asyncio.TaskGroup() as stops:
            for sandbox in list(self._running.values()):
                stops.create_task(sandbox.stop())
        await asyncio.gather(*self._ends)
        self._cgroups.remove_empty()

    async def _create(self, spec: SandboxSpec, name: str, remains: AsyncExitStack) -> Sandbox:
        make_run_folders(self._run_path, self._folder)
        folder = self._folder / name
        folder.mkdir(mode=0o711)
        remains.push_async_callback(asyncio.to_thread, shutil.rmtree, folder)
        folder.chmod(0o711)
        mounts = (*self._system, *spec.mounts)
        make_rootfs(folder / "rootfs", spec, mounts)
        write_private(folder / "config.json", json.dumps(self._config(spec, name, folder)))
        remains.push_async_callback(self._runtime.delete, name, folder)
        init = Child(await self._runtime.create(name, folder))
        remains.push_async_callback(kill, init)
        # Both at once: PID 1 is a program of ours, which only waits.
        starting = asyncio.create_task(self._runtime.start(name, folder), name=f"start of sandbox {name}")
        try:
            if spec.network and self._network_program is not None:
                program = self._network_program
                network = await Network.attach(program, init.pid, folder=folder, reachable=self._reachable)
                remains.push_async_callback(network.detach)
        finally:
            await starting
        return Sandbox(name, spec, folder=folder, runtime=self._runtime, cgroups=self._cgroups, init=init)

    def _config(self, spec: SandboxSpec, name: str, folder: Path) -> dict[str, Any]:
        return bundle.config(
            spec,
            rootfs=folder / "rootfs",
            system=self._system,
            identity=self._identity,
            cgroups_path=self._cgroups.path(name),
            resources=self._cgroups.resources(spec.limits),
            machine=platform.machine(),
        )

    async def _end(self, sandbox: Sandbox, remains: AsyncExitStack) -> None:
        try:
            await sandbox.run_to_end(remains)
        finally:
            del self._running[sandbox.name]

    async def _wait_until_free(self, name: str) -> None:
        sandbox = self._running[name]
        if not sandbox.ended:
            raise SandboxFailed(f"A sandbox with the name {name} is running already.")
        await sandbox.wait_removed()


async def kill(child: Child) -> None:
    child.send_signal(signal.SIGKILL)
    await child.wait()


def make_run_folders(*folders: Path) -> None:
    """Others may pass through, as a sandbox's root filesystem and mounts lie below; they may not list."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)


def warnings_of(cgroups: Cgroups, no_network: str) -> list[str]:
    """What does not work on this machine, for the person who runs the server."""
    found = []
    if cgroups.missing:
        found.append(
            f"Control groups: {cgroups.missing}. Memory, processor and process limits hold for each process of a "
            "sandbox instead of for the sandbox, or not at all."
        )
    if no_network:
        found.append(f"Network: {no_network}. Sandboxes have none: pip and npm install nothing.")
    return found
