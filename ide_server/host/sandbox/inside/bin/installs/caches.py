"""What pip, uv and npm keep to be quicker the next time. It lies in /tmp, so it counts as memory."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.gettempdir(), "cache")
KEPT_BYTES = 64 << 20
"""uv keeps 700 MiB of torch."""


def trim() -> None:
    """To be called where nobody else installs."""
    for tool in ("pip", "uv", "npm"):
        if size(FOLDER / tool) > KEPT_BYTES:
            shutil.rmtree(FOLDER / tool, ignore_errors=True)


def size(folder: Path) -> int:
    return sum(os.lstat(os.path.join(top, name)).st_size for top, _, names in os.walk(folder) for name in names)
