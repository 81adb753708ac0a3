"""What a new model may start from: folders of `ide_server/templates`, each with a template.toml and its files."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ide_server.errors import TemplateNotFound
from ide_server.wire import Template

FOLDER = Path(__file__).parents[1] / "templates"
ORDER = ("linear-regression", "image", "node")


class Templates:
    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._templates = {
            template.id: template for template in map(_read, sorted(folder.glob("*/template.toml"), key=_rank))
        }

    def list(self) -> list[Template]:
        return list(self._templates.values())

    def files(self, template_id: str) -> Mapping[str, bytes]:
        """Path in the model's filesystem -> content. Raises TemplateNotFound."""
        if template_id not in self._templates:
            known = ", ".join(self._templates)
            raise TemplateNotFound(f"There is no template {template_id!r}; expected one of {known}.")
        root = self._folder / template_id / "files"
        paths = (path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def _rank(path: Path) -> tuple[int, str]:
    name = path.parent.name
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _read(path: Path) -> Template:
    return msgspec.convert({"id": path.parent.name, **tomllib.loads(path.read_text())}, Template)
