"""Where packages come from: what pip is configured for on this machine, said to uv in its words."""

import ast
import asyncio
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ide_server.host.environments.processes import run

PYPI = "https://pypi.org/simple"
ASK_SECONDS = 60.0
SECTIONS = ("global", "install", ":env:")
"""Of pip's configuration, those that count for an installation; the later wins."""


@dataclass(frozen=True)
class Registries:
    """
    uv ends a search at the first index that has a package, pip takes the best of all: with several, uv is told to do
    as pip does, or a company's mirror would work in one and not in the other.
    """

    index_url: str | None = None
    """None: PyPI, or what uv itself is configured for."""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[str, ...]:
        return (
            *(("--index-strategy", "unsafe-best-match") if self.extra_index_urls else ()),
            *(part for place in self.find_links for part in ("--find-links", place)),
            *(("--no-index",) if self.no_index else ()),
            *(part for host in self.trusted_hosts for part in ("--allow-insecure-host", host)),
        )

    @property
    def addresses(self) -> Mapping[str, str]:
        """As variables: they may hold a password, and a command line is for all to see."""
        return {
            **variable("UV_DEFAULT_INDEX", self.index_url),
            **variable("UV_INDEX", " ".join(self.extra_index_urls)),
        }

    @property
    def index_urls(self) -> tuple[str, ...]:
        return () if self.no_index else (self.index_url or PYPI, *self.extra_index_urls)


async def configured() -> Registries:
    """What `pip config list` of this server's Python says: pip.conf files and PIP_ variables, merged by pip."""
    async with asyncio.timeout(ASK_SECONDS):
        said = await run(
            *(sys.executable, "-m", "pip", "config", "list"), what="The configuration of pip could not be read"
        )
    return registries(said)


def registries(said: str) -> Registries:
    """Of the lines of `pip config list`, such as global.index-url='https://...'."""
    values = configuration(said)
    return Registries(
        index_url=values.get("index-url"),
        extra_index_urls=tuple(values.get("extra-index-url", "").split()),
        find_links=tuple(values.get("find-links", "").split()),
        no_index=values.get("no-index", "").lower() in ("1", "true", "yes", "on"),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        variables={
            **variable("SSL_CERT_FILE", values.get("cert")),
            **variable("SSL_CLIENT_CERT", values.get("client-cert")),
            **variable("ALL_PROXY", values.get("proxy")),
            **variable("UV_HTTP_TIMEOUT", values.get("default-timeout") or values.get("timeout")),
            # As pip does: certificates of this machine, where a company's own stands, and not only the known ones.
            **variable("UV_SYSTEM_CERTS", None if "cert" in values else "1"),
        },
    )


def configuration(said: str) -> dict[str, str]:
    lines = re.findall(r"(?m)^([^.\s]+)\.([\w-]+)=(.*)$", said)
    ordered = sorted((line for line in lines if line[0] in SECTIONS), key=lambda line: SECTIONS.index(line[0]))
    return {name: str(ast.literal_eval(value)) for _, name, value in ordered}


def variable(name: str, value: str | None) -> dict[str, str]:
    return {name: value} if value else {}


def local_path(place: str) -> Path | None:
    """Of a find-links folder or a file:// address."""
    if place.startswith("file://"):
        return Path(place.removeprefix("file://"))
    return None if "://" in place else Path(place)
