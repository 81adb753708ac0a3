"""Events of models, without sockets."""

import pytest

from ide_server.host.events import QUEUE_EVENTS, ModelEvents
from ide_server.wire import FolderRescan, ModelEvent, ModelId

pytestmark = pytest.mark.anyio

MODEL, OTHER = ModelId("m"), ModelId("o")


async def test_a_subscriber_hears_its_model_in_order() -> None:
    events = ModelEvents()
    heard: list[ModelEvent] = []
    with events.subscribe(MODEL) as subscription:
        for path in ("a", "b"):
            events.publish(MODEL, FolderRescan(path))
        events.publish(OTHER, FolderRescan("c"))
        events.end(MODEL)
        heard = [event async for event in subscription]
    assert heard == [FolderRescan("a"), FolderRescan("b")]


async def test_a_reader_too_far_behind_is_ended_after_what_it_was_sent() -> None:
    events = ModelEvents()
    with events.subscribe(MODEL) as subscription:
        for number in range(QUEUE_EVENTS + 10):
            events.publish(MODEL, FolderRescan(str(number)))
        heard = [event async for event in subscription]
    assert heard == [FolderRescan(str(number)) for number in range(QUEUE_EVENTS)]


async def test_publishing_to_nobody_is_silent() -> None:
    events = ModelEvents()
    with events.subscribe(MODEL):
        pass
    events.publish(MODEL, FolderRescan("a"))
    events.close()
