"""Who nobody watches is read in turn."""

import asyncio
from functools import partial

import pytest

from ide_server.host.terminals.turns import Turns

pytestmark = pytest.mark.anyio


async def test_each_is_called_once_in_the_order_asked_one_in_each_turn_of_the_loop() -> None:
    turns, said = Turns(), list[str]()
    for name in "abc":
        turns.ask(partial(said.append, name))
    for expected in ([], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c"]):
        assert said == expected
        await asyncio.sleep(0)


async def test_who_asks_again_in_its_turn_comes_last() -> None:
    turns, said = Turns(), list[str]()

    def again() -> None:
        said.append("a")
        if said.count("a") < 2:
            turns.ask(again)

    turns.ask(again)
    turns.ask(lambda: said.append("b"))
    for _ in range(4):
        await asyncio.sleep(0)
    assert said == ["a", "b", "a"]
