"""What a person has installed into a model, and what its files say it needs."""

from ide_server.host.packages.own import read_packages

__all__ = ["read_packages"]
