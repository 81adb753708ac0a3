"""Python distributions in folders of packages, by the names of their dist-info folders. All here blocks.

Names and versions are taken from the folders, not from METADATA, which a package can make of any size.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.utils import canonicalize_name

from ide_server.host.packages.plain import changed_ns, folder_names, read_start, read_text

LIBRARY = b".venv/lib"
MAX_HEADER_BYTES = 64 << 10
PYTHON_FOLDER = re.compile(r"python(\d{1,2}\.\d{1,3})")
REQUIRES = re.compile(r"^Requires-Dist: *([A-Za-z0-9][A-Za-z0-9._-]*)(.*)", re.MULTILINE)
DIST_INFO = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([0-9A-Za-z][0-9A-Za-z.+!_]*)\.dist-info")


@dataclass(frozen=True)
class Distribution:
    name: str
    """Normalized, as in PEP 503."""
    version: str
    folder: bytes
    """Its dist-info, beneath the root it was found in."""


Distributions = Mapping[str, Distribution]
"""By name."""


class VersionControl(msgspec.Struct):
    vcs: str
    commit_id: str


class Directory(msgspec.Struct):
    editable: bool = False


class Origin(msgspec.Struct):
    """direct_url.json of what did not come from an index (PEP 610)."""

    url: str
    vcs_info: VersionControl | None = None
    dir_info: Directory | None = None


def site_packages(python: str) -> bytes:
    return LIBRARY + f"/python{python}/site-packages".encode()


def read_own(root: int) -> dict[str, Distributions]:
    """What is installed in the model, by Python version, the newest first; only versions that have something."""
    pythons = [match[1] for name in folder_names(root, LIBRARY) if (match := PYTHON_FOLDER.fullmatch(name))]
    pythons.sort(key=lambda python: tuple(map(int, python.split("."))), reverse=True)
    found = {python: read_distributions(root, site_packages(python)) for python in pythons}
    return {python: distributions for python, distributions in found.items() if distributions}


def read_distributions(root: int, folder: bytes) -> Distributions:
    found = (DIST_INFO.fullmatch(name) for name in sorted(folder_names(root, folder)))
    distributions = (
        Distribution(canonicalize_name(match[1]), match[2], folder + b"/" + match[0].encode())
        for match in found
        if match is not None
    )
    return {distribution.name: distribution for distribution in distributions}


def asked_for(root: int, distributions: Distributions) -> list[Distribution]:
    """By the person, that is, and not by another package.

    pip marks these (PEP 376). uv marks all: of what it installed, those are taken that no other package requires.
    """
    marked = [each for each in distributions.values() if changed_ns(root, each.folder + b"/REQUESTED") is not None]
    by_uv = {
        each.name for each in marked if read_start(root, each.folder + b"/INSTALLER", max_bytes=10).strip() == "uv"
    }
    if by_uv:
        by_uv &= {name for each in distributions.values() for name in required_by(root, each)}
    return [each for each in marked if each.name not in by_uv]


def required_by(root: int, distribution: Distribution) -> set[str]:
    """What it always needs, not what is for one of its extras."""
    headers = read_start(root, distribution.folder + b"/METADATA", max_bytes=MAX_HEADER_BYTES).partition("\n\n")[0]
    return {canonicalize_name(match[1]) for match in REQUIRES.finditer(headers) if "extra ==" not in match[2]}


def installing(root: int, distribution: Distribution) -> list[str]:
    """Arguments of `pip install` that install it again from where it came, else nothing.

    Never the name alone of what came from elsewhere: an index may have a stranger's package of that name.
    """
    text = read_text(root, distribution.folder + b"/direct_url.json")
    if text is None:
        came_from_elsewhere = changed_ns(root, distribution.folder + b"/direct_url.json") is not None
        return [] if came_from_elsewhere else [f"{distribution.name}=={distribution.version}"]
    try:
        origin = msgspec.json.decode(text, type=Origin)
    except (msgspec.DecodeError, RecursionError):
        return []
    arguments = from_origin(distribution.name, origin)
    # A control character would not reach the command but act on the terminal it is typed into.
    return arguments if all(argument.isprintable() for argument in arguments) else []


def from_origin(name: str, origin: Origin) -> list[str]:
    if origin.vcs_info is not None:
        return [f"{name} @ {origin.vcs_info.vcs}+{origin.url}@{origin.vcs_info.commit_id}"]
    if origin.dir_info is None:
        return [f"{name} @ {origin.url}"]
    path = unquote(urlsplit(origin.url).path)
    if not path.startswith("/"):
        return []
    return ["--editable", path] if origin.dir_info.editable else [path]


def reinstall_command(root: int, own: Mapping[str, Distributions], *, python: str) -> str:
    """Installs under `python` what was asked for under another version only; "" if there is nothing."""
    done = set(own.get(python, ()))
    arguments: list[str] = []
    for distributions in own.values():
        for distribution in asked_for(root, distributions):
            if distribution.name not in done:
                done.add(distribution.name)
                arguments += installing(root, distribution)
    return shlex.join(["pip", "install", *arguments]) if arguments else ""
