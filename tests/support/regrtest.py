"""CPython's own tests, run with an interpreter that has them, their files in a folder of our choice."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MODULE_SECONDS = 300


@dataclass(frozen=True)
class Outcome:
    passed: frozenset[str]
    failed: frozenset[str]
    skipped: frozenset[str]
    log: str


class Run:
    """One regrtest of these modules with its working folder and all its temporary files in `folder`."""

    def __init__(self, folder: Path, modules: Iterable[str], *, only: Sequence[str] = ()) -> None:
        self._folder = folder
        self._report = folder / "report.xml"
        files = folder / "files"
        files.mkdir(parents=True)
        command = [sys.executable, "-m", "test", f"--tempdir={files}", f"--timeout={MODULE_SECONDS}"]
        chosen = [part for name in only for part in ("-m", name)]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, f"--junit-xml={self._report}", *chosen, *modules],
                cwd=files,
                env=os.environ | {"TMPDIR": str(files)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self, timeout_seconds: float) -> Outcome:
        try:
            self._process.wait(timeout_seconds)
        finally:
            self._process.kill()
            self._process.wait()
        log = (self._folder / "log").read_text(errors="replace")
        assert self._report.exists(), log
        return outcome(self._report, log)


def outcome(report: Path, log: str) -> Outcome:
    found: dict[str, set[str]] = {"passed": set(), "failed": set(), "skipped": set()}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {part.tag for part in case}
        kind = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[kind].add(case.get("name", ""))
    return Outcome(**{kind: frozenset(names) for kind, names in found.items()}, log=log)
