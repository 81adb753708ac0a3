"""The built frontend: files known by name since start, each with the compressed forms the build made of it."""

import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

STATIC = Path(__file__).parent / "static"
IDE = "src/workbench/IdePage.svelte"
ENCODINGS: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}
"""The names of encodings in order of preference, and their files' suffixes."""
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    path: Path
    media_type: str
    immutable: bool
    encodings: frozenset[str]


class Assets:
    """Only names found at start are served, so no path of a request ever reaches the filesystem."""

    def __init__(self, folder: Path) -> None:
        index = folder / "index.html"
        self.index = index.read_text() if index.exists() else None
        """The page of all models."""
        self.ide = self.index and self.index.replace("</head>", f"{preloads(folder, self.index)}</head>")
        """The page of one, which asks for what it needs at once instead of after its first script has run."""
        paths = [path for path in folder.rglob("*") if path.is_file() and path != index]
        self._assets = {str(path.relative_to(folder)): asset_of(path, folder) for path in paths}

    def get(self, name: str) -> Asset | None:
        return self._assets.get(name)


def preloads(folder: Path, index: str) -> str:
    """Of what the IDE has beyond the first script, from Vite's manifest."""
    chunks = json.loads((folder / "manifest.json").read_text())
    ide = chunks[IDE]
    files = (ide["file"], *(chunks[name]["file"] for name in ide.get("imports", ())))
    scripts = (f'<link rel="modulepreload" crossorigin href="/{path}">' for path in files if path not in index)
    styles = (f'<link rel="preload" as="style" crossorigin href="/{path}">' for path in ide.get("css", ()))
    return "\n".join((*scripts, *styles, ""))


def asset_of(path: Path, folder: Path) -> Asset:
    return Asset(
        path,
        mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        immutable=path.is_relative_to(folder / "assets"),  # Vite puts a hash of the content in these names
        encodings=frozenset(name for name, suffix in ENCODINGS.items() if Path(f"{path}{suffix}").exists()),
    )


async def asset(request: Request) -> Response:
    name = request.path_params["path"]
    found: Asset | None = request.state["assets"].get(name)
    if found is None:
        raise HTTPException(404, f"There is no page or file at /{name}.")
    encoding = chosen_encoding(found, request.headers.getlist("accept-encoding"))
    headers = {"Cache-Control": IMMUTABLE if found.immutable else "no-cache", "Vary": "Accept-Encoding"}
    if encoding is None:
        return FileResponse(found.path, headers=headers, media_type=found.media_type)
    headers["Content-Encoding"] = encoding
    return FileResponse(f"{found.path}{ENCODINGS[encoding]}", headers=headers, media_type=found.media_type)


def chosen_encoding(found: Asset, accepted: Sequence[str]) -> str | None:
    names = accepted_names(",".join(accepted))
    return next((name for name in ENCODINGS if name in names and name in found.encodings), None)


def accepted_names(header: str) -> frozenset[str]:
    """What Accept-Encoding lists, less what it gives the weight 0 (RFC 9110, 12.5.3)."""
    items = (item.partition(";") for item in header.split(","))
    return frozenset(name.strip().lower() for name, _, weight in items if not is_zero(weight))


def is_zero(weight: str) -> bool:
    name, _, value = weight.partition("=")
    return name.strip().lower() == "q" and not value.strip(" 0.")
