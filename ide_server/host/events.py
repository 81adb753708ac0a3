"""What happens to a model, told to whoever watches its page. Owners publish, WebSockets subscribe."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from ide_server.wire import ModelEvent, ModelId

QUEUE_EVENTS = 1000


class Subscription:
    """Events in order. One whose reader falls QUEUE_EVENTS behind ends: its page connects again and reads all anew."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[ModelEvent | None] = asyncio.Queue(QUEUE_EVENTS + 1)
        self._ended = False

    def put(self, event: ModelEvent) -> None:
        if self._ended:
            return
        self._queue.put_nowait(event)
        if self._queue.qsize() == QUEUE_EVENTS:
            self.end()

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[ModelEvent]:
        while (event := await self._queue.get()) is not None:
            yield event


class ModelEvents:
    def __init__(self) -> None:
        self._subscriptions: defaultdict[ModelId, set[Subscription]] = defaultdict(set)

    def publish(self, model_id: ModelId, event: ModelEvent) -> None:
        """Never waits and never fails; with nobody watching it does nothing."""
        for subscription in self._subscriptions.get(model_id, ()):
            subscription.put(event)

    def publish_everywhere(self, event: ModelEvent) -> None:
        """What is of all models."""
        for model_id in self._subscriptions:
            self.publish(model_id, event)

    @contextmanager
    def subscribe(self, model_id: ModelId) -> Iterator[Subscription]:
        subscription = Subscription()
        self._subscriptions[model_id].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[model_id].discard(subscription)
            if not self._subscriptions[model_id]:
                del self._subscriptions[model_id]

    def end(self, model_id: ModelId) -> None:
        """The model is gone: whoever watches it is told so by the end."""
        for subscription in self._subscriptions.get(model_id, ()):
            subscription.end()

    def close(self) -> None:
        for model_id in self._subscriptions:
            self.end(model_id)
