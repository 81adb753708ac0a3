"""Environments, packages, variables and mounted models."""

from typing import Literal

from ide_server.wire.base import Message, ModelId, Request


class EnvironmentChoice(Request, frozen=True):
    python: str
    """Such as "3.12"."""
    node: str
    """Such as "24"."""
    packages: dict[str, str] = {}
    """Version by name of what is preinstalled; a package left out is not."""


class VersionOffer(Message, frozen=True):
    version: str
    """What a choice names it by."""
    full_version: str
    """Of what would be used, such as "3.12.1"; "" if that shows when it is fetched."""
    ready: bool
    """It is on this machine; what is not would be fetched."""


class PackageOffer(Message, frozen=True):
    name: str
    description: str
    versions: list[str]
    """The newest first; empty while the index cannot be reached."""


class EnvironmentOffers(Message, frozen=True):
    """What a choice may hold; newest first."""

    default: EnvironmentChoice
    pythons: list[VersionOffer]
    nodes: list[VersionOffer]
    packages: list[PackageOffer]


BuildPhase = Literal["waiting", "fetching_python", "resolving", "downloading", "installing", "finishing"]
BuildStatus = Literal["running", "failed", "cancelled"]


class Build(Message, frozen=True):
    """A build that has not succeeded; one that has is an environment. Totals are 0 until they are known."""

    choice: EnvironmentChoice
    status: BuildStatus
    phase: BuildPhase
    packages_done: int
    packages_total: int
    bytes_done: int
    bytes_total: int
    started_at: float
    message: str = ""
    """Of a failed one: the tool's own words."""


class ModelEnvironment(Message, frozen=True):
    """`choice` is in use, or will be once it is built where `key` is None; `build` is of the choice made last."""

    choice: EnvironmentChoice
    key: str | None
    build: Build | None


class BuiltEnvironment(Message, frozen=True):
    key: str
    choice: EnvironmentChoice
    """It was built for."""
    python_version: str
    node_version: str
    packages: dict[str, str]
    byte_size: int
    """What removing it would free: files that other environments share are not counted."""
    created_at: float
    in_use: bool


class InstalledPackage(Message, frozen=True):
    name: str
    version: str


class PackageSet(Message, frozen=True):
    """What a person has installed into the model under one Python version."""

    python: str
    packages: list[InstalledPackage]


class Dependencies(Message, frozen=True):
    """A file that names dependencies; `outdated`: it is newer than what is installed."""

    path: str
    outdated: bool
    command: str
    """Installs them; for a terminal."""


class OwnPackages(Message, frozen=True):
    sets: list[PackageSet]
    reinstall_command: str
    """Installs under the present Python version what is installed under another only; "" if there is nothing."""
    dependencies: list[Dependencies]


class Variable(Message, frozen=True):
    """An environment variable of the model's terminals and launchers."""

    name: str
    value: str | None
    """None: it is secret."""
    secret: bool


class VariableValue(Request, frozen=True):
    value: str
    secret: bool = False


class MountedModel(Message, frozen=True):
    """Another model, whose files this one's terminals and launchers see at `path`, read-only."""

    name: str
    path: str
    model_id: ModelId
    model_name: str


class NewMountedModel(Request, frozen=True):
    model_id: ModelId
