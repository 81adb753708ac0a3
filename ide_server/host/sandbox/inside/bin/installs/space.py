"""How full a filesystem has been while something ran."""

from __future__ import annotations

import os
from pathlib import Path

MEBIBYTE = 1 << 20


class Space:
    def __init__(self, place: Path) -> None:
        self.place = place
        self.fullness = 0.0
        """Of bytes or of files, whichever is more: 1 is full."""
        self._words = ""

    def look(self) -> None:
        found = os.statvfs(self.place)
        used_bytes = (found.f_blocks - found.f_bfree) * found.f_frsize
        limit_bytes = found.f_blocks * found.f_frsize
        used_files, limit_files = found.f_files - found.f_ffree, found.f_files
        fullness = max(used_bytes / limit_bytes, used_files / (limit_files or 1))
        if fullness >= self.fullness:
            self.fullness = fullness
            self._words = (
                f"{used_bytes / MEBIBYTE:.1f} of {limit_bytes / MEBIBYTE:.1f} MiB, "
                f"{used_files:,} of {limit_files:,} files and folders"
            )

    def __str__(self) -> str:
        return self._words
