"""The OCI runtime's command line: the one place that calls runc, crun or runsc."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from ide_server.errors import SandboxFailed
from ide_server.host.sandbox.processes import Child, spawn

PROGRAM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND_SECONDS = 30.0


def find_program(name: str) -> str | None:
    """Also in the sbin folders, which a person's PATH may lack."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":" + PROGRAM_PATH)


class OciRuntime:
    def __init__(self, name: str, state_path: Path) -> None:
        self._name = name
        # A key ring for each sandbox and each program in it would count as one user's, who may have 200. They have
        # no use for any: system calls for kernel keys are refused. runsc has a kernel of its own, and no such option.
        self._own_options = () if name == "runsc" else ("--no-new-keyring",)
        self._state_path = state_path
        self._numbers: Iterator[int] = count()

    async def create(self, container: str, bundle: Path) -> int:
        """Makes a container from the bundle's config.json, started up to its first program. Returns its pid."""
        pid_file = bundle / "init.pid"
        options = ("--bundle", str(bundle), "--pid-file", str(pid_file), *self._own_options)
        try:
            await self._call(bundle, "create", *options, container)
        except BaseException:
            end_unknown(pid_file)
            raise
        return int(pid_file.read_text())

    async def start(self, container: str, bundle: Path) -> None:
        await self._call(bundle, "start", container)

    async def execute(
        self,
        container: str,
        bundle: Path,
        process: Mapping[str, Any],
        *,
        descriptors: Sequence[int | None] = (),
        console_socket: Path | None = None,
    ) -> int:
        """Starts one more process (an OCI process object) in the container. Returns its pid.

        It is a child of this process. Until it is reaped the kernel keeps the container's PID 1.
        """
        call = f"exec-{next(self._numbers)}"
        process_file, pid_file = bundle / f"{call}.json", bundle / f"{call}.pid"
        write_private(process_file, json.dumps(process))
        console = () if console_socket is None else ("--console-socket", str(console_socket))
        try:
            await self._call(
                bundle,
                "exec",
                "--detach",
                "--process",
                str(process_file),
                "--pid-file",
                str(pid_file),
                "--preserve-fds",
                str(max(0, len(descriptors) - 3)),
                *console,
                container,
                descriptors=descriptors,
            )
            return int(pid_file.read_text())
        except BaseException:
            end_unknown(pid_file)
            raise
        finally:
            process_file.unlink()
            pid_file.unlink(missing_ok=True)

    async def delete(self, container: str, folder: Path) -> None:
        """Removes a container with all that is left in it, whatever its state."""
        await self._call(folder, "delete", "--force", container)

    def containers(self) -> list[str]:
        """Names of all that exist, also of those a process before this one made."""
        return sorted(entry.name for entry in self._state_path.iterdir()) if self._state_path.is_dir() else []

    async def _call(self, folder: Path, command: str, *arguments: str, descriptors: Sequence[int | None] = ()) -> None:
        # Its standard error is the container's, so what the runtime itself says goes into a file.
        log = folder / f"{command}-{next(self._numbers)}.log"
        program = find_program(self._name)
        if program is None:
            raise SandboxFailed(f"The OCI runtime {self._name!r} is not installed: apt-get install {self._name}.")
        options = ("--root", str(self._state_path), "--log", str(log), "--log-format", "json")
        pid = spawn(
            (program, *options, command, *arguments), environment={"PATH": PROGRAM_PATH}, descriptors=descriptors
        )
        exit_code = await self._wait(Child(pid), command)
        said = last_error(log)
        log.unlink(missing_ok=True)
        if exit_code != 0:
            raise SandboxFailed(f"{self._name} {command} failed: {said or f'exit code {exit_code}'}")

    async def _wait(self, child: Child, command: str) -> int | None:
        """Never leaves the call running: half-done by a call that was cancelled is worse than slow."""
        try:
            if await child.wait_at_most(COMMAND_SECONDS):
                return (await child.wait()).code
        except asyncio.CancelledError:
            await child.wait_at_most(COMMAND_SECONDS)
            raise
        finally:
            child.send_signal(signal.SIGKILL)
        raise SandboxFailed(f"{self._name} {command} did not end within {COMMAND_SECONDS:.0f} seconds.")


def write_private(path: Path, text: str) -> None:
    """For our user only, from its first byte on: what a process gets in its environment may be secret."""
    with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


def end_unknown(pid_file: Path) -> None:
    """Ends and reaps what a call started that was cancelled, with all that this has started by now: nobody else will
    ever know its pid."""
    if pid_file.exists():
        Child(int(pid_file.read_text())).kill_group()


def last_error(log: Path) -> str | None:
    """The message of the last line of a JSON log; the line itself where it is not JSON."""
    if not log.exists():
        return None
    lines = [line for line in log.read_text(errors="replace").splitlines() if line]
    if not lines:
        return None
    try:
        entry = json.loads(lines[-1])
    except ValueError:
        return lines[-1]
    return str(entry.get("msg", lines[-1])) if isinstance(entry, dict) else lines[-1]
