"""What changes often is told of each model after a moment, as it then is: many changes make one message."""

import asyncio
from collections.abc import Callable

from ide_server.wire import ModelId


class Announcements:
    def __init__(self, tell: Callable[[ModelId], None], *, seconds: float) -> None:
        self._tell = tell
        self._seconds = seconds
        self._timers: dict[ModelId, asyncio.TimerHandle] = {}

    def soon(self, model_id: ModelId) -> None:
        if model_id not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[model_id] = loop.call_later(self._seconds, self._now, model_id)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _now(self, model_id: ModelId) -> None:
        del self._timers[model_id]
        self._tell(model_id)
