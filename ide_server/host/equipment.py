"""The one way in which workspaces and launchers come to environments: whatever an environment is, they know no more."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ide_server.host.mounted_models import NOTHING_MOUNTED, PassedMounts
from ide_server.host.sandbox import Environment
from ide_server.host.snapshots import Opened
from ide_server.host.variables import PassedVariables
from ide_server.wire import EnvironmentChoice, ModelId, SnapshotId


class Edition(NamedTuple):
    """Which environment, variables and mounted models: what was started in another than the present one is outdated."""

    environment_key: str
    variables_revision: int
    mounts_revision: int
    snapshot_id: SnapshotId | None = None
    """Whose files are the model's there; None: its own are."""

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
    snapshot: Opened | None = None
    """In the place of the model's own files."""

    @property
    def edition(self) -> Edition:
        snapshot_id = None if self.snapshot is None else self.snapshot.snapshot_id
        return Edition(self.environment.key, self.variables.revision, self.mounted.revision, snapshot_id)


class EquipmentSource(Protocol):
    async def equip(self, model_id: ModelId) -> Equipment:
        """With the present. Where no environment of the model's is built yet, this waits for it.

        Raises ModelNotFound, SecretsUnreadable, EnvironmentFailed, EnvironmentUnavailable, InvalidRequest.
        """

    async def equip_with(self, model_id: ModelId, choice: EnvironmentChoice | None) -> Equipment:
        """With this environment in place of the present one; None: the server's default. Waits for it, as `equip` does.

        Raises as `equip` does.
        """

    def present_edition(self, model_id: ModelId) -> Edition | None:
        """Of what `equip` would give; None while it would wait."""

    def use(self, environment: Environment) -> AbstractContextManager[object]:
        """Keeps the environment from being removed until it is left. Raises EnvironmentNotFound."""
