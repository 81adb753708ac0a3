"""The one way in which workspaces and launchers come to environments: whatever an environment is, they know no more."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ide_server.host.sandbox import Environment
from ide_server.host.variables import PassedVariables
from ide_server.wire import ModelId


class Edition(NamedTuple):
    """Which environment and which variables: what was started in another edition than the present one is outdated."""

    environment_key: str
    variables_revision: int


@dataclass(frozen=True)
class Equipment:
    """What a model's terminals and launchers are started with."""

    environment: Environment
    variables: PassedVariables
    """The person's own, which come after the environment's."""

    @property
    def edition(self) -> Edition:
        return Edition(self.environment.key, self.variables.revision)


class EquipmentSource(Protocol):
    async def equip(self, model_id: ModelId) -> Equipment:
        """With the present. Where no environment of the model's is built yet, this waits for it.

        Raises ModelNotFound, SecretsUnreadable, EnvironmentFailed, EnvironmentUnavailable, InvalidRequest.
        """

    def present_edition(self, model_id: ModelId) -> Edition | None:
        """Of what `equip` would give; None while it would wait."""

    def use(self, environment: Environment) -> AbstractContextManager[object]:
        """Keeps the environment from being removed until it is left. Raises EnvironmentNotFound."""
