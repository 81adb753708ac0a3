"""Environments: an interpreter, Node and preinstalled packages; read-only, shared by models, outside their limits."""

from ide_server.host.environments.environments import Environment, Environments

__all__ = ["Environment", "Environments"]
