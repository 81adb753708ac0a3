import dataclasses
from pathlib import Path

import pytest

from ide_server import doctor
from ide_server.doctor import Check
from ide_server.settings import Settings

GOOD = Check("runtime", ok=True, found="/usr/sbin/runc", consequence="No sandbox.", remedy="apt-get install runc")
MISSING = dataclasses.replace(GOOD, ok=False, found="no runc")
LACKING = dataclasses.replace(MISSING, required=False)


def test_the_report_says_what_is_missing_what_fails_and_what_mends_it() -> None:
    assert doctor.report([GOOD, MISSING, LACKING]) == (
        "ok       runtime: /usr/sbin/runc\n"
        "MISSING  runtime: no runc\n"
        "         No sandbox. To mend it: apt-get install runc\n"
        "lacking  runtime: no runc\n"
        "         No sandbox. To mend it: apt-get install runc"
    )


def test_only_what_is_required_is_a_failure() -> None:
    assert [doctor.exit_code(found) for found in ([], [GOOD], [LACKING], [GOOD, MISSING])] == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("release", "ok"), [("5.5.0", False), ("5.6", True), ("6.1.0-13-amd64", True), ("4.19", False)]
)
def test_openat2_came_with_linux_5_6(release: str, ok: bool) -> None:
    assert doctor.kernel(release).ok == ok


def test_every_failure_has_a_consequence_and_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_program", lambda name: None)
    monkeypatch.setattr(doctor, "FUSE", tmp_path / "no-fuse")
    monkeypatch.setattr(doctor, "MOUNT_TABLE", tmp_path / "no-mtab")
    checks = {check.name: check for check in doctor.checks(Settings(data_dir=tmp_path, run_dir=tmp_path / "run"))}
    for name in ("FUSE", "mount table", "OCI runtime", "init of sandboxes", "network of sandboxes"):
        assert not checks[name].ok
    assert all(check.consequence and check.remedy for check in checks.values() if not check.ok)
