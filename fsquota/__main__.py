"""The command line: fsquota mount, check, status, resize."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from fsquota.arguments import parse
from fsquota.backing import CannotMount
from fsquota.client import ControlError, ask, control_of


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 refused or failed, with the reason on stderr. Raises SystemExit(2) for wrong usage."""
    options = parse(arguments)
    try:
        match options.command:
            case "mount":
                run_mount(options)
            case "check":
                return run_check(options)
            case "status":
                print_usage(options, ask(control_socket(options), "usage"))
            case "resize":
                print_usage(options, run_resize(options))
    except (CannotMount, ControlError) as error:
        return fail(str(error))
    return 0


def run_mount(options: argparse.Namespace) -> None:
    # pyfuse3 imports trio, 10 MiB and 0.2 s of each process, only to be run by it; Loop runs it instead.
    sys.modules.setdefault("trio", ModuleType("trio"))
    # Here, so that the other commands start without pyfuse3.
    from fsquota.mount import MountOptions, mount

    mount(
        MountOptions(
            backing=options.backing,
            mountpoint=options.mountpoint,
            limit_bytes=options.size,
            limit_files=options.files,
            control=options.control,
            staging=options.staging,
            aside=options.aside,
            counter=options.counter,
            allow_other=options.allow_other,
            owner=options.owner,
            filesystem_name=options.fsname,
            shared=options.shared,
            spin_seconds=options.spin_microseconds / 1e6,
        )
    )


def run_check(options: argparse.Namespace) -> int:
    # Here, so that status and resize start without it.
    from fsquota.check import check

    usage = check(options.backing, limit_bytes=options.size, limit_files=options.files)
    print_usage(options, dataclasses.asdict(usage))
    if usage.used_bytes > usage.limit_bytes or usage.used_files > usage.limit_files:
        return fail("it holds more than these limits: it can be mounted with them, and does not grow until it is below")
    return 0


def run_resize(options: argparse.Namespace) -> dict[str, int]:
    control = control_socket(options)
    usage = ask(control, "usage")
    below_use = {"below_use": True} if options.below_use else {}
    return ask(
        control,
        "resize",
        limit_bytes=usage["limit_bytes"] if options.size is None else options.size,
        limit_files=usage["limit_files"] if options.files is None else options.files,
        **below_use,
    )


def control_socket(options: argparse.Namespace) -> Path:
    found: Path = options.control or control_of(options.mountpoint)
    return found


def print_usage(options: argparse.Namespace, usage: dict[str, int]) -> None:
    if options.json:
        print(json.dumps(usage))
        return
    print(f"bytes  {usage['used_bytes']} of {usage['limit_bytes']} used")
    print(f"files  {usage['used_files']} of {usage['limit_files']} used")


def fail(message: str) -> int:
    print(f"fsquota: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
