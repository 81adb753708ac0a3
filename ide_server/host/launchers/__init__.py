"""Launchers and the operations they run. docs/launchers.md has the protocol, the phases and the outcomes."""

from ide_server.host.launchers.check import Checks
from ide_server.host.launchers.operations import Operations
from ide_server.host.launchers.spawn import SandboxSpawn, Spawn

__all__ = ["Checks", "Operations", "SandboxSpawn", "Spawn"]
