"""Programs people run, on a real mount."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse

pytestmark = [pytest.mark.fuse, needs_fuse]


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, limit_bytes=64 * MEBIBYTE, limit_files=5000) as mount:
        yield mount
        mount.wait_usage(*fresh_count(mount.backing))


def run(*command: str, cwd: Path) -> str:
    environment = os.environ | {"HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1", "PYTHONDONTWRITEBYTECODE": ""}
    ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="git is missing")
def test_git_commits_clones_and_finds_nothing_wrong(filesystem: MountedFilesystem) -> None:
    source, clone = filesystem.root / "source", filesystem.root / "clone"
    source.mkdir()
    for number in range(100):
        (source / f"file{number}").write_text(f"content {number}\n" * number)
    run("git", "init", "-q", cwd=source)
    run("git", "add", ".", cwd=source)
    author = ("-c", "user.name=Person", "-c", "user.email=person@example.org")
    run("git", *author, "commit", "-q", "-m", "First", cwd=source)
    run("git", "clone", "-q", str(source), str(clone), cwd=filesystem.root)
    run("git", "gc", "-q", cwd=clone)
    assert run("git", "fsck", "--full", cwd=clone) == ""
    assert run("git", "status", "--short", cwd=clone) == ""
    shutil.rmtree(source)
    shutil.rmtree(clone)
    filesystem.wait_usage(0, 0)


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_sqlite_keeps_its_integrity(filesystem: MountedFilesystem, journal: str) -> None:
    path = filesystem.root / "data.db"
    with sqlite3.connect(path, isolation_level=None) as first, sqlite3.connect(path, isolation_level=None) as second:
        assert first.execute(f"pragma journal_mode={journal}").fetchone() == (journal,)
        first.execute("create table t (number integer, content text)")
        for number in range(50):
            writer = (first, second)[number % 2]
            writer.execute("insert into t values (?, ?)", (number, "x" * 1000))
        assert second.execute("select count(*), sum(number) from t").fetchone() == (50, 1225)
        assert first.execute("pragma integrity_check").fetchone() == ("ok",)
    first.close()
    second.close()


def test_sqlite_reports_a_full_disk_and_loses_nothing_committed(tmp_path: Path) -> None:
    with mounted(tmp_path, limit_bytes=MEBIBYTE // 4) as mount:
        connection = sqlite3.connect(mount.root / "data.db", isolation_level=None)
        connection.execute("create table t (content text)")
        committed = 0
        with pytest.raises(sqlite3.OperationalError, match="full"):
            while True:
                connection.execute("insert into t values (?)", ("x" * 3000,))
                committed += 1
        connection.close()
        mount.kill()
        mount.start()
        connection = sqlite3.connect(mount.root / "data.db")
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("select count(*) from t").fetchone() == (committed,)
        connection.close()


def test_a_virtual_environment_is_made_used_and_removed(filesystem: MountedFilesystem) -> None:
    folder = filesystem.root / "environment"
    venv.create(folder, symlinks=True)
    script = "import json, sys; print(sys.prefix)"
    assert run(str(folder / "bin" / "python"), "-c", script, cwd=filesystem.root).strip() == str(folder)
    shutil.rmtree(folder)


def test_an_archive_is_unpacked_with_its_links_and_modes(filesystem: MountedFilesystem, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "folder").mkdir(parents=True)
    (source / "folder" / "program").write_bytes(b"#!/bin/sh\necho ran\n")
    (source / "folder" / "program").chmod(0o755)
    os.link(source / "folder" / "program", source / "hard")
    (source / "soft").symlink_to("folder/program")
    with tarfile.open(tmp_path / "archive.tar", "w") as archive:
        archive.add(source, "source")
    run("tar", "xpf", str(tmp_path / "archive.tar"), cwd=filesystem.root)
    unpacked = filesystem.root / "source"
    assert run(str(unpacked / "soft"), cwd=filesystem.root) == "ran\n"
    assert (unpacked / "hard").stat().st_nlink == 2
    run("cp", "-a", str(unpacked), str(filesystem.root / "copy"), cwd=filesystem.root)
    run("diff", "-r", str(unpacked), str(filesystem.root / "copy"), cwd=filesystem.root)


def test_python_imports_and_caches_bytecode(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "module.py").write_text("value = 1\n")
    script = "import module; print(module.value)"
    assert run(sys.executable, "-c", script, cwd=filesystem.root) == "1\n"
    (filesystem.root / "module.py").write_text("value = 22\n")
    assert run(sys.executable, "-c", script, cwd=filesystem.root) == "22\n"
    assert (filesystem.root / "__pycache__").is_dir()
