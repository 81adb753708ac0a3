"""Node packages in the model: npm tells nobody which are whole, so those that a failed run has touched are removed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from places import MODEL, VENV

MANIFESTS = ("package.json", "package-lock.json")


def manifests(folder: Path) -> list[Path]:
    """What npm writes beside node_modules, of the project that it finds from a folder."""
    for above in (folder, *folder.parents):
        if (above / "package.json").exists() or (above / "node_modules").exists():
            folder = above
            break
    return [folder / name for name in MANIFESTS]


def remove_changed(since_ns: int) -> list[str]:
    """Packages with a file that has changed since then, and commands that lead nowhere after that."""
    tops = [Path(folder) / "node_modules" for folder, names, _ in walk(MODEL) if "node_modules" in names]
    removed = [name for top in tops for name in remove_changed_in(top, since_ns)]
    for link in (link for top in tops for link in (top / ".bin").glob("*")):
        if is_dangling(link):
            link.unlink()
    for link in (VENV / "bin").glob("*"):
        # Those of other versions of Python lead nowhere either.
        if is_dangling(link) and "node_modules" in os.readlink(link):
            link.unlink()
    return sorted(removed)


def walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for path, names, files in os.walk(folder):
        yield path, list(names), files
        names[:] = [name for name in names if name not in ("node_modules", "site-packages", ".git")]


def remove_changed_in(node_modules: Path, since_ns: int) -> list[str]:
    removed = []
    for package in packages(node_modules):
        if is_changed(package, since_ns):
            shutil.rmtree(package)
            removed.append(str(package.relative_to(node_modules)))
        elif (package / "node_modules").is_dir():
            removed += remove_changed_in(package / "node_modules", since_ns)
    if removed:
        (node_modules / ".package-lock.json").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            node_modules.rmdir()
    return removed


def is_dangling(link: Path) -> bool:
    return link.is_symlink() and not link.exists()


def packages(node_modules: Path) -> Iterator[Path]:
    for entry in sorted(node_modules.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and entry.name != ".bin":
            yield from sorted(entry.iterdir()) if entry.name.startswith("@") else [entry]


def is_changed(package: Path, since_ns: int) -> bool:
    """Leaves out the packages within."""
    for folder, names, files in os.walk(package):
        names[:] = [name for name in names if name != "node_modules"]
        if any(os.lstat(os.path.join(folder, name)).st_ctime_ns >= since_ns for name in files):
            return True
    return False
