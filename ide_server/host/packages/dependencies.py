"""The files in which a model names what it depends on, held against what is installed. All here blocks.

`outdated` is about what is there, not about times, so that touching a file asks for nothing and a file that was never
installed from is outdated however old it is. docs/environments.md has the rule.
"""

import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ide_server.host.packages.installed import site_packages
from ide_server.host.packages.plain import changed_ns, read_text
from ide_server.wire import Dependencies

MAX_INCLUDED_FILES = 16
MAX_REQUIREMENTS = 1000
MAX_LINE = 1000
"""In characters: what reads a requirement takes time by the square of its length."""

MAX_LOCK_BYTES = 16 << 20
MAX_NODE_PACKAGES = 1000

OPTION = re.compile(r"\s+--?[A-Za-z].*")
COMMENT = re.compile(r"(?:^|\s)#.*")
INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s+|=|(?=\S))(.+)")
UNNAMED = re.compile(r"(?:-e|--editable)\b.*|[^-].*")
NODE_NAME = re.compile(r"(?:@[\w.-]+/)?\w[\w.-]*")


@dataclass(frozen=True)
class Installed:
    """What a model's code finds."""

    python: str
    versions: Mapping[str, str]
    """By normalized name; own packages before preinstalled ones."""
    has_own: bool


@dataclass
class Wanted:
    """What files of requirements name."""

    requirements: list[Requirement] = field(default_factory=list)
    unnamed_in: list[bytes] = field(default_factory=list)
    """Files with a requirement that does not say its package's name: a path or a URL."""

    @property
    def nothing(self) -> bool:
        return not self.requirements and not self.unnamed_in


def read_dependencies(root: int, installed: Installed) -> list[Dependencies]:
    """Of the files at the root of the model that name any."""
    found = []
    requirements = read_requirements(root, b"requirements.txt")
    if not requirements.nothing:
        outdated = is_missing(root, requirements, installed)
        found.append(Dependencies("requirements.txt", outdated, "pip install -r requirements.txt"))
    project = read_project(root)
    if not project.nothing:
        # The dependencies alone: a model's folder is seldom a project that can be built.
        outdated = is_missing(root, project, installed)
        found.append(Dependencies("pyproject.toml", outdated, "uv pip install -r pyproject.toml"))
    manifest = read_manifest(read_text(root, b"package.json"))
    if manifest is not None and manifest.names_any:
        found.append(Dependencies("package.json", node_is_missing(root, manifest), "npm install"))
    return found


# --- Python ---


def read_requirements(root: int, path: bytes) -> Wanted:
    """With the files that it includes."""
    wanted, pending, seen = Wanted(), [path], {path}
    while pending:
        path = pending.pop()
        for line in requirement_lines(read_text(root, path) or ""):
            if include := INCLUDE.fullmatch(line):
                included = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[1].strip().encode()))
                if included not in seen and len(seen) < MAX_INCLUDED_FILES:
                    seen.add(included)
                    pending.append(included)
            else:
                want(wanted, line, path)
    return wanted


def requirement_lines(text: str) -> Iterator[str]:
    """Without comments and continuations (pip's requirements file format)."""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if stripped := COMMENT.sub("", line).strip():
            yield stripped


def want(wanted: Wanted, line: str, path: bytes) -> None:
    if len(line) > MAX_LINE or len(wanted.requirements) == MAX_REQUIREMENTS:
        return
    try:
        wanted.requirements.append(Requirement(OPTION.sub("", line)))
    except (InvalidRequirement, RecursionError):  # not a requirement, or a marker in parentheses in parentheses
        if UNNAMED.fullmatch(line) and path not in wanted.unnamed_in:
            wanted.unnamed_in.append(path)


def read_project(root: int) -> Wanted:
    """project.dependencies; no other tool's table, and not what is only for some who install it."""
    wanted = Wanted()
    try:
        table = tomllib.loads(read_text(root, b"pyproject.toml") or "")
    except (ValueError, RecursionError):  # no TOML, a number of thousands of digits, tables in tables in tables
        return wanted
    project = table.get("project")
    dependencies = project.get("dependencies") if isinstance(project, dict) else None
    for line in dependencies if isinstance(dependencies, list) else ():
        if isinstance(line, str):
            want(wanted, line, b"pyproject.toml")
    return wanted


def is_missing(root: int, wanted: Wanted, installed: Installed) -> bool:
    if not all(is_met(requirement, installed) for requirement in wanted.requirements):
        return True
    return any(is_newer(root, path, installed) for path in wanted.unnamed_in)


def is_met(requirement: Requirement, installed: Installed) -> bool:
    if not is_for(requirement, installed.python):
        return True
    present = installed.versions.get(canonicalize_name(requirement.name))
    if present is None:
        return False
    try:
        return requirement.specifier.contains(Version(present), prereleases=True)
    except InvalidVersion:
        return True  # of a name that is there: nobody can say more


def is_for(requirement: Requirement, python: str) -> bool:
    """Whether its marker wants it on this machine under this Python."""
    if requirement.marker is None:
        return True
    environment = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    try:
        return requirement.marker.evaluate(environment)
    except (UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        return False


def is_newer(root: int, path: bytes, installed: Installed) -> bool:
    """Nothing was installed since the file was written: all that can be told of what does not name its package."""
    written, changed = changed_ns(root, path), changed_ns(root, site_packages(installed.python))
    return not installed.has_own or written is None or changed is None or written > changed


# --- Node ---


class Manifest(msgspec.Struct, rename="camel"):
    dependencies: dict[str, str] = {}
    dev_dependencies: dict[str, str] = {}
    optional_dependencies: dict[str, str] = {}

    @property
    def names_any(self) -> bool:
        return bool(self.dependencies or self.dev_dependencies or self.optional_dependencies)


class Lock(msgspec.Struct):
    """package-lock.json; the package "" is the manifest that npm last installed for."""

    packages: dict[str, msgspec.Raw] = {}


def read_manifest(text: str | bytes | None) -> Manifest | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, RecursionError):
        return None


def node_is_missing(root: int, manifest: Manifest) -> bool:
    locked = read_locked(root)
    if locked is not None and locked != manifest:
        return True
    names = [name for name in manifest.dependencies if NODE_NAME.fullmatch(name)]
    return any(changed_ns(root, b"node_modules/" + name.encode()) is None for name in names[:MAX_NODE_PACKAGES])


def read_locked(root: int) -> Manifest | None:
    """None without a lock: the person may use another tool than npm."""
    text = read_text(root, b"package-lock.json", max_bytes=MAX_LOCK_BYTES)
    if text is None:
        return None
    try:
        packages = msgspec.json.decode(text, type=Lock).packages
    except (msgspec.DecodeError, RecursionError):
        return None
    return read_manifest(bytes(packages[""])) if "" in packages else None
