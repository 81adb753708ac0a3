"""A few threads for the calls that may block: syncing a file, telling the kernel to drop what it caches.

Dropping cached pages waits for reads of them under way, which the serving thread answers; so it must never wait itself.
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

THREADS = 4

Job = Callable[[], None]
Done = Callable[[BaseException | None], None]


class Worker:
    """Does jobs, a few at a time. At most as many wait as there are requests, which their clients bound."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: SimpleQueue[tuple[Job, Done]] = SimpleQueue()
        self._finished: deque[tuple[Done, BaseException | None]] = deque()
        for _ in range(THREADS):
            threading.Thread(target=self._work, name="worker", daemon=True).start()

    def submit(self, job: Job, done: Done) -> None:
        """Calls done(error or None) from `deliver`, on the serving thread."""
        self._jobs.put((job, done))

    def deliver(self) -> None:
        while self._finished:
            done, error = self._finished.popleft()
            done(error)

    def _work(self) -> None:
        while True:
            job, done = self._jobs.get()
            error: BaseException | None = None
            try:
                job()
            except Exception as raised:  # handed to `done`, which raises it where the job was asked for
                error = raised
            self._finished.append((done, error))
            self._wake()
