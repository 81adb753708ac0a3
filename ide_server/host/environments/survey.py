"""What there is to choose from: interpreters here and those uv can install, Node and packages of the indexes.

Asking takes seconds and a network; what was found last is kept, so that a list is there at once.
"""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ide_server.host.environments.index import Index, Releases
from ide_server.host.environments.interpreters import Interpreter, minor_of, order_of
from ide_server.host.environments.offering import Offering, PackageOffering
from ide_server.host.environments.plan import NODE_WHEEL
from ide_server.host.environments.uv import Uv
from ide_server.wire import EnvironmentOffers, PackageOffer, VersionOffer


class Fetchable(msgspec.Struct, frozen=True):
    """An interpreter that uv can install."""

    key: str
    """What uv calls it, and the folder it installs it in."""
    version: str
    url: str


class Survey(msgspec.Struct, frozen=True):
    asked_at: float = 0.0
    interpreters: list[Interpreter] = []
    fetchable: list[Fetchable] = []
    releases: dict[str, Releases] = {}
    """By name of the distribution; one that no index could be asked for is missing."""

    @property
    def pythons(self) -> list[str]:
        """Newest first."""
        minors = {each.minor for each in self.interpreters} | {minor_of(each.version) for each in self.fetchable}
        return sorted(minors, key=order_of, reverse=True)

    def interpreter(self, minor: str) -> Interpreter | None:
        return next((each for each in self.interpreters if each.minor == minor), None)

    def fetch(self, minor: str) -> Fetchable | None:
        return next((each for each in self.fetchable if minor_of(each.version) == minor), None)

    def versions(self, package: PackageOffering, python: str) -> list[str] | None:
        """Of a package for one Python, newest first; None if no index could be asked."""
        known = [self.releases[name] for name in package.distributions if name in self.releases]
        if not known:
            return None
        return newest_first({version for releases in known for version in releases.of(python)}, package.oldest)

    def distribution(self, package: PackageOffering, version: str, python: str) -> str:
        """What the registry calls it: the first name under which it has the version for that Python."""
        known = [name for name in package.distributions if name in self.releases]
        has = (name for name in known if version in self.releases[name].of(python))
        exists = (name for name in known if self.releases[name].pythons)
        return next(has, None) or next(exists, None) or package.distributions[0]


async def ask(offering: Offering, interpreters: Sequence[Interpreter], uv: Uv, index: Index, *, now: float) -> Survey:
    mine = [each for each in interpreters if offering.python.holds(each.minor)]
    fetchable = await ask_fetchable(offering, uv, index) if offering.python.fetch else []
    found = Survey(now, mine, fetchable)
    names = {NODE_WHEEL, *(name for package in offering.packages.values() for name in package.distributions)}
    answers = await asyncio.gather(*(index.releases(name, found.pythons) for name in names))
    releases = {name: answer for name, answer in zip(names, answers, strict=True) if answer is not None}
    return msgspec.structs.replace(found, releases=releases)


async def ask_fetchable(offering: Offering, uv: Uv, index: Index) -> list[Fetchable]:
    """The newest of each minor version; none while the place uv has them from cannot be reached."""
    said = await uv.run(
        "python", "list", "--only-downloads", "--output-format", "json", what="uv lists no interpreters"
    )
    found = [each for each in fetchables(msgspec.json.decode(said)) if offering.python.holds(minor_of(each.version))]
    return found if found and await index.reaches(found[0].url) else []


def fetchables(listed: Iterable[dict[str, Any]]) -> list[Fetchable]:
    """Of `uv python list`: final versions of plain CPython."""
    return [
        Fetchable(each["key"], each["version"], each["url"])
        for each in listed
        if each["implementation"] == "cpython" and each["variant"] == "default" and each["url"]
        if each["version"].replace(".", "").isdigit()
    ]


def offers(offering: Offering, survey: Survey, *, built_nodes: Iterable[str]) -> EnvironmentOffers:
    """`built_nodes` are the versions that built environments hold."""
    return EnvironmentOffers(
        default=offering.default_choice,
        pythons=[python_offer(survey, minor) for minor in survey.pythons],
        nodes=node_offers(offering, survey, sorted(built_nodes, key=order_of, reverse=True)),
        packages=[package_offer(survey, name, package) for name, package in offering.packages.items()],
    )


def python_offer(survey: Survey, minor: str) -> VersionOffer:
    here, elsewhere = survey.interpreter(minor), survey.fetch(minor)
    version = here.version if here else elsewhere.version if elsewhere else ""
    return VersionOffer(minor, version, ready=here is not None)


def node_offers(offering: Offering, survey: Survey, built: Sequence[str]) -> list[VersionOffer]:
    index = survey.releases.get(NODE_WHEEL)
    found = []
    for major in offering.node.majors:
        here = [version for version in built if order_of(version)[0] == major]
        there = [version for version in (index.pythons if index else ()) if order_of(version)[0] == major]
        if here or there or index is None:
            found.append(VersionOffer(str(major), (here or there or [""])[0], ready=bool(here)))
    return found


def package_offer(survey: Survey, name: str, package: PackageOffering) -> PackageOffer:
    per_python = (survey.versions(package, python) or [] for python in survey.pythons)
    return PackageOffer(name, package.description, newest_first({each for some in per_python for each in some}, ""))


def newest_first(versions: Iterable[str], oldest: str) -> list[str]:
    kept = (version for version in versions if not oldest or order_of(version) >= order_of(oldest))
    return sorted(kept, key=order_of, reverse=True)


class Surveys:
    """The last one, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self) -> Survey | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Survey)
        except (FileNotFoundError, msgspec.ValidationError):  # a survey of an older version of this program
            return None

    def keep(self, survey: Survey) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(survey))
        new.replace(self._path)  # in one step: another process may read it
