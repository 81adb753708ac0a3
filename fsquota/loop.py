"""Runs pyfuse3 without an event loop: one thread, one epoll, each request from its arrival to its reply.

pyfuse3's main is a coroutine that waits for its device to become readable and for nothing else. As in pyfuse3.asyncio,
the module it takes for trio is replaced: here by one whose wait returns only when there is a request, so the coroutine
runs through without being suspended, and other descriptors are served within that wait. Only a request that waits for
the disk suspends it; then another of pyfuse3's tasks serves.
"""

import contextlib
import functools
import os
import select
import signal
import time
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from types import TracebackType
from typing import Any, Self

import pyfuse3

from fsquota.placement import Placement
from fsquota.worker import Done, Job, Worker

Task = Coroutine[Job, None, None]
Callback = Callable[[int], None]


# So many requests may wait for the disk while others are answered; one more holds up all until it is done.
MOST_WAITING = 16
# At one look. Each look makes room for so many, by itself for a thousand.
MOST_EVENTS = 16


class ClosedResourceError(Exception):
    """What pyfuse3 takes for the end."""


class Loop:
    """spin_seconds: how long to poll for the next request before sleeping. The next request of the same caller comes
    within a few dozen microseconds of the reply, so that one side at least does not pay for being woken up."""

    def __init__(self, placement: Placement, *, spin_seconds: float) -> None:
        self.before_wait: Callable[[], float | None] = lambda: None
        """Does what is due and answers in how many seconds something will be."""
        self._placement = placement
        self._spin_seconds = spin_seconds
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._device = -1
        self._stopped = False
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._worker = Worker(self._wake)
        self._idle_tasks: list[Task] = []
        self._new_task: Callable[[], Task]
        self._waiting = 0
        self.watch(self._wake_reader, select.EPOLLIN, self._drain_wakes)

    def watch(self, descriptor: int, events: int, callback: Callback) -> None:
        self._epoll.register(descriptor, events)
        self._callbacks[descriptor] = callback

    def change(self, descriptor: int, events: int) -> None:
        self._epoll.modify(descriptor, events)

    def unwatch(self, descriptor: int) -> None:
        self._epoll.unregister(descriptor)
        del self._callbacks[descriptor]

    def replace_device(self) -> None:
        """The device's descriptor stands for another file now."""
        self._epoll.register(self._device, select.EPOLLIN)

    def submit(self, job: Job, done: Done) -> None:
        """Does what may block in another thread, then calls done(error or None) in this one."""
        self._worker.submit(job, done)

    async def in_background(self, job: Job) -> None:
        """From a handler: other requests are answered while the job is done. Raises what it raises."""
        if self._idle_tasks:
            await _suspended(job)
        else:
            job()

    @contextlib.contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end run_until_unmounted, also when they come before it begins."""
        before = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)

    def run_until_unmounted(self) -> None:
        """Serves until a signal to stop or until the filesystem is unmounted."""
        pyfuse3.trio = _Trio(self)  # type: ignore[attr-defined]  # what pyfuse3.asyncio.enable() does
        # Whoever comes back from waiting finds another task serving, and ends; so none may be idle.
        main = pyfuse3.main(min_tasks=0, max_tasks=MOST_WAITING + 1)
        try:
            main.send(None)
        except StopIteration:
            return
        raise RuntimeError("pyfuse3 waited for something other than its device")

    def run(self, tasks: list[Task], new_task: Callable[[], Task]) -> None:
        """Runs pyfuse3's tasks: one at a time is serving, those that were suspended wait for the worker."""
        self._idle_tasks = tasks
        self._new_task = new_task
        while tasks:
            self._step(tasks.pop())

    def _step(self, task: Task, error: BaseException | None = None) -> None:
        try:
            job = task.send(None) if error is None else task.throw(error)
        except StopIteration:
            return
        except BlockingIOError:
            # The request is gone again, as whoever asked was killed: an error to pyfuse3, which ends the task for it.
            self._idle_tasks.append(self._new_task())
            return
        self._waiting += 1
        self._worker.submit(job, lambda error: self._resume(task, error))

    def _resume(self, task: Task, error: BaseException | None) -> None:
        self._waiting -= 1
        self._step(task, error)

    def wait_for_request(self, device: int) -> None:
        if self._device < 0:
            self._device = device
            self._epoll.register(device, select.EPOLLIN)
        timeout = self.before_wait()
        if self._serve(self._epoll.poll(0, MOST_EVENTS)) or self._spin():
            return
        self._placement.note_wait()
        while not self._serve(self._epoll.poll(timeout, MOST_EVENTS)):
            timeout = self.before_wait()

    def _spin(self) -> bool:
        """Whether a request has come meanwhile."""
        spin_until = time.monotonic() + self._spin_seconds
        while time.monotonic() < spin_until:
            os.sched_yield()
            if self._serve(self._epoll.poll(0, MOST_EVENTS)):
                return True
        return False

    def _serve(self, ready: list[tuple[int, int]]) -> bool:
        """Whether there is a request of the kernel's, after everybody else who is ready was served."""
        request = False
        for descriptor, events in ready:
            if descriptor == self._device:
                request = True
            elif descriptor in self._callbacks:  # an earlier callback may have closed it
                self._callbacks[descriptor](events)
        if self._stopped and not self._waiting:
            raise ClosedResourceError
        return request

    def _wake(self) -> None:
        """From another thread. A signal writes its number, which is not 0."""
        with contextlib.suppress(BlockingIOError):  # full: it will wake
            os.write(self._wake_writer, b"\0")

    def _drain_wakes(self, _: int) -> None:
        self._stopped |= any(os.read(self._wake_reader, 65536))
        self._worker.deliver()


def on_signal(_: int, frame: types.FrameType | None) -> None:
    """Compiled code lets no handler run: what is acted upon is the number that a signal leaves where it wakes."""


@types.coroutine
def _suspended(job: Job) -> Generator[Job, None, None]:
    yield job


class _Trio:
    """As much of trio as pyfuse3.main uses."""

    def __init__(self, loop: Loop) -> None:
        self.ClosedResourceError = ClosedResourceError
        self.lowlevel = self
        self._loop = loop
        self.name = "fsquota"

    def current_trio_token(self) -> None:
        return None

    def current_task(self) -> Self:
        return self

    def Lock(self) -> "_Uncontended":
        return _Uncontended()

    def open_nursery(self) -> "_Nursery":
        return _Nursery(self._loop)

    def wait_readable(self, descriptor: int) -> "_Done":
        self._loop.wait_for_request(descriptor)
        return DONE


class _Done:
    """What may be awaited and is done. A coroutine that does nothing takes longer, and each request awaits three."""

    def __await__(self) -> Iterator[Any]:
        return iter(())


DONE = _Done()


class _Uncontended:
    """A lock where there is one task."""

    def __aenter__(self) -> _Done:
        return DONE

    def __aexit__(self, *_: object) -> _Done:
        return DONE


class _Nursery:
    """Runs its tasks where its block ends."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._tasks: list[Task] = []
        self._new_task: Callable[[], Task]

    async def __aenter__(self) -> Self:
        return self

    def start_soon(self, function: Callable[..., Task], *args: object, name: str) -> None:
        """All are of one kind."""
        self._new_task = functools.partial(function, *args)
        self._tasks.append(self._new_task())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._loop.run(self._tasks, self._new_task)
