"""Asks a mounted filesystem's process through its control socket."""

import argparse
import json
import os
import socket
from pathlib import Path
from typing import Any

from fsquota.arguments import parse

TIMEOUT_SECONDS = 10.0


class ControlError(Exception):
    """The process refused or cannot be reached."""


def ask(control: Path, operation: str, **arguments: Any) -> dict[str, Any]:
    """The `ok` of the reply. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        try:
            connection.connect(os.fspath(control))
            connection.sendall(json.dumps({"id": 1, "operation": operation, **arguments}).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
        except OSError as error:
            raise ControlError(f"the control socket {control} does not answer: {error}") from error
    reply = json.loads(line) if line else {"error": {"message": "it closed the connection"}}
    if "error" in reply:
        raise ControlError(reply["error"]["message"])
    ok: dict[str, Any] = reply["ok"]
    return ok


def control_of(mountpoint: Path) -> Path:
    """The socket of the process that serves a mountpoint, as its command line names it. Raises ControlError."""
    wanted = os.path.realpath(mountpoint)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            options, folder = mount_options(process)
        except (OSError, ValueError):
            continue  # it has ended, is not ours to see, or is no fsquota
        if os.path.realpath(folder / options.mountpoint) == wanted:
            return Path(folder / options.control)
    raise ControlError(f"no fsquota process that can be seen serves {mountpoint}; --control names a socket")


def mount_options(process: Path) -> tuple[argparse.Namespace, Path]:
    """What a fsquota process was told, and the folder its paths are relative to. Raises ValueError, OSError."""
    arguments = os.fsdecode((process / "cmdline").read_bytes()).split("\0")[:-1]
    position = arguments.index("mount")
    if not os.path.basename(arguments[position - 1]).startswith("fsquota"):
        raise ValueError("not a fsquota process")
    return parse(arguments[position:]), Path(os.readlink(process / "cwd"))
