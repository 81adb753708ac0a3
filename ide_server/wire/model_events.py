"""What happens to a model, as the page hears it."""

from typing import Literal

from ide_server.wire.base import Message, OperationId
from ide_server.wire.environments import ModelEnvironment, MountedModel, Variable
from ide_server.wire.launchers import Launch, Launcher
from ide_server.wire.models import Model, Usage
from ide_server.wire.operations import Operation
from ide_server.wire.states import Snapshot, State
from ide_server.wire.terminals import Terminal


class FileChange(Message, frozen=True):
    kind: Literal["created", "written", "renamed", "removed", "attributes"]
    path: str
    destination: str | None = None
    """The new path, of renamed only."""


class UsageChanged(Message, frozen=True, tag="usage", tag_field="type"):
    usage: Usage


class FilesChanged(Message, frozen=True, tag="files", tag_field="type"):
    changes: list[FileChange]


class FolderRescan(Message, frozen=True, tag="rescan", tag_field="type"):
    """Changes were too many to list: read this folder and all below it again."""

    path: str


class FilesystemChanged(Message, frozen=True, tag="filesystem", tag_field="type"):
    status: Literal["ready", "remounting", "failed"]
    message: str
    remounted_at: float | None = None
    """Seconds since 1970, once it was mounted again after its process had ended; the message of ready says how."""


class ModelChanged(Message, frozen=True, tag="model", tag_field="type"):
    model: Model


class OperationChanged(Message, frozen=True, tag="operation", tag_field="type"):
    operation: Operation


class OperationRemoved(Message, frozen=True, tag="operation_removed", tag_field="type"):
    operation_id: OperationId


class StatesChanged(Message, frozen=True, tag="states", tag_field="type"):
    states: list[State]


class SnapshotsChanged(Message, frozen=True, tag="snapshots", tag_field="type"):
    snapshots: list[Snapshot]


class PortsChanged(Message, frozen=True, tag="ports", tag_field="type"):
    ports: list[int]
    """On which programs in the model's workspace listen."""


class TerminalsChanged(Message, frozen=True, tag="terminals", tag_field="type"):
    terminals: list[Terminal]


class EnvironmentChanged(Message, frozen=True, tag="environment", tag_field="type"):
    """While an environment is built, at most four a second."""

    environment: ModelEnvironment


class VariablesChanged(Message, frozen=True, tag="variables", tag_field="type"):
    variables: list[Variable]


class LaunchChanged(Message, frozen=True, tag="launch", tag_field="type"):
    launch: Launch


class LaunchersChanged(Message, frozen=True, tag="launchers", tag_field="type"):
    """At most four a second."""

    launchers: list[Launcher]


class QueueChanged(Message, frozen=True, tag="queue", tag_field="type"):
    """At most one a second: how many operations wait before each of the model's that wait."""

    before: dict[str, int]
    """By operation."""


class MountedModelsChanged(Message, frozen=True, tag="mounted_models", tag_field="type"):
    mounted_models: list[MountedModel]


class DatasetsChanged(Message, frozen=True, tag="datasets", tag_field="type"):
    """The list of datasets is to be read again. Told at most a few times a second."""

    changed_at: float


ModelEvent = (
    UsageChanged
    | FilesChanged
    | FolderRescan
    | FilesystemChanged
    | ModelChanged
    | OperationChanged
    | OperationRemoved
    | StatesChanged
    | SnapshotsChanged
    | PortsChanged
    | TerminalsChanged
    | EnvironmentChanged
    | VariablesChanged
    | MountedModelsChanged
    | LaunchChanged
    | LaunchersChanged
    | QueueChanged
    | DatasetsChanged
)
