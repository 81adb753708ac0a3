"""What may be chosen: environments.toml, the server's own or the shipped one, and the choice a new model gets."""

import sys
from pathlib import Path

import msgspec
from packaging.version import InvalidVersion, Version

from ide_server.errors import InvalidRequest
from ide_server.host.environments.interpreters import order_of
from ide_server.wire import EnvironmentChoice

SHIPPED = Path(__file__).with_name("environments.toml")


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of environments.toml: a key that means nothing is an error, not silence."""


class PythonOffering(Table, frozen=True):
    oldest: str = "3.9"
    newest: str = ""
    fetch: bool = True

    def holds(self, minor: str) -> bool:
        order = order_of(minor)
        return order_of(self.oldest) <= order and (not self.newest or order <= order_of(self.newest))


class NodeOffering(Table, frozen=True):
    majors: tuple[int, ...] = (24, 22, 20, 18)


class TorchOffering(Table, frozen=True):
    backend: str = "auto"


class PackageOffering(Table, frozen=True):
    description: str
    distributions: tuple[str, ...]
    oldest: str = ""


class DefaultOffering(Table, frozen=True):
    python: str = ""
    node: str = "24"
    packages: dict[str, str] = {}


class Offering(Table, frozen=True):
    python: PythonOffering = PythonOffering()
    node: NodeOffering = NodeOffering()
    torch: TorchOffering = TorchOffering()
    default: DefaultOffering = DefaultOffering()
    packages: dict[str, PackageOffering] = {}

    @property
    def default_choice(self) -> EnvironmentChoice:
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        return EnvironmentChoice(self.default.python or own, self.default.node, self.default.packages)

    def check(self, choice: EnvironmentChoice) -> None:
        """Whether it may be chosen at all; whether it exists is another question. Raises InvalidRequest."""
        if not self.python.holds(choice.python):
            raise InvalidRequest(f"Python {choice.python!r} is not offered here. Choose one of the list.")
        if choice.node not in [str(major) for major in self.node.majors]:
            offered = ", ".join(map(str, self.node.majors))
            raise InvalidRequest(f"Node {choice.node!r} is not offered here. Choose one of {offered}.")
        for name, version in choice.packages.items():
            if name not in self.packages:
                offered = ", ".join(self.packages) or "none"
                raise InvalidRequest(f"The package {name!r} is not offered here. Choose of these: {offered}.")
            check_version(name, version)


def check_version(name: str, version: str) -> None:
    """uv must get nothing else in its place, such as an address. Raises InvalidRequest."""
    try:
        Version(version)
    except InvalidVersion:
        raise InvalidRequest(f"Expected a version of {name} such as 2.13.0, got {version!r}.") from None


class NotUnderstood(Exception):
    """environments.toml is not what it should be; the message says where."""


def read(data_dir: Path) -> Offering:
    """Raises NotUnderstood."""
    own = data_dir / "environments.toml"
    path = own if own.exists() else SHIPPED
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Offering)
    except msgspec.DecodeError as error:  # of text that is not TOML, too
        raise NotUnderstood(f"{path} cannot be used: {error}. Mend it, or remove it to have the default.") from error
