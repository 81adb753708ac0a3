"""The newest checkpoint of one training, kept as a state of the model: a training that was cut off goes on from it."""

import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from ide_server.errors import FilesystemUnavailable, InvalidRequest, StateNotFound
from ide_server.host.states import Origin, StateDraft, States
from ide_server.wire import ModelId, StateId


class Checkpoints:
    def __init__(
        self,
        states: States,
        model_id: ModelId,
        *,
        origin: Callable[[], Origin],
        kept: Callable[[StateId], Awaitable[None]],
    ) -> None:
        """`kept` is told of each one before the one before it goes."""
        self._states = states
        self._model_id = model_id
        self._origin = origin
        self._kept = kept
        self._draft: StateDraft | None = None
        self._open = AsyncExitStack()
        self._failure: FilesystemUnavailable | None = None
        self.newest: StateId | None = None

    async def append(self, key: str, chunk: bytes) -> None:
        """Raises StateTooLarge. Where the disk has no room, `keep` says so."""
        if self._draft is None:
            self._draft = await self._open.enter_async_context(self._states.draft(self._model_id))
        if self._failure is None:
            try:
                await self._draft.append(key, chunk)
            except FilesystemUnavailable as failure:
                self._failure = failure

    async def keep(self) -> StateId | None:
        """The checkpoint is whole: a state now, in place of the one before. None if it was empty.

        Raises FilesystemUnavailable; the one before then stays.
        """
        try:
            if self._failure is not None:
                raise self._failure
            if self._draft is None or self._draft.is_empty:
                return None
            name = time.strftime("checkpoint %Y-%m-%d %H:%M:%S")
            state = await self._states.keep(self._draft, model_id=self._model_id, name=name, origin=self._origin())
        finally:
            await self.close()
        await self._kept(state.id)
        await self.remove()
        self.newest = state.id
        return state.id

    async def remove(self) -> None:
        """What came after it is worth more. One that the person has made active or deleted is theirs."""
        if self.newest is not None:
            with contextlib.suppress(InvalidRequest, StateNotFound):
                await self._states.delete(self._model_id, self.newest)
            self.newest = None

    async def close(self) -> None:
        """Remove what is not whole."""
        self._draft, self._failure = None, None
        await self._open.aclose()
