"""`slipway environments`: the command line of environments, beside a running server or without one."""

import argparse
import asyncio
import contextlib
import enum
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set

import msgspec

from ide_server import wire
from ide_server.catalog import Catalog
from ide_server.errors import EnvironmentInUse, InvalidRequest, SlipwayError
from ide_server.host.environments import Environments, Plan
from ide_server.host.environments.offering import NotUnderstood
from ide_server.settings import MEBIBYTE, Settings
from ide_server.wire import BuiltEnvironment, EnvironmentChoice


class ExitCode(enum.IntEnum):
    """2 is argparse's, for arguments it does not understand."""

    DONE = 0
    FAILED = 1
    IN_USE = 3


def run(arguments: argparse.Namespace) -> ExitCode:
    try:
        return asyncio.run(act(arguments))
    except EnvironmentInUse as error:
        return fail(error.message, ExitCode.IN_USE)
    except SlipwayError as error:
        return fail(error.message, ExitCode.FAILED)
    except NotUnderstood as error:
        return fail(str(error), ExitCode.FAILED)


def fail(message: str, code: ExitCode) -> ExitCode:
    print(message, file=sys.stderr)
    return code


async def act(arguments: argparse.Namespace) -> ExitCode:
    async with opened(Settings.of(arguments)) as environments:
        await ACTIONS[arguments.action](environments, arguments)
    return ExitCode.DONE


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Environments]:
    async with contextlib.AsyncExitStack() as stack:
        if settings.database_url or (settings.data_dir / "slipway.db").exists():
            catalog = Catalog.open(settings)
            stack.push_async_callback(catalog.close)
            environments = Environments(settings, keys_of_models=catalog.models.environment_keys)
        else:
            environments = Environments(settings)  # no server has run here: there are no models
        stack.push_async_callback(environments.close)
        yield environments


async def show_built(environments: Environments, arguments: argparse.Namespace) -> None:
    built = await environments.list()
    print(as_json(built) if arguments.json else table(built, environments.distributions))


async def show_offers(environments: Environments, arguments: argparse.Namespace) -> None:
    offers = await environments.offers()
    print(as_json(offers) if arguments.json else described(offers))


async def build(environments: Environments, arguments: argparse.Namespace) -> None:
    plan = await environments.resolve(choice(arguments, environments.default_choice), refresh=arguments.refresh)
    if plan.notice:
        print(plan.notice, file=sys.stderr)
    if environments.find(plan.key) is None:
        await watch_build(environments, plan)
    print(plan.key)


async def watch_build(environments: Environments, plan: Plan) -> None:
    building = environments.start_build(plan)
    async for state in building.changes():
        print(progress(state), end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr)
    await building.wait()


async def remove(environments: Environments, arguments: argparse.Namespace) -> None:
    for key in arguments.keys:
        await environments.remove(key)


async def prune(environments: Environments, _: argparse.Namespace) -> None:
    removed = await environments.prune()
    for each in removed:
        print(f"removed {each.key}, {megabytes(each.byte_size)}")
    if not removed:
        print("There is none that nothing uses.")


ACTIONS: Mapping[str, Callable[[Environments, argparse.Namespace], Awaitable[None]]] = {
    "list": show_built,
    "offers": show_offers,
    "build": build,
    "remove": remove,
    "prune": prune,
}


def choice(arguments: argparse.Namespace, default: EnvironmentChoice) -> EnvironmentChoice:
    """What is left out is the default's, packages too. Raises InvalidRequest."""
    packages = dict(package(argument) for argument in arguments.packages)
    return EnvironmentChoice(
        arguments.python or default.python, arguments.node or default.node, packages or default.packages
    )


def package(argument: str) -> tuple[str, str]:
    name, equals, version = argument.partition("=")
    if not (name and equals and version.strip("=")):
        raise InvalidRequest(f"Expected NAME=VERSION, such as torch=2.13.0, got {argument!r}.")
    return name, version.lstrip("=")


def as_json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def table(built: Sequence[BuiltEnvironment], offered: Set[str]) -> str:
    rows = [("KEY", "PYTHON", "NODE", "SIZE", "BUILT", "IN USE", "PACKAGES")]
    rows += [
        (
            *(each.key, each.python_version, each.node_version, megabytes(each.byte_size)),
            time.strftime("%Y-%m-%d %H:%M", time.localtime(each.created_at)),
            *("yes" if each.in_use else "no", notable(each, offered)),
        )
        for each in built
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def notable(each: BuiltEnvironment, offered: Set[str]) -> str:
    """What can be chosen, not all that this needs."""
    return ", ".join(f"{name} {version}" for name, version in each.packages.items() if name in offered) or "none"


def described(offers: wire.EnvironmentOffers) -> str:
    lines = [f"Python {versions(offers.pythons)}", f"Node {versions(offers.nodes)}"]
    lines += [f"{each.name} {', '.join(each.versions) or '(no registry can be reached)'}" for each in offers.packages]
    return "\n".join(lines)


def versions(offers: Sequence[wire.VersionOffer]) -> str:
    return ", ".join(f"{each.version}{'' if each.ready else ' (would be fetched)'}" for each in offers) or "none"


def progress(state: wire.Build) -> str:
    size = f", {state.bytes_done // MEBIBYTE} of {megabytes(state.bytes_total)}" if state.bytes_total else ""
    return f"{state.phase}: {state.packages_done} of {state.packages_total} packages{size}"


def megabytes(byte_size: int) -> str:
    return f"{byte_size / MEBIBYTE:.0f} MiB"
