"""Which versions of a package the configured indexes and find-links have, and for which Pythons."""

import asyncio
import html.parser
import logging
import ssl
import urllib.parse
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Self

import httpx
import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from ide_server.host.environments.registries import Registries, local_path

JSON = "application/vnd.pypi.simple.v1+json"
TIMEOUT_SECONDS = 20.0

logger = logging.getLogger(__name__)


class File(msgspec.Struct, frozen=True, rename="kebab"):
    """One line of an index, in the words of PEP 691."""

    filename: str
    requires_python: str | None = None
    yanked: bool | str = False


class Project(msgspec.Struct, frozen=True):
    files: list[File]


class Releases(msgspec.Struct, frozen=True):
    """Of one package: final versions, the newest first, each with the Pythons that it has a wheel for."""

    pythons: dict[str, tuple[str, ...]]

    def of(self, python: str) -> list[str]:
        return [version for version, pythons in self.pythons.items() if python in pythons]


class Index:
    """Reads what `registries` name, inside `async with`."""

    def __init__(self, registries: Registries) -> None:
        self._registries = registries
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=registries.variables.get("SSL_CERT_FILE")),
            proxy=registries.variables.get("ALL_PROXY"),
            timeout=TIMEOUT_SECONDS,
            follow_redirects=True,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def releases(self, package: str, pythons: Sequence[str]) -> Releases | None:
        """None while no index can be reached and no folder has it."""
        places = (
            *(f"{url.rstrip('/')}/{canonicalize_name(package)}/" for url in self._registries.index_urls),
            *self._registries.find_links,
        )
        found = [files for files in await asyncio.gather(*map(self._files, places)) if files is not None]
        if not found:
            return None
        return await asyncio.to_thread(releases, package, [file for files in found for file in files], pythons)

    async def reaches(self, url: str) -> bool:
        """Whether the server of that address answers at all, or the file is there."""
        if (path := local_path(url)) is not None:
            return path.exists()
        try:
            await self._client.head(url)
        except httpx.HTTPError:
            return False
        return True

    async def byte_size(self, url: str) -> int:
        """0 where it cannot be told."""
        if (path := local_path(url)) is not None:
            return path.stat().st_size if path.exists() else 0  # that it is missing, uv says
        try:
            reply = await self._client.head(url)
        except httpx.HTTPError:
            return 0
        return int(reply.headers.get("content-length", 0)) if reply.is_success else 0

    async def _files(self, place: str) -> list[File] | None:
        """None where the place cannot be reached."""
        if (path := local_path(place)) is not None:
            return await asyncio.to_thread(files_of_folder, path)
        try:
            reply = await self._client.get(place, headers={"Accept": f"{JSON}, text/html;q=0.1"})
        except httpx.HTTPError as error:
            logger.warning(
                "The packages at %s cannot be seen: %s", without_password(place), error or type(error).__name__
            )
            return None
        if reply.status_code == httpx.codes.NOT_FOUND:
            return []
        if not reply.is_success:
            logger.warning(
                "The packages at %s cannot be seen: it answers %d", without_password(place), reply.status_code
            )
            return None
        if reply.headers.get("content-type", "").startswith(JSON):
            return msgspec.json.decode(reply.content, type=Project).files
        return files_of_page(reply.text)


def releases(package: str, files: Iterable[File], pythons: Sequence[str]) -> Releases:
    found: dict[Version, set[str]] = {}
    for file in files:
        try:
            name, version, _, tags = parse_wheel_filename(file.filename)
        except InvalidWheelFilename:
            continue  # a source archive, or the wheel of another package in a folder
        if name == canonicalize_name(package) and not file.yanked and not version.is_prerelease:
            found.setdefault(Version(version.public), set()).update(
                python for python in pythons if tags & tags_of(python) and admits(file.requires_python, python)
            )
    newest_first = sorted((version for version, those in found.items() if those), reverse=True)
    return Releases({str(version): tuple(sorted(found[version])) for version in newest_first})


def admits(requires_python: str | None, python: str) -> bool:
    try:
        return SpecifierSet(requires_python or "").contains(f"{python}.99")
    except InvalidSpecifier:
        return False


@cache
def tags_of(python: str) -> frozenset[Tag]:
    """What wheels an interpreter of that version takes on this machine."""
    major, minor = map(int, python.split("."))
    return frozenset((*cpython_tags((major, minor)), *compatible_tags((major, minor), f"cp{major}{minor}")))


def files_of_folder(path: Path) -> list[File]:
    """Of a find-links folder, a find-links page, or a package's page in an index of files."""
    if path.is_dir() and not (path / "index.html").exists():
        return [File(entry.name) for entry in path.iterdir()]
    page = path / "index.html" if path.is_dir() else path
    return files_of_page(page.read_text()) if page.exists() else []


def files_of_page(text: str) -> list[File]:
    page = Page()
    page.feed(text)
    return page.files


class Page(html.parser.HTMLParser):
    """The links of an index's page in HTML (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[File] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and (address := attributes.get("href")):
            name = urllib.parse.unquote(urllib.parse.urlsplit(address).path.rpartition("/")[2])
            self.files.append(File(name, attributes.get("data-requires-python"), "data-yanked" in attributes))


def without_password(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
