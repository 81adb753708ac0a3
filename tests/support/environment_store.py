"""Environments that take no time and no disk, with builds that go on and end as a test says."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ide_server.errors import EnvironmentNotFound, EnvironmentUnavailable
from ide_server.host.environments import Building, Environment, Plan
from ide_server.host.environments.building import Report
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.environments.plan import Locks
from ide_server.wire import EnvironmentChoice

DEFAULT = EnvironmentChoice("3.12", "24")
NO_SUCH = EnvironmentChoice("3.12", "24", {"torch": "9.9.9"})


class FakeStore:
    """The builds are the product's own `Building`s, around nothing."""

    def __init__(self) -> None:
        self.default_choice = DEFAULT
        self.built: dict[str, Environment] = {}
        self.buildings: dict[str, Building] = {}
        self.resolved = 0
        self.held: Counter[str] = Counter()
        self._reports: dict[str, Report] = {}
        self._ends: dict[str, asyncio.Future[None]] = {}

    # --- what a test does ---

    def put(self, choice: EnvironmentChoice) -> str:
        """As if it had been built before; its key."""
        plan = plan_of(choice)
        self.built[plan.key] = Environment(plan.key, plan.interpreter.version, "24.1.0", (), {}, "/python")
        return plan.key

    def report(self, choice: EnvironmentChoice, **fields: object) -> None:
        self._reports[plan_of(choice).key](**fields)

    def finish(self, choice: EnvironmentChoice) -> None:
        self._ends[plan_of(choice).key].set_result(None)

    def fail(self, choice: EnvironmentChoice, error: Exception) -> None:
        self._ends[plan_of(choice).key].set_exception(error)

    def building(self, choice: EnvironmentChoice) -> bool:
        return plan_of(choice).key in self._ends

    # --- what it does for ModelEnvironments ---

    async def resolve(self, choice: EnvironmentChoice) -> Plan:
        self.resolved += 1
        await asyncio.sleep(0)
        if choice == NO_SUCH:
            raise EnvironmentUnavailable("There is no torch 9.9.9 for Python 3.12.", available={"torch": ["2.13.0"]})
        return plan_of(choice)

    def find(self, key: str) -> Environment | None:
        return self.built.get(key)

    def packages(self, key: str) -> Mapping[str, str]:
        if key not in self.built:
            raise EnvironmentNotFound(f"There is no environment {key!r}.")
        return {"torch": "2.13.0+cpu"}

    def start_build(self, plan: Plan) -> Building:
        building = self.buildings.get(plan.key)
        if building is None or building.over:
            building = self.buildings[plan.key] = Building(plan, lambda report: self._build(plan, report))
        building.want()
        return building

    @contextmanager
    def use(self, key: str) -> Iterator[None]:
        self.held[key] += 1
        try:
            yield
        finally:
            self.held[key] -= 1

    async def close(self) -> None:
        await asyncio.gather(*(building.cancel() for building in self.buildings.values()))

    async def _build(self, plan: Plan, report: Report) -> Environment:
        self._reports[plan.key] = report
        self._ends[plan.key] = asyncio.get_running_loop().create_future()
        try:
            await self._ends[plan.key]
        finally:
            del self._ends[plan.key]
        return self.built[self.put(plan.choice)]


def plan_of(choice: EnvironmentChoice) -> Plan:
    """Without locks; what tells two plans apart is the interpreter's place."""
    place = "-".join((choice.node, *(f"{name}{version}" for name, version in choice.packages.items())))
    return Plan(choice, Interpreter(f"{choice.python}.1", f"/{place}", None), None, Locks("", ""))
