"""The same environment and variables for every model, until a test gives others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ide_server.host.equipment import Edition, Equipment
from ide_server.host.sandbox import Environment
from ide_server.host.variables import PassedVariables
from ide_server.wire import EnvironmentChoice, ModelId

NO_VARIABLES = PassedVariables({}, frozenset(), 0)


class GivenEquipment:
    def __init__(self, environment: Environment) -> None:
        self.present = Equipment(environment, NO_VARIABLES)
        self.asked = 0
        self.held: Counter[str] = Counter()
        """How many sandboxes hold each environment, by its key."""

    async def equip(self, _: ModelId) -> Equipment:
        self.asked += 1
        return self.present

    async def equip_with(self, model_id: ModelId, _: EnvironmentChoice | None) -> Equipment:
        return await self.equip(model_id)

    def present_edition(self, _: ModelId) -> Edition | None:
        return self.present.edition

    @contextmanager
    def use(self, environment: Environment) -> Iterator[None]:
        self.held[environment.key] += 1
        try:
            yield
        finally:
            self.held[environment.key] -= 1
