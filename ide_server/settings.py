"""The settings of a server, read once from the command line and the environment, then passed down."""

import argparse
import dataclasses
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Literal, NewType, Self, get_args, get_origin

MEBIBYTE = 1 << 20

Runtime = Literal["runc", "crun", "runsc"]
NetworkKind = Literal["slirp4netns", "none"]
Networks = NewType("Networks", str)
"""IPv4 networks, divided by commas."""


def setting(default: Any, help_line: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": help_line})


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/slipway")
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "slipway"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Every value has a default; `--some-name` and SLIPWAY_SOME_NAME set some_name."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8000, "Port to listen on; 0 takes a free one.")
    preview_domain: str = setting(
        "", "Domain whose subdomains show servers that run in models; localhost where people reach this server as that."
    )
    public_url: str = setting("", "URL people reach the server by, when a proxy stands before it.")
    data_dir: Path = setting(default_data_dir(), "Where models, states, operations and the database are kept.")
    run_dir: Path | None = setting(None, "Sockets, mountpoints and sandboxes; empty at start. Derived from data_dir.")
    database_url: str = setting("", "SQLAlchemy URL of the catalog; SQLite in data_dir when empty.")
    runtime: Runtime = setting("runc", "OCI runtime that sandboxes run under.")
    network: NetworkKind = setting("slirp4netns", "Network of a sandbox: user-mode NAT, or none.")
    reachable_networks: Networks = setting(
        Networks(""), "Networks near this machine that sandboxes may reach, such as 10.1.2.0/24, divided by commas."
    )
    default_limit_mebibytes: int = setting(32, "Byte limit of a new model's filesystem, in MiB.")
    max_limit_mebibytes: int = setting(10240, "Highest byte limit a person may choose, in MiB.")
    workspace_memory_mebibytes: int = setting(2048, "Memory limit of a workspace sandbox, in MiB.")
    workspace_cpus: float = setting(2.0, "Processor limit of a workspace sandbox.")
    workspace_processes: int = setting(1024, "Most processes and threads in a workspace sandbox.")
    launcher_memory_mebibytes: int = setting(2048, "Memory limit of a launcher that says nothing else, in MiB.")
    max_launcher_memory_mebibytes: int = setting(
        0, "Highest memory limit a person may choose for a launcher, in MiB; 0: what the machine has."
    )
    launcher_cpus: float = setting(2.0, "Processor limit of a launcher that says nothing else.")
    max_launcher_cpus: float = setting(
        0.0, "Highest processor limit a person may choose for a launcher; 0: what the machine has."
    )
    launcher_processes: int = setting(1024, "Most processes and threads in a launcher sandbox.")
    sandbox_tmp_mebibytes: int = setting(1024, "Size of the private /tmp of a sandbox, in MiB; counts as its memory.")
    launcher_idle_seconds: float = setting(60.0, "Seconds a launcher waits for the next operation; 0 keeps none.")
    max_launcher_idle_seconds: float = setting(86400.0, "Longest such time a person may choose.")
    debug_idle_seconds: float = setting(900.0, "Seconds a debug session waits for a call before it ends.")
    max_launchers: int = setting(4, "Most launchers at once; further operations wait in a queue.")
    max_terminals: int = setting(16, "Most terminals of one model.")
    terminal_scrollback_bytes: int = setting(2 * MEBIBYTE, "Output kept per terminal to replay on reconnect.")
    max_language_servers: int = setting(8, "Most language servers of one model that run at once.")
    language_memory_mebibytes: int = setting(1024, "Memory limit of a language server, in MiB, beside the workspace's.")
    language_idle_seconds: float = setting(1800.0, "Seconds after which a language server that nobody uses is stopped.")
    code_startup_seconds: float = setting(120.0, "Longest time a model's code may take to load.")
    create_state_seconds: float = setting(1800.0, "Longest time createModelState may take.")
    instantiate_seconds: float = setting(600.0, "Longest time instantiateModel may take.")
    evaluate_seconds: float = setting(600.0, "Longest time evaluate may take.")
    train_seconds: float = setting(86400.0, "Longest time train may take.")
    max_phase_seconds: float = setting(
        1209600.0, "Longest time a person may choose for one of these: loading, createModelState, evaluate, ..."
    )
    operation_days: float = setting(0.0, "Days an operation is kept after its end; 0 keeps it until it is deleted.")
    session_days: int = setting(30, "Days a sign-in lasts.")

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", self.data_dir.absolute())
        if self.run_dir is None:
            object.__setattr__(self, "run_dir", derived_run_dir(self.data_dir))

    @property
    def run_path(self) -> Path:
        assert self.run_dir is not None  # __post_init__ set it
        return self.run_dir

    @property
    def host_socket(self) -> Path:
        """Where the host process listens for the web process."""
        return self.run_path / "host.sock"

    def port_socket(self, model: str, port: int) -> Path:
        """Where the host process lets the web process into a port of a model's workspace."""
        return self.run_path / "ports" / f"{model}-{port}"

    @property
    def catalog_url(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'slipway.db'}"

    @property
    def reachable(self) -> tuple[IPv4Network, ...]:
        """What sandboxes may reach although it is near this machine."""
        return networks_of(self.reachable_networks)

    @property
    def url(self) -> str:
        """Where people reach the server; without a public URL, from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return self.public_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The variables that read back as these settings, for a child process; a command line is for all to see."""
        values = ((variable(field.name), getattr(self, field.name)) for field in dataclasses.fields(self))
        return {name: str(value) for name, value in values if value is not None}

    @classmethod
    def add_to(cls, parser: argparse.ArgumentParser, environ: Mapping[str, str] = os.environ) -> None:
        for field in dataclasses.fields(cls):
            # argparse parses a default that is text as it parses an argument, and says the same when it is wrong.
            default = environ.get(variable(field.name), field.default)
            shown = "" if field.default in (None, "") else f" (default {field.default})"
            parser.add_argument(
                flag(field.name),
                type=parser_of(field.type),
                default=default,
                help=field.metadata["help"] + shown,
            )

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        return cls(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(cls)})


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    return "SLIPWAY_" + name.upper()


def parser_of(kind: Any) -> Callable[[str], Any]:
    if get_origin(kind) is Literal:
        return one_of(get_args(kind))
    if kind is Networks:
        return checked_networks
    parse: Callable[[str], Any] = Path if kind in (Path, Path | None) else kind
    return parse


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise argparse.ArgumentTypeError(f"expected one of {', '.join(choices)}, got {value!r}")
        return value

    return parse


def checked_networks(value: str) -> str:
    try:
        networks_of(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected networks such as 10.1.2.0/24, divided by commas: {error}"
        ) from error
    return value


def networks_of(value: str) -> tuple[IPv4Network, ...]:
    """Raises ValueError."""
    return tuple(IPv4Network(part.strip()) for part in value.split(",") if part.strip())


def derived_run_dir(data_dir: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Short, as a socket's path is at most 107 bytes; reachable by a sandbox's users, as below /root is not."""
    key = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:8]
    if os.geteuid() == 0:
        return Path("/run/slipway") / key
    return Path(environ.get("XDG_RUNTIME_DIR") or f"/tmp/slipway-{os.geteuid()}") / "slipway" / key


def limit_files(limit_bytes: int) -> int:
    """The limit on files and folders that comes with a limit on bytes: one per 8 KiB, at least 1,024."""
    return max(1024, limit_bytes // 8192)
