"""Frozen copies of models."""

from ide_server.host.snapshots.manifest import Manifest
from ide_server.host.snapshots.snapshots import Snapshots

__all__ = ["Manifest", "Snapshots"]
