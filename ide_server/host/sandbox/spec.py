"""What a sandbox is to be, as data: decided by pure code here, acted on by `sandboxes`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ide_server.settings import MEBIBYTE, Settings

INSIDE = Path(__file__).with_name("inside")
"""Files of ours that a sandbox sees."""

COMMANDS = "/opt/slipway/bin"
RUNNER = "/opt/slipway/runner"
MODEL = "/model"


@dataclass(frozen=True)
class Mount:
    """A file or folder of the host that the sandbox sees; with all that is mounted below it."""

    source: Path
    destination: str
    writable: bool = False
    follows: bool = False
    """What is mounted upon it later appears in the sandbox too."""


class Environment(Protocol):
    """All that a sandbox knows of the interpreters and packages that it runs programs with."""

    @property
    def key(self) -> str:
        """The same key, the same content."""

    @property
    def mounts(self) -> tuple[Mount, ...]: ...

    @property
    def variables(self) -> Mapping[str, str]:
        """All that a process inside needs; nothing of the server's."""

    @property
    def python(self) -> str:
        """Path inside a sandbox; a model's own comes before it in PATH."""

    @property
    def executable(self) -> str:
        """The same interpreter outside of sandboxes; "": there is none to be run."""


@dataclass(frozen=True)
class Limits:
    memory_bytes: int
    cpus: float
    processes: int
    """Processes and threads."""
    tmp_bytes: int
    """Of /tmp, and of /dev/shm; what lies there counts as memory."""


@dataclass(frozen=True)
class SandboxSpec:
    """
    `arguments` is the main program: when it ends, the sandbox ends and its exit is the sandbox's. It is started beside
    `init`, the child of PID 1. Without arguments the sandbox lives until `init` ends or it is stopped.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    limits: Limits
    working_directory: str = MODEL
    hostname: str = "slipway"
    network: bool = True
    init: tuple[str, ...] = ("sleep", "infinity")
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of the main program alone, before `environment`. Secrets may be among them: they are in no file of the bundle."""


def workspace_spec(
    settings: Settings, environment: Environment, model_path: Path, mounted: tuple[Mount, ...] = ()
) -> SandboxSpec:
    """The sandbox a person works in; its programs are started by `Sandbox.open_terminal` and `Sandbox.execute`."""
    return SandboxSpec(
        arguments=(),
        environment=environment.variables,
        mounts=(*base_mounts(environment), model_mount(model_path), *mounted),
        limits=Limits(
            memory_bytes=settings.workspace_memory_mebibytes * MEBIBYTE,
            cpus=settings.workspace_cpus,
            processes=settings.workspace_processes,
            tmp_bytes=settings.sandbox_tmp_mebibytes * MEBIBYTE,
        ),
        network=settings.network != "none",
        init=(f"{COMMANDS}/workspace",),
    )


def launcher_spec(
    settings: Settings,
    environment: Environment,
    model: Mount,
    runner: Path,
    arguments: tuple[str, ...],
    *,
    variables: Mapping[str, str],
    cpus: float,
    memory_bytes: int,
    mounted: tuple[Mount, ...] = (),
) -> SandboxSpec:
    """The sandbox that runs a model's code: `runner`, a folder, is at /opt/slipway/runner."""
    return SandboxSpec(
        arguments=arguments,
        environment=environment.variables,
        variables=variables,
        mounts=(*base_mounts(environment), model, *mounted, Mount(runner, RUNNER)),
        limits=Limits(
            memory_bytes=memory_bytes,
            cpus=cpus,
            processes=settings.launcher_processes,
            tmp_bytes=settings.sandbox_tmp_mebibytes * MEBIBYTE,
        ),
        network=settings.network != "none",
    )


def base_mounts(environment: Environment) -> tuple[Mount, ...]:
    return (*environment.mounts, Mount(INSIDE / "bin", COMMANDS))


def model_mount(path: Path) -> Mount:
    """The model's filesystem, mounted at a path that stays the same over every remount."""
    return Mount(path, MODEL, writable=True, follows=True)


def snapshot_mount(path: Path) -> Mount:
    """The files of a snapshot in its place: nobody writes to these."""
    return Mount(path, MODEL)
