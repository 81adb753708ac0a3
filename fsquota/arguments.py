"""The command line as it is written: commands, options and how sizes are spelled."""

import argparse
from collections.abc import Sequence
from pathlib import Path

UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Raises SystemExit, after a word on stderr, for what is not a command line of ours."""
    options = parser().parse_args(arguments)
    if options.command == "mount":
        options.control = options.control or beside(options.backing, ".sock")
        options.staging = options.staging or beside(options.backing, ".staging")
        options.aside = options.aside or beside(options.backing, ".aside")
    return options


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="fsquota", description="Limits a folder's bytes and files, exactly.")
    commands = found.add_subparsers(dest="command", required=True)
    add_mount(commands.add_parser("mount", help="mount a backing folder and serve it until it is unmounted"))
    add_check(commands.add_parser("check", help="count what an unmounted backing folder holds; say what is wrong"))
    status = commands.add_parser("status", help="print limits and use")
    add_target(status)
    resize = commands.add_parser("resize", help="change the limits of a mounted filesystem")
    add_target(resize)
    add_limits(resize, required=False)
    resize.add_argument(
        "--below-use",
        action="store_true",
        help="take limits below the use too: nothing grows until enough is removed",
    )
    return found


def add_mount(command: argparse.ArgumentParser) -> None:
    command.add_argument("backing", type=Path, help="folder that holds the files; nobody else may write it meanwhile")
    command.add_argument("mountpoint", type=Path, help="empty folder where the filesystem appears")
    add_limits(command, required=True)
    command.add_argument("--control", type=Path, help="unix socket to listen on (default: BACKING.sock)")
    command.add_argument(
        "--staging", type=Path, help="folder for replacements; emptied now (default: BACKING.staging, which is made)"
    )
    command.add_argument(
        "--aside", type=Path, help="folder for what is set aside; emptied now (default: BACKING.aside, which is made)"
    )
    command.add_argument("--counter", type=Path, help="file of 8 bytes to count changes in, for who maps it")
    command.add_argument("--allow-other", action="store_true", help="let other users than this one in")
    command.add_argument("--owner", type=owner, metavar="UID:GID", help="owner of the root folder")
    command.add_argument("--fsname", default="fsquota", help="name that df shows (default: fsquota)")
    command.add_argument(
        "--shared",
        action="store_true",
        help="a shared mount, made upon the remains of one that died: so containers in which that is a slave mount see "
        "this one (root only)",
    )
    command.add_argument(
        "--spin-microseconds",
        type=count,
        default=50,
        help="how long to poll for the next request before sleeping (default 50; never with the policy SCHED_IDLE)",
    )


def add_check(command: argparse.ArgumentParser) -> None:
    command.add_argument("backing", type=Path, help="folder that holds the files")
    add_limits(command, required=False)
    add_json(command)


def add_target(command: argparse.ArgumentParser) -> None:
    target = command.add_mutually_exclusive_group(required=True)
    target.add_argument("mountpoint", type=Path, nargs="?")
    target.add_argument("--control", type=Path, help="the control socket, where its process cannot be seen")
    add_json(command)


def add_limits(command: argparse.ArgumentParser, *, required: bool) -> None:
    command.add_argument("--size", type=size_bytes, required=required, help="limit on bytes, as 33554432 or 32MiB")
    command.add_argument("--files", type=count, required=required, help="limit on files and folders")


def add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON object")


def beside(backing: Path, suffix: str) -> Path:
    return Path(f"{backing}{suffix}")


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
