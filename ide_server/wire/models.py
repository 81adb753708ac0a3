"""Models, their limits and what they are made from."""

from typing import Literal

from ide_server.wire.base import FunctionName, Message, ModelId, Request, SnapshotId, StateId


class Usage(Message, frozen=True):
    """What a filesystem holds and may hold; files counts files and folders, an inode each."""

    used_bytes: int
    limit_bytes: int
    used_files: int
    limit_files: int


class Model(Message, frozen=True):
    id: ModelId
    name: str
    created_at: float
    usage: Usage
    active_state_id: StateId | None
    functions: list[FunctionName] | None
    """What the code defined when it was last loaded; None if it never was."""


class Template(Message, frozen=True):
    id: str
    name: str
    description: str
    language: Literal["python", "node"]


class NewModel(Request, frozen=True):
    """From a template, from a snapshot of another model, or without any file, as for a clone."""

    name: str
    template: str = ""
    snapshot_id: SnapshotId | None = None
    empty: bool = False


class ModelChange(Request, frozen=True):
    """Fields left out stay as they are."""

    name: str | None = None
    limit_bytes: int | None = None
    below_use: bool = False
    """Accept a limit below what the filesystem holds: nothing more can be written until enough is deleted."""
    active_state_id: StateId | None = None


class FolderUsage(Message, frozen=True):
    path: str
    used_bytes: int
    used_files: int


class Host(Message, frozen=True):
    version: str
    warnings: list[str]
    """What this machine lacks and what then does not work."""
