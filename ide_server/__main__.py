"""The command line. Each command imports what it runs only when it runs, so that every one of them starts fast."""

import argparse
import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Mapping, Sequence

from ide_server import __version__
from ide_server.settings import Settings

WEB_STOP_SECONDS = 5
HOST_STOP_SECONDS = 5


def serve(arguments: argparse.Namespace) -> int:
    """Run the server."""
    from ide_server import logs, supervisor

    logs.log_plainly("slipway")
    return supervisor.serve(Settings.of(arguments))


def host(arguments: argparse.Namespace) -> int:
    """Run the host process alone; `serve` does this by itself."""
    from ide_server import logs, serving
    from ide_server.host.app import create_app
    from ide_server.host.environments import offering
    from ide_server.host.websockets import WebSockets

    serving.end_with(arguments.parent)
    logs.log_plainly("host")
    settings = Settings.of(arguments)
    try:
        offering.read(settings.data_dir)
    except offering.NotUnderstood as error:
        print(error, file=sys.stderr)
        return 1
    with serving.unix_listener(settings.host_socket) as listener:
        serving.serve(
            create_app(settings),
            listener,
            stop_seconds=HOST_STOP_SECONDS,
            ready=arguments.ready,
            websockets=WebSockets,
        )
    return 0


def web(arguments: argparse.Namespace) -> int:
    """Run the web process alone; `serve` does this by itself."""
    from ide_server import logs, serving
    from ide_server.web.app import create_app
    from ide_server.web.tunnel import WebSockets

    serving.end_with(arguments.parent)
    logs.log_plainly("web")
    settings = Settings.of(arguments)
    with web_listener(settings, arguments.listener) as listener:
        serving.serve(
            create_app(settings),
            listener,
            stop_seconds=WEB_STOP_SECONDS,
            ready=arguments.ready,
            websockets=WebSockets,
        )
    return 0


def web_listener(settings: Settings, inherited: int | None) -> contextlib.closing[socket.socket]:
    if inherited is not None:
        return contextlib.closing(socket.socket(fileno=inherited))
    return contextlib.closing(socket.create_server((settings.host, settings.port)))


def prepare(arguments: argparse.Namespace) -> int:
    """Bring the database up to date and print a sign-in URL; `serve` does this by itself."""
    from ide_server.catalog import migrate

    settings = Settings.of(arguments)
    migrate(settings)
    print(asyncio.run(new_sign_in_url(settings, settings.url)))
    return 0


def sign_in(arguments: argparse.Namespace) -> int:
    """Print a new sign-in link for a running server."""
    from ide_server import lease

    settings = Settings.of(arguments)
    holder = lease.holder_of(settings.data_dir)
    if holder is None or not holder.url:
        print(f"No server is ready on {settings.data_dir}. Start one with `slipway serve`.", file=sys.stderr)
        return 1
    print(asyncio.run(new_sign_in_url(settings, holder.url)))
    return 0


async def new_sign_in_url(settings: Settings, url: str) -> str:
    from ide_server.catalog import Catalog

    catalog = Catalog.open(settings)
    try:
        return f"{url}/sign-in?token={await catalog.sign_in.create_token()}"
    finally:
        await catalog.close()


def doctor(arguments: argparse.Namespace) -> int:
    """Say what this machine lacks and what then does not work."""
    from ide_server import doctor

    checks = doctor.checks(Settings.of(arguments))
    print(doctor.report(checks))
    return doctor.exit_code(checks)


def environments(arguments: argparse.Namespace) -> int:
    """List, build and remove what models choose: Python, Node and packages."""
    from ide_server import environments

    return environments.run(arguments)


def version(_: argparse.Namespace) -> int:
    """Print the version."""
    print(f"slipway {__version__}")
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "serve": serve,
    "sign-in": sign_in,
    "doctor": doctor,
    "environments": environments,
    "version": version,
    "web": web,
    "host": host,
    "prepare": prepare,
}


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="slipway", description="A self-hosted, browser-based IDE for code models.")
    commands = main.add_subparsers(metavar="COMMAND", required=True)
    for name, run in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=run.__doc__,
            description=run.__doc__,
            epilog="Every setting can also be given in the environment: --some-name as SLIPWAY_SOME_NAME.",
            allow_abbrev=False,
        )
        command.set_defaults(run=run)
        if run is environments:
            add_environments(command)
        elif run is not version:
            Settings.add_to(command)
        if run in (web, host):
            add_supervised(command)
    return main


def add_supervised(command: argparse.ArgumentParser) -> None:
    """What the supervisor tells its children."""
    for name in ("parent", "ready", "listener"):
        command.add_argument(f"--{name}", type=int, help=argparse.SUPPRESS)


def add_environments(command: argparse.ArgumentParser) -> None:
    """What `slipway environments` does."""
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)

    def add(name: str, does: str) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=does, description=does, epilog=command.epilog, allow_abbrev=False)
        Settings.add_to(action)
        return action

    for name, does in (("list", "Show what is built, with its size."), ("offers", "Show what can be chosen.")):
        add(name, does).add_argument("--json", action="store_true", help="For programs.")
    build = add("build", "Build what a model would choose, and print its key.")
    build.add_argument("--python", default="", help="Such as 3.12; when left out, the default's.")
    build.add_argument("--node", default="", help="Such as 24; when left out, the default's.")
    build.add_argument("--refresh", action="store_true", help="Take what the registries have now, not what was taken.")
    build.add_argument("packages", nargs="*", metavar="NAME=VERSION", help="Such as torch=2.13.0.")
    remove = add("remove", "Remove environments that nothing uses.")
    remove.add_argument("keys", nargs="+", metavar="KEY", help="As `list` shows it.")
    add("prune", "Remove all environments that nothing uses.")


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    return run(parsed)


if __name__ == "__main__":
    sys.exit(main())
