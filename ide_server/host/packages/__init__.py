"""What a person has installed into a model, and what its files say it needs."""

from ide_server.host.packages.packages import Packages, read_packages

__all__ = ["Packages", "read_packages"]
