"""Runs pip, uv or npm for a person, and leaves nothing half installed where that fails: installs {pip|uv|npm} ...

None of the three does so by itself. Where the filesystem is full, pip and uv leave packages behind that they afterwards
take for installed; npm warns, leaves files cut short and says that all went well. What is whole is judged by what lies
on disk, nothing by how the three work inside, which changes.

It runs beside the person's programs, under each Python that an environment can have: standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import caches
import distributions
import node_packages
from backup import Backup
from lock import Lock
from places import ENVIRONMENT, MODEL, NODE, TOOLS, VENV
from space import Space

CHANGING = {
    "pip": {"install", "uninstall"},
    "uv": {"pip", "sync", "add", "remove", "tool"},
    "npm": {
        "install",
        "i",
        "in",
        "ins",
        "add",
        "ci",
        "clean-install",
        "it",
        "update",
        "up",
        "upgrade",
        "dedupe",
        "link",
    },
}
"""Subcommands that install or remove; any other runs as if this program were not there."""

LOGS = caches.FOLDER / "logs"
OUT_OF_SPACE = ("No space left on device", "ENOSPC")
SIGNALLED = 128
POLL_SECONDS = 0.1
CLOCK_REALTIME_COARSE = 5
"""The clock that the kernel takes a file's time of change from; Python has no name for it."""

TERMINAL_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def main(tool: str, arguments: list[str]) -> int:
    command = command_of(tool, arguments)
    if CHANGING[tool].isdisjoint(arguments):
        os.execv(command[0], command)
    with Lock(MODEL) as lock:
        if lock.try_alone():
            distributions.remove_interrupted()
        lock.share()
        status = install(tool, command, lock)
        if lock.try_alone():
            caches.trim()
        return status


def command_of(tool: str, arguments: list[str]) -> list[str]:
    """A person's own tool comes first."""
    if tool == "pip":
        return [sys.executable, "-m", "pip", *arguments]
    for folder in (VENV / "bin", NODE, TOOLS):
        if os.access(folder / tool, os.X_OK):
            return [str(folder / tool), *arguments]
    sys.exit(f"slipway: this environment has no {tool}")


def install(tool: str, command: list[str], lock: Lock) -> int:
    began_ns = time.clock_gettime_ns(CLOCK_REALTIME_COARSE)
    backup = Backup(node_packages.manifests(Path.cwd()) if tool == "npm" else distributions.loose_files())
    space, temporary = Space(MODEL), Space(Path(tempfile.gettempdir()))
    LOGS.mkdir(parents=True, exist_ok=True)
    status = run(command, variables(tool), (space, temporary))
    ran_out = says_out_of_space(began_ns)
    failed = status != 0 if tool != "npm" else ran_out
    removed: list[str] = []
    if failed:
        lock.wait_alone()
        removed = mend(tool, began_ns, backup)
        # uv writes no log, but has all it needs before it installs: then what else than the person stops it?
        ran_out = ran_out or (tool == "uv" and bool(removed) and status < SIGNALLED)
    elif tool != "npm":
        distributions.compile_new(began_ns)
    if "uninstall" in command:
        tell_of_environment(command)
    if ran_out or removed:
        tell_of_failure(space if space.fullness >= temporary.fullness else temporary, removed, ran_out=ran_out)
    return status or int(failed)


def mend(tool: str, since_ns: int, backup: Backup) -> list[str]:
    """Names of the packages that were removed."""
    if tool == "npm":
        removed = node_packages.remove_changed(since_ns)
        backup.restore()
        return removed
    removed = distributions.remove_unfinished(since_ns)
    backup.restore(distributions.recorded_before(since_ns))
    return sorted({*removed, *distributions.remove_damaged(since_ns)})


def variables(tool: str) -> dict[str, str]:
    found = {**os.environ, "SLIPWAY_INSTALLS": "1"}
    if tool == "pip":
        found.setdefault("PIP_LOG", str(LOGS / f"pip-{os.getpid()}.log"))
        found.setdefault("PIP_COMPILE", "0")  # pip fails where byte code no longer fits; see compile_new
    elif tool == "npm":
        found["NPM_CONFIG_LOGS_DIR"] = str(LOGS)
    elif MODEL not in (Path.cwd(), *Path.cwd().parents):
        found.setdefault("VIRTUAL_ENV", str(VENV))  # uv looks for one only in the folder it is in, and above
    return found


def run(command: list[str], environment: dict[str, str], watched: Sequence[Space]) -> int:
    """Its exit status, as a shell has it. What is typed at the terminal reaches the child by itself."""
    child = subprocess.Popen(command, env=environment)
    for number in TERMINAL_SIGNALS:
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    status = None
    while status is None:
        for space in watched:
            space.look()
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = child.wait(POLL_SECONDS)
    for space in watched:
        space.look()
    for number in (*TERMINAL_SIGNALS, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    return 128 - status if status < 0 else status


def says_out_of_space(since_ns: int) -> bool:
    texts = (path.read_text(errors="replace") for path in LOGS.iterdir() if path.stat().st_mtime_ns >= since_ns)
    return any(words in text for text in texts for words in OUT_OF_SPACE)


def tell_of_environment(command: list[str]) -> None:
    """What a person cannot uninstall, as it is not theirs."""
    theirs = distributions.versions(VENV)
    named = {distributions.normalized(name) for name in command[command.index("uninstall") + 1 :]}
    for name, version in distributions.versions(ENVIRONMENT).items():
        if name in named and name not in theirs:
            tell(f"{name} {version} is part of the environment and stays. Another version, or none: Model settings.")


def tell_of_failure(space: Space, removed: list[str], *, ran_out: bool) -> None:
    if ran_out and space.place == MODEL:
        tell(f"The model's filesystem is full: {space}. Remove something, or choose 'Raise limit' in Model settings.")
    elif ran_out:
        tell(f"The sandbox's {space.place} is full: {space}. What is unpacked or built there is larger than that.")
    elif space.place == MODEL:
        tell(f"The model's filesystem: {space} at most while this ran.")
    if removed:
        tell(f"Removed, as not all of it was installed: {', '.join(removed)}.")


def tell(what: str) -> None:
    print(f"slipway: {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
