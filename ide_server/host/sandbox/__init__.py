"""Isolated places for programs that are not trusted, made by an OCI runtime."""

from ide_server.host.sandbox.console import Pty
from ide_server.host.sandbox.identity import Identity, own_identity
from ide_server.host.sandbox.memory_groups import MemoryGroup
from ide_server.host.sandbox.processes import Child, Exit
from ide_server.host.sandbox.sandboxes import Sandbox, Sandboxes
from ide_server.host.sandbox.spec import Environment, Limits, Mount, SandboxSpec, launcher_spec, workspace_spec
from ide_server.host.sandbox.usage import Usage

__all__ = [
    "Child",
    "Environment",
    "Exit",
    "Identity",
    "Limits",
    "MemoryGroup",
    "Mount",
    "Pty",
    "Sandbox",
    "SandboxSpec",
    "Sandboxes",
    "Usage",
    "launcher_spec",
    "own_identity",
    "workspace_spec",
]
