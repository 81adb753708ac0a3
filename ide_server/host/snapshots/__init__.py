"""Frozen copies of models."""

from ide_server.host.snapshots.snapshots import Snapshots

__all__ = ["Snapshots"]
