"""Packages of our own making, for tests that install without a registry."""

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path


def make_wheel(folder: Path, name: str, version: str, files: Mapping[str, bytes], *, needs: str = "") -> Path:
    """Pure Python; `files` by path. With an executable of the package's name that runs NAME.main()."""
    info = f"{name}-{version}.dist-info"
    required = f"Requires-Dist: {needs}\n" if needs else ""
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n".encode(),
    }
    record = [f"{path},sha256={digest(content)},{len(content)}" for path, content in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,\n"]).encode()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name_inside, content in contents.items():
            wheel.writestr(name_inside, content)
    return path


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


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
