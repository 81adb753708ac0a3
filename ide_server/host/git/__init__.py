"""Source control of models: the real git, run where a model's programs run and nowhere else."""

from ide_server.host.git.git import Git
from ide_server.host.git.program import Programs, Seat, Seats

__all__ = ["Git", "Programs", "Seat", "Seats"]
