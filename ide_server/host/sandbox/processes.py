"""Child processes by pid: started without forking this interpreter, waited for through pidfds."""

import asyncio
import fcntl
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

RESET_SIGNALS = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
"""What this process ignores (Python: SIGPIPE) would otherwise stay ignored in the child."""


@dataclass(frozen=True)
class Exit:
    """How a process ended: one of `code` and `signal`, or neither where nobody can know."""

    code: int | None
    signal: str | None
    oom: bool = False
    """The kernel killed a process of the sandbox because its memory limit was reached."""


def spawn(arguments: Sequence[str], *, environment: Mapping[str, str], descriptors: Sequence[int | None] = ()) -> int:
    """Starts a program with exactly these descriptors as 0, 1, 2, ...; None is /dev/null. Returns its pid."""
    wanted = [*descriptors, *[None] * (3 - len(descriptors))]
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int]] = []
    with ExitStack() as copies:
        for number, descriptor in enumerate(wanted):
            if descriptor is None:
                actions.append((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0))
            else:
                # Copied above all wanted numbers first: dup2 to 3 must not close what is still to become 4.
                copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, len(wanted))
                copies.callback(os.close, copy)
                actions.append((os.POSIX_SPAWN_DUP2, copy, number))
        return os.posix_spawn(
            arguments[0], list(arguments), environment, file_actions=actions, setsigmask=(), setsigdef=RESET_SIGNALS
        )


class Child:
    """A child process that is reaped as soon as it ends; any number of tasks may wait for it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[Exit] = self._loop.create_future()
        self._descriptor = os.pidfd_open(pid)
        self._loop.add_reader(self._descriptor, self._reap)

    @property
    def ended(self) -> bool:
        return self._exit.done()

    async def wait(self) -> Exit:
        return await asyncio.shield(self._exit)

    async def wait_at_most(self, seconds: float) -> bool:
        """Whether it has ended."""
        await asyncio.wait([self._exit], timeout=seconds)
        return self._exit.done()

    def send_signal(self, number: signal.Signals) -> None:
        """Does nothing once it has ended."""
        if not self._exit.done():
            signal.pidfd_send_signal(self._descriptor, number)

    def kill_group(self) -> None:
        """With all of the process group, if it leads one. Does nothing once it has ended."""
        if not self._exit.done():  # not reaped yet, so that the number is still its own
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.send_signal(signal.SIGKILL)

    def _reap(self) -> None:
        self._loop.remove_reader(self._descriptor)
        try:
            status = os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED)
        except ChildProcessError:
            # Not our child, as where a runtime puts a process of its own between.
            status = None
        os.close(self._descriptor)
        self._exit.set_result(exit_of(status))


def exit_of(status: os.waitid_result | None) -> Exit:
    if status is None:
        return Exit(code=None, signal=None)
    if status.si_code == os.CLD_EXITED:
        return Exit(code=status.si_status, signal=None)
    return Exit(code=None, signal=signal_name(status.si_status))


def signal_name(number: int) -> str:
    """Real-time signals but the first and last have no name of their own."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"


async def wait_readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
