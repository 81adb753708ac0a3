"""Frozen copies of models."""

from ide_server.host.snapshots.manifest import Manifest
from ide_server.host.snapshots.opened import Opened
from ide_server.host.snapshots.snapshots import Snapshots, Summary

__all__ = ["Manifest", "Opened", "Snapshots", "Summary"]
