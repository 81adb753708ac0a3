"""Debug sessions, as a person has them: a call at a time, each with what it told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ide_server.wire import (
    CallEnded,
    CallName,
    CallStarted,
    CallState,
    Log,
    NewCall,
    Operation,
    OperationEvent,
)
from tests.support.local_launchers import DEADLINE_SECONDS, Laboratory


@dataclass(frozen=True)
class Told:
    """All that one call told."""

    events: list[OperationEvent]

    @property
    def end(self) -> CallEnded:
        assert isinstance(self.events[-1], CallEnded)
        return self.events[-1]

    @property
    def outcome(self) -> str:
        return self.end.outcome.kind

    @property
    def log(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Log))


class Session:
    def __init__(self, lab: Laboratory, operation: Operation) -> None:
        self.lab = lab
        self.id = operation.id

    async def call(
        self, function: CallName, parameters: Mapping[str, Any] | None = None, *, state: CallState | None = None
    ) -> Told:
        return await self.told(await self.begin(function, parameters, state=state))

    async def begin(
        self, function: CallName, parameters: Mapping[str, Any] | None = None, *, state: CallState | None = None
    ) -> int:
        call = await self.lab.operations.call(self.id, NewCall(function, dict(parameters or {}), state))
        assert call.function == function
        return call.number

    async def told(self, number: int) -> Told:
        found: list[OperationEvent] = []
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for batch in self.lab.operations.events(self.id, 0):
                for event in batch.events:
                    if found or (isinstance(event, CallStarted) and event.call == number):
                        found.append(event)
                    if isinstance(event, CallEnded) and event.call == number:
                        return Told(found)
        raise AssertionError(f"the session ended during call {number}: {await self.operation()}")

    async def output(self, number: int) -> dict[str, Any]:
        result = await self.lab.operations.call_result(self.id, number)
        return {output.name: output.values[0].elements for output in result.outputs}

    async def operation(self) -> Operation:
        return await self.lab.operations.get(self.id)

    async def stop(self) -> Operation:
        await self.lab.operations.cancel(self.id)
        return await self.ended()

    async def ended(self) -> Operation:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self.lab.operations.wait_ended(self.id)

    async def events(self) -> list[OperationEvent]:
        """Of a session that has ended."""
        return (await self.lab.finished(self.id)).events


async def started(lab: Laboratory, code: str, toml: str = "") -> Session:
    """With its code loaded, or not to be loaded."""
    lab.write({"main.py": code, "slipway.toml": toml})
    session = Session(lab, await lab.start("debug"))
    await session.told(1)
    return session
