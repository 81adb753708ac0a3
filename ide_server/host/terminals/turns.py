"""Whose output is read next among terminals that nobody watches."""

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """One read in each turn of the event loop, in the order asked for.

    However many programs flood their terminals, a watched terminal waits for one of them at most; and as the others are
    not read meanwhile, their programs block instead of keeping the processors from everybody.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def ask(self, read: Callable[[], None]) -> None:
        """`read` is called once, soon."""
        self._waiting.append(read)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        read = self._waiting[0]
        try:
            read()
        finally:
            self._waiting.popleft()
            if self._waiting:
                asyncio.get_running_loop().call_soon(self._next)
