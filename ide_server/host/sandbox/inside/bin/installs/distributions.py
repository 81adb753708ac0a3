"""Python packages in /model/.venv: which are whole, and what of the others is to be removed.

A distribution has a folder NAME-VERSION.dist-info, in which RECORD lists its files (PEP 376). Who installs writes
INSTALLER last, but that is not enough to go by: what RECORD lists must be there.
"""

from __future__ import annotations

import compileall
import contextlib
import csv
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from places import MODEL, VENV

WRITTEN = ("lib/python*/site-packages", "bin", "share", "etc", "include")
"""Where in a .venv pip and uv write."""

LOOSE = ("bin/*", "lib/python*/site-packages/*.*")
BLOCK = 4096
ANNOUNCED_FILES = 200
"""As many take some seconds to compile."""


class Row(NamedTuple):
    path: str
    byte_size: int | None


class Distribution:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name, _, self.version = folder.name[: -len(".dist-info")].partition("-")

    def rows(self) -> Iterator[Row]:
        """Of RECORD; none where there is none."""
        with contextlib.suppress(FileNotFoundError, csv.Error), open(self.folder / "RECORD", newline="") as record:
            for row in csv.reader(record):
                if row:
                    size = int(row[2]) if len(row) > 2 and row[2].isdecimal() else None
                    yield Row(os.path.normpath(self.folder.parent / row[0]), size)

    def is_ended(self) -> bool:
        """Whether who installed it came to the end."""
        return (self.folder / "RECORD").exists() and (self.folder / "INSTALLER").exists()

    def is_whole(self) -> bool:
        return self.is_ended() and all(is_file(row) for row in self.rows())

    def is_damaged(self, since_ns: int) -> bool:
        """Whether a file has become another since then. What a person has changed before is theirs."""
        changed = (row for row in self.rows() if os.path.exists(row.path) and changed_ns(row.path) >= since_ns)
        return any(not is_file(row) for row in changed)

    def is_new(self, since_ns: int) -> bool:
        """False for one that was put aside and back again, whose files stay as they were."""
        return all(changed_ns(entry.path) >= since_ns for entry in os.scandir(self.folder))


def found(prefix: Path) -> list[Distribution]:
    return [Distribution(folder) for folder in sorted(prefix.glob("lib/python*/site-packages/*-*.dist-info"))]


def versions(prefix: Path) -> dict[str, str]:
    """By normalized name, of the Python that this is."""
    library = "python{}.{}".format(*sys.version_info)
    return {normalized(each.name): each.version for each in found(prefix) if library in each.folder.parts}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def is_file(row: Row) -> bool:
    try:
        return row.byte_size in (None, os.stat(row.path).st_size)
    except FileNotFoundError:
        return row.path.endswith(".pyc")  # never needed, and anybody may remove them


def changed_ns(path: str) -> int:
    return os.lstat(path).st_ctime_ns


def remove_interrupted() -> list[str]:
    """What an install that was killed has left; to be called where nobody else installs. Returns what it was."""
    everything = found(VENV)
    broken = [each for each in everything if not each.is_ended()]
    return remove(broken, everything, (row.path for each in broken for row in list(each.rows())))


def remove_unfinished(since_ns: int) -> list[str]:
    """What an install that has failed leaves: distributions that are not whole, and files that belong to none."""
    everything = found(VENV)
    broken = [each for each in everything if each.is_new(since_ns) and not each.is_whole()]
    return remove(broken, everything, (path for path in written() if changed_ns(path) >= since_ns))


def remove_damaged(since_ns: int) -> list[str]:
    """
    pip puts the files of a version that it replaces into /tmp, if they do not fill a folder, and has no room to copy
    them back.
    """
    everything = found(VENV)
    broken = [each for each in everything if each.is_damaged(since_ns)]
    return remove(broken, everything, (row.path for each in broken for row in list(each.rows())))


def loose_files() -> list[Path]:
    """Those which do not fill a folder: commands, and packages that are one file."""
    return [path for pattern in LOOSE for path in VENV.glob(pattern) if path.is_file() and not path.is_symlink()]


def recorded_before(since_ns: int) -> set[str]:
    """Files of those that were there before, and still are."""
    return {row.path for each in found(VENV) if not each.is_new(since_ns) for row in each.rows()}


def remove(broken: list[Distribution], everything: list[Distribution], suspects: Iterable[str]) -> list[str]:
    """Of the suspects, those that belong to no other distribution."""
    suspects = list(suspects)
    put_aside = list(VENV.glob("lib/python*/site-packages/~*"))
    if not suspects and not put_aside and not broken:
        return []
    kept = {row.path for each in everything if each not in broken for row in each.rows()}
    for path in suspects:
        if not {path, source_of(path)} & kept:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    for folder in (*put_aside, *(each.folder for each in broken)):
        shutil.rmtree(folder, ignore_errors=True)
    remove_empty()
    return sorted({each.name for each in broken})


def written() -> Iterator[str]:
    """Files; links are a person's, or npm's."""
    for pattern in WRITTEN:
        for top in VENV.glob(pattern):
            for folder, _, names in os.walk(top):
                paths = (os.path.join(folder, name) for name in names)
                yield from (path for path in paths if not os.path.islink(path))


def source_of(path: str) -> str:
    try:
        return importlib.util.source_from_cache(path)
    except ValueError:
        return path


def remove_empty() -> None:
    """Folders of packages that are gone. A package with nothing but empty folders is of no use to anybody."""
    for packages in VENV.glob("lib/python*/site-packages"):
        for folder, _, _ in os.walk(packages, topdown=False):
            if folder != str(packages):
                with contextlib.suppress(OSError):  # not empty
                    os.rmdir(folder)


def compile_new(since_ns: int) -> None:
    """What was installed is compiled if at least as much space stays free as that takes."""
    sources = [
        row.path
        for each in found(VENV)
        if each.is_new(since_ns)
        for row in each.rows()
        if row.path.endswith(".py") and not os.path.exists(importlib.util.cache_from_source(row.path))
    ]
    library = "/lib/python{}.{}/".format(*sys.version_info)
    sources = [path for path in sources if library in path and os.path.exists(path)]
    space = os.statvfs(MODEL)
    needed_bytes = sum(-(-os.stat(path).st_size // BLOCK) * BLOCK for path in sources)
    needed_files = len(sources) + len({os.path.dirname(path) for path in sources})
    if 2 * needed_bytes > space.f_bavail * space.f_frsize or 2 * needed_files > space.f_favail:
        return
    if len(sources) > ANNOUNCED_FILES:
        print(f"Compiling {len(sources):,} files, for quick imports. Ctrl-C leaves it out.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        for path in sources:
            compileall.compile_file(path, quiet=2)
