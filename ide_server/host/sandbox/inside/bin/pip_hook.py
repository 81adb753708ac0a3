"""Run at the start of every `python -m ...`, by slipway.pth: `python -m pip install` is the same as `pip install`."""

from __future__ import annotations

import os
import sys


class PipHook:
    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Finds nothing. Where pip is about to run, `installs` takes the place of this process, and runs pip."""
        if name == "pip.__main__":
            os.execv(sys.executable, (sys.executable, "-I", "/opt/slipway/bin/installs", "pip", *sys.argv[1:]))


def is_wanted() -> bool:
    """Not for the pip that `installs` runs, nor for another .venv of the person's."""
    of_model = sys.prefix == "/model/.venv" and "SLIPWAY_INSTALLS" not in os.environ
    return of_model and not {"install", "uninstall"}.isdisjoint(sys.argv)


if is_wanted():
    sys.meta_path.insert(0, PipHook)
