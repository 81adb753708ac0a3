"""Whether what is to be written fits, by the rule fsquota charges by: whole blocks, and only the difference."""

import msgspec

from ide_server.errors import FilesystemFull
from ide_server.host.mounts import Mount
from ide_server.wire import Usage

BLOCK_BYTES = 4096


def charged_bytes(byte_size: int) -> int:
    return -(-byte_size // BLOCK_BYTES) * BLOCK_BYTES


def free_bytes(usage: Usage) -> int:
    return max(0, usage.limit_bytes - usage.used_bytes) // BLOCK_BYTES * BLOCK_BYTES


def free_files(usage: Usage) -> int:
    return max(0, usage.limit_files - usage.used_files)


def fits(usage: Usage, *, needed_bytes: int, needed_files: int) -> bool:
    return needed_bytes <= free_bytes(usage) and needed_files <= free_files(usage)


def full(path: str, usage: Usage, *, needed_bytes: int, needed_files: int) -> FilesystemFull:
    """Of the two limits the message names the one that is in the way."""
    if needed_files > free_files(usage):
        problem = f"there are {usage.used_files:,} files and folders of at most {usage.limit_files:,}"
    else:
        problem = f"it needs {needed_bytes:,} bytes more and {free_bytes(usage):,} of {usage.limit_bytes:,} are free"
    return FilesystemFull(
        f"{path} was not saved: {problem}. Remove something or raise the limit; what was there is unchanged.",
        needed_bytes=needed_bytes,
        free_bytes=free_bytes(usage),
        limit_bytes=usage.limit_bytes,
        needed_files=needed_files,
        free_files=free_files(usage),
        limit_files=usage.limit_files,
    )


class Room:
    """How large an upload may become. The use is asked for anew whenever that seems too little."""

    def __init__(self, mount: Mount, path: str, *, present_bytes: int | None) -> None:
        """present_bytes: the size of the file to be replaced, None for a new one."""
        self._mount = mount
        self._path = path
        self._charged_bytes = charged_bytes(present_bytes or 0)
        self._needed_files = 1 if present_bytes is None else 0
        self._known_bytes = -1

    async def require(self, byte_size: int, *, promised_bytes: int = 0) -> None:
        """promised_bytes: what is free but others will need. Raises FilesystemFull."""
        if byte_size <= self._known_bytes:
            return
        usage = await self._mount.usage()
        needed_bytes = max(0, charged_bytes(byte_size) - self._charged_bytes)
        if not fits(usage, needed_bytes=needed_bytes + promised_bytes, needed_files=self._needed_files):
            usage = msgspec.structs.replace(usage, used_bytes=usage.used_bytes + promised_bytes)
            raise full(self._path, usage, needed_bytes=needed_bytes, needed_files=self._needed_files)
        self._known_bytes = self._charged_bytes + free_bytes(usage)
