"""The command line: fsquota mount, status, resize."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from fsquota.client import ControlError, ask, control_of

UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if options.command == "mount":
            run_mount(options)
        else:
            print_usage(options, run_client(options))
    except ControlError as error:
        return fail(str(error))
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="fsquota", description="Limits a folder's bytes and files, exactly.")
    commands = found.add_subparsers(dest="command", required=True)
    add_mount(commands.add_parser("mount", help="mount a backing folder and serve it until it is unmounted"))
    status = commands.add_parser("status", help="print limits and use")
    add_target(status)
    resize = commands.add_parser("resize", help="change the limits of a mounted filesystem")
    add_target(resize)
    resize.add_argument("--size", type=size_bytes, help="new limit on bytes, as 67108864 or 64MiB")
    resize.add_argument("--files", type=count, help="new limit on files and folders")
    return found


def add_mount(command: argparse.ArgumentParser) -> None:
    command.add_argument("backing", type=Path, help="folder that holds the files; nobody else may write it meanwhile")
    command.add_argument("mountpoint", type=Path, help="empty folder where the filesystem appears")
    command.add_argument("--size", type=size_bytes, required=True, help="limit on bytes, as 33554432 or 32MiB")
    command.add_argument("--files", type=count, required=True, help="limit on files and folders")
    command.add_argument("--control", type=Path, required=True, help="unix socket to listen on")
    command.add_argument("--staging", type=Path, required=True, help="folder for replacements; emptied now")
    command.add_argument("--allow-other", action="store_true", help="let other users than this one in")
    command.add_argument("--owner", type=owner, metavar="UID:GID", help="owner of the root folder")
    command.add_argument("--fsname", default="", help="name that df shows; the control socket's path by default")
    command.add_argument(
        "--spin-microseconds",
        type=count,
        default=50,
        help="how long to poll for the next request before sleeping (default 50; 0 on a machine with few cores)",
    )


def add_target(command: argparse.ArgumentParser) -> None:
    target = command.add_mutually_exclusive_group(required=True)
    target.add_argument("mountpoint", type=Path, nargs="?")
    target.add_argument("--control", type=Path, help="the control socket, where the mount has a name of its own")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def run_mount(options: argparse.Namespace) -> None:
    # pyfuse3 imports trio, 10 MiB and 0.2 s of each process, only to be run by it; Loop runs it instead.
    sys.modules.setdefault("trio", ModuleType("trio"))
    # Here, so that the other commands start without pyfuse3.
    from fsquota.mount import CannotMount, MountOptions, mount

    try:
        mount(
            MountOptions(
                backing=options.backing,
                mountpoint=options.mountpoint,
                limit_bytes=options.size,
                limit_files=options.files,
                control=options.control,
                staging=options.staging,
                allow_other=options.allow_other,
                owner=options.owner,
                filesystem_name=options.fsname,
                spin_seconds=options.spin_microseconds / 1e6,
            )
        )
    except CannotMount as error:
        sys.exit(fail(str(error)))


def run_client(options: argparse.Namespace) -> dict[str, int]:
    control = options.control or control_of(options.mountpoint)
    usage = ask(control, "usage")
    if options.command == "status":
        return usage
    return ask(
        control,
        "resize",
        limit_bytes=usage["limit_bytes"] if options.size is None else options.size,
        limit_files=usage["limit_files"] if options.files is None else options.files,
    )


def print_usage(options: argparse.Namespace, usage: dict[str, int]) -> None:
    if options.json:
        print(json.dumps(usage))
        return
    print(f"bytes  {usage['used_bytes']} of {usage['limit_bytes']} used")
    print(f"files  {usage['used_files']} of {usage['limit_files']} used")


def size_bytes(text: str) -> int:
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return count(text.removesuffix(unit)) * factor
    return count(text)


def count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a number (a size may end in KiB, MiB, GiB or TiB), got {text!r}")
    return int(text)


def owner(text: str) -> tuple[int, int]:
    uid, colon, gid = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"expected UID:GID, got {text!r}")
    return count(uid), count(gid)


def fail(message: str) -> int:
    print(f"fsquota: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
