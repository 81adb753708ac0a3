"""Ports on which programs in a model's workspace listen: found as they begin to, and reached from outside."""

from ide_server.host.ports.ports import Ports

__all__ = ["Ports"]
