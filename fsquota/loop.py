"""Runs pyfuse3 without an event loop: one thread, one epoll, each request from its arrival to its reply.

pyfuse3's main is a coroutine that waits for its device to become readable and for nothing else. As in pyfuse3.asyncio,
the module it takes for trio is replaced: here by one whose wait returns only when there is a request, so the coroutine
runs through without ever being suspended, and other descriptors are served within that wait.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Self

import pyfuse3

Callback = Callable[[int], None]


class ClosedResourceError(Exception):
    """What pyfuse3 takes for the end."""


class Loop:
    """spin_seconds: how long to poll for the next request before sleeping. The next request of the same caller comes
    within a few dozen microseconds of the reply, so that neither side pays for being woken up."""

    def __init__(self, *, spin_seconds: float) -> None:
        self.before_wait: Callable[[], float | None] = lambda: None
        """Does what is due and answers in how many seconds something will be."""
        self._spin_seconds = spin_seconds
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._device = -1
        self._stopped = False
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.on_wake: Callable[[], None] = lambda: None
        self.watch(self._wake_reader, select.EPOLLIN, self._drain_wakes)

    def watch(self, descriptor: int, events: int, callback: Callback) -> None:
        self._epoll.register(descriptor, events)
        self._callbacks[descriptor] = callback

    def change(self, descriptor: int, events: int) -> None:
        self._epoll.modify(descriptor, events)

    def unwatch(self, descriptor: int) -> None:
        self._epoll.unregister(descriptor)
        del self._callbacks[descriptor]

    def wake(self) -> None:
        """From another thread: calls on_wake soon."""
        with contextlib.suppress(BlockingIOError):  # full: it will wake
            os.write(self._wake_writer, b"\0")

    @contextlib.contextmanager
    def stopped_by_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end run_until_unmounted, also when they come before it begins."""
        before = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)

    def run_until_unmounted(self) -> None:
        """Serves until a signal to stop or until the filesystem is unmounted."""
        pyfuse3.trio = _Trio(self)  # type: ignore[attr-defined]  # what pyfuse3.asyncio.enable() does
        run_through(pyfuse3.main(min_tasks=1, max_tasks=1))

    def wait_for_request(self, device: int) -> None:
        if self._device < 0:
            self._device = device
            self._epoll.register(device, select.EPOLLIN)
        timeout = self.before_wait()
        if self._serve(self._epoll.poll(0)):
            return
        spin_until = time.monotonic() + self._spin_seconds
        while time.monotonic() < spin_until:
            os.sched_yield()
            if self._serve(self._epoll.poll(0)):
                return
        while not self._serve(self._epoll.poll(timeout)):
            timeout = self.before_wait()

    def _serve(self, ready: list[tuple[int, int]]) -> bool:
        """Whether there is a request of the kernel's, after everybody else who is ready was served."""
        request = False
        for descriptor, events in ready:
            if descriptor == self._device:
                request = True
            elif descriptor in self._callbacks:  # an earlier callback may have closed it
                self._callbacks[descriptor](events)
        if self._stopped:
            raise ClosedResourceError
        return request

    def _stop(self, *_: object) -> None:
        self._stopped = True

    def _drain_wakes(self, _: int) -> None:
        os.read(self._wake_reader, 65536)
        self.on_wake()


def run_through(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("pyfuse3 waited for something other than its device")


class _Trio:
    """As much of trio as pyfuse3.main uses."""

    ClosedResourceError = ClosedResourceError

    def __init__(self, loop: Loop) -> None:
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
        return _Nursery()

    async def wait_readable(self, descriptor: int) -> None:
        self._loop.wait_for_request(descriptor)


class _Uncontended:
    """A lock where there is one task."""

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass


class _Nursery:
    """Runs its one task where its block ends."""

    def __init__(self) -> None:
        self._tasks: list[Coroutine[Any, Any, None]] = []

    async def __aenter__(self) -> Self:
        return self

    def start_soon(self, function: Callable[..., Coroutine[Any, Any, None]], *args: object, name: str) -> None:
        self._tasks.append(function(*args))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._tasks and error is None:
            await self._tasks.pop()
