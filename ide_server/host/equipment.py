"""The one way in which workspaces and launchers come to environments: whatever an environment is, they know no more."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ide_server.host.mounted_models import NOTHING_MOUNTED, PassedMounts
from ide_server.host.sandbox import Environment
from ide_server.host.variables import PassedVariables
from ide_server.wire import ModelId


class Edition(NamedTuple):
    """Which environment, variables and mounted models: what was started in another than the present one is outdated."""

    environment_key: str
    variables_revision: int
    mounts_revision: int

    @property
    def of_sandbox(self) -> tuple[str, int]:
        """What a sandbox is made of; variables are given to each program in it as that starts."""
        return self.environment_key, self.mounts_revision


@dataclass(frozen=True)
class Equipment:
    """What a model's terminals and launchers are started with."""

    environment: Environment
    variables: PassedVariables
    """The person's own, which come after the environment's."""
    mounted: PassedMounts = NOTHING_MOUNTED

    @property
    def edition(self) -> Edition:
        return Edition(self.environment.key, self.variables.revision, self.mounted.revision)


class EquipmentSource(Protocol):
    async def equip(self, model_id: ModelId) -> Equipment:
        """With the present. Where no environment of the model's is built yet, this waits for it.

        Raises ModelNotFound, SecretsUnreadable, EnvironmentFailed, EnvironmentUnavailable, InvalidRequest.
        """

    def present_edition(self, model_id: ModelId) -> Edition | None:
        """Of what `equip` would give; None while it would wait."""

    def use(self, environment: Environment) -> AbstractContextManager[object]:
        """Keeps the environment from being removed until it is left. Raises EnvironmentNotFound."""
