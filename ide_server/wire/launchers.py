"""Launchers and what operations are launched with."""

from typing import Literal

from ide_server.wire.base import LauncherId, Message, ModelId, OperationId, Request, StateId

LauncherLevel = Literal["launcher", "code_loaded", "state_instantiated"]


class LauncherSpec(Message, frozen=True):
    """What a launcher may use, and how long a temporary one waits for the next operation."""

    cpus: float
    memory_bytes: int
    gpus: int
    idle_seconds: float
    """0: it is not kept."""


class SpecChoice(Request, frozen=True):
    """What is left out is as a level above has it: an operation's model, a model's server."""

    cpus: float | None = None
    memory_bytes: int | None = None
    gpus: int | None = None
    idle_seconds: float | None = None


class MaxDurations(Message, frozen=True):
    """How long each phase of an operation may take."""

    code_startup_seconds: float
    create_state_seconds: float
    instantiate_model_seconds: float
    evaluate_seconds: float
    train_seconds: float
    get_state_seconds: float


class DurationsChoice(Request, frozen=True):
    """What is left out is as a level above has it."""

    code_startup_seconds: float | None = None
    create_state_seconds: float | None = None
    instantiate_model_seconds: float | None = None
    evaluate_seconds: float | None = None
    train_seconds: float | None = None
    get_state_seconds: float | None = None


class LaunchChoice(Request, frozen=True):
    """How a model's operations are launched, by kind."""

    create_model_state: SpecChoice = SpecChoice()
    evaluate: SpecChoice = SpecChoice()
    train: SpecChoice = SpecChoice()
    max_durations: DurationsChoice = DurationsChoice()


class LaunchBounds(Message, frozen=True):
    """What may be chosen here. Zero seconds of idling are always allowed, and no GPUs."""

    lowest: LauncherSpec
    highest: LauncherSpec
    shortest_seconds: float
    longest: MaxDurations


class Launch(Message, frozen=True):
    """What a model chose, and what holds where it chose nothing."""

    choice: LaunchChoice
    default_spec: LauncherSpec
    default_durations: MaxDurations
    bounds: LaunchBounds


LauncherStatus = Literal["starting", "ready", "working", "restarting", "failed"]


class LauncherChoice(Request, frozen=True):
    """A persistent launcher, as a person wants it. What its spec leaves out is as the model has it for evaluate."""

    name: str
    level: LauncherLevel = "state_instantiated"
    """What it is to have loaded while it waits."""
    state_id: StateId | None = None
    """None: the active state, whichever that is."""
    spec: SpecChoice = SpecChoice()


class Launcher(Message, frozen=True):
    """One that works or waits, or is persistent."""

    id: LauncherId
    model_id: ModelId
    name: str
    choice: LauncherChoice | None
    """None: it is temporary."""
    spec: LauncherSpec
    status: LauncherStatus
    message: str
    """Why it is restarting or failed."""
    level: LauncherLevel | None
    """What it has loaded; None: it has no process."""
    state_id: StateId | None
    """That it has instantiated."""
    operation_id: OperationId | None
    """That it works on."""
    started_at: float | None
    """Its present process."""
    idle_until: float | None
    """When it ends, if it is temporary and nothing comes; or is started again, if it is restarting."""
    operations: int
    """How many it has worked on, with the present one."""
    restarts: int
    """How often it has died, or could not be started, since it last worked or the server started."""


class LauncherUsage(Message, frozen=True):
    """What a launcher used over the time since the sample before. None: this machine does not say."""

    time: float
    cpus: float | None
    """Processors kept busy, on average."""
    memory_bytes: int | None
    """The most seen; without what the kernel can drop at once."""
    tmp_bytes: int | None
    """The most seen in its /tmp, which counts as memory too."""
