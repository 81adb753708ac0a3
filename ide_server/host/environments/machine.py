"""What this machine has to build environments of: interpreters, uv, the registries; each found when first asked for."""

import asyncio
import os
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.environments import interpreters, registries
from ide_server.host.environments import survey as surveys
from ide_server.host.environments.index import Index
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.environments.offering import Offering
from ide_server.host.environments.registries import Registries
from ide_server.host.environments.survey import Fetchable, Survey, Surveys
from ide_server.host.environments.uv import Uv

SURVEY_SECONDS = 3600.0
"""How old what is offered may be before it is asked for again."""


class Tools(NamedTuple):
    uv: Uv
    registries: Registries


class Machine:
    def __init__(self, folder: Path, offering: Offering) -> None:
        self._folder = folder
        self._offering = offering
        self._kept = Surveys(folder / "survey.json")
        self._survey: Survey | None = None
        self._tools: asyncio.Task[Tools] | None = None
        self._interpreters: asyncio.Task[list[Interpreter]] | None = None
        self._asking: asyncio.Task[Survey] | None = None

    async def close(self) -> None:
        for task in (self._asking, self._interpreters, self._tools):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def tools(self) -> Tools:
        if self._tools is None or (self._tools.done() and self._tools.exception() is not None):
            self._tools = asyncio.create_task(self._find_tools(), name="configuration of pip")
        return await asyncio.shield(self._tools)

    async def interpreter(self, minor: str) -> tuple[Interpreter, Fetchable | None]:
        """With a second, where it will be once that is fetched. Raises InvalidRequest for one that is not to be had."""
        for interpreter in await self.interpreters():
            if interpreter.minor == minor:
                return interpreter, None
        found = await self.survey()
        fetch = found.fetch(minor)
        if fetch is None:
            raise InvalidRequest(f"Python {minor!r} is not offered here. There is {', '.join(found.pythons)}.")
        prefix = Path(os.path.realpath(self._folder), "pythons", fetch.key)  # noqa: ASYNC240 - a few names
        return Interpreter(fetch.version, str(prefix), None), fetch

    async def interpreters(self) -> list[Interpreter]:
        if self._interpreters is None:
            folders = interpreters.folders_of(os.environ, fetched=self._folder / "pythons")
            self._interpreters = asyncio.create_task(interpreters.find(folders), name="search for interpreters")
        return await asyncio.shield(self._interpreters)

    async def add(self, fetched: Interpreter) -> None:
        """It is on this machine now, for other processes too."""
        self._interpreters = None
        found = await self.survey()
        self._survey = msgspec.structs.replace(found, interpreters=[*found.interpreters, fetched])
        await asyncio.to_thread(self._kept.keep, self._survey)

    async def survey(self) -> Survey:
        """What was found last, at once; only the first time ever, this waits for the finding."""
        if self._survey is None:
            self._survey = self._kept.get()
        if self._survey is None:
            return await asyncio.shield(self._ask())
        if time.time() - self._survey.asked_at > SURVEY_SECONDS:
            self._ask()
        return self._survey

    def _ask(self) -> asyncio.Task[Survey]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._find_survey(), name="survey of environments")
        return self._asking

    async def _find_survey(self) -> Survey:
        uv, places = await self.tools()
        here = await self.interpreters()
        async with Index(places) as index:
            found = await surveys.ask(self._offering, here, uv, index, now=time.time())
        await asyncio.to_thread(self._kept.keep, found)
        self._survey = found
        return found

    async def _find_tools(self) -> Tools:
        found = await registries.configured()
        return Tools(Uv(self._folder, found), found)
