"""The filesystems of models: each mounted on first need by its own fsquota process, and again whenever that dies."""

from ide_server.host.mounts.control import Refused
from ide_server.host.mounts.mount import Kept, Moment, Mount, Replaced
from ide_server.host.mounts.mounts import Mounts

__all__ = ["Kept", "Moment", "Mount", "Mounts", "Refused", "Replaced"]
