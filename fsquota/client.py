"""Asks a mounted filesystem's process through its control socket."""

import json
import os
import socket
from pathlib import Path
from typing import Any

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
    """The socket's path is the mount's source, unless it was mounted with a name of its own. Raises ControlError."""
    wanted = os.fspath(mountpoint.absolute())
    found = None
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, source, *_ = after.split(" ")
        if kind == "fuse.fsquota" and unescaped(before.split(" ")[4]) == wanted:
            found = unescaped(source)  # the last one covers those before
    if found is None:
        raise ControlError(f"{mountpoint} is not a mountpoint of fsquota")
    if not found.startswith("/"):
        raise ControlError(f"{mountpoint} is mounted under the name {found!r}: name its socket with --control")
    return Path(found)


def unescaped(text: str) -> str:
    """mountinfo writes space, tab, newline and backslash as octal."""
    for octal in ("040", "011", "012", "134"):
        text = text.replace("\\" + octal, chr(int(octal, 8)))
    return text
