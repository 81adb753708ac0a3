"""Environments: an interpreter, Node and preinstalled packages; read-only, shared by models, outside their limits."""

from ide_server.host.environments.building import Building
from ide_server.host.environments.environment import Environment
from ide_server.host.environments.environments import Environments
from ide_server.host.environments.folders import Use
from ide_server.host.environments.plan import Plan

__all__ = ["Building", "Environment", "Environments", "Plan", "Use"]
