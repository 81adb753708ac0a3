"""No container engine runs here, so the Dockerfile is checked by its structure."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
BUILD, RUNTIME = TEXT.split("\nFROM ")[1:] if TEXT.startswith("FROM") else TEXT.split("\nFROM ", 2)[1:]


def packages(stage: str) -> set[str]:
    installed = re.search(r"apt-get install --yes --no-install-recommends\s+(.*?)\s+&&", stage)
    assert installed is not None
    return set(installed[1].split())


def scripted(name: str) -> set[str]:
    """An array of scripts/lib/setup.sh."""
    text = (ROOT / "scripts/lib/setup.sh").read_text()
    found = re.search(rf"^{name}=\((.*?)\)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return set(found[1].split())


def test_the_image_has_what_the_scripts_install_and_no_compiler() -> None:
    assert packages(RUNTIME) == scripted("run_packages") | {"python3"}
    assert packages(BUILD) == scripted("build_packages") | {"ca-certificates"}


def test_both_stages_are_the_same_debian_so_that_what_was_compiled_runs() -> None:
    assert re.findall(r"^FROM (\S+)", "FROM " + BUILD + "\nFROM " + RUNTIME, re.MULTILINE) == ["debian:12-slim"] * 2


def test_python_packages_are_installed_by_hash() -> None:
    assert "--require-hashes --requirement requirements.lock" in BUILD
    assert not re.search(r"pip install(?!.*(--require-hashes|--no-deps))", BUILD)


def test_all_that_is_copied_exists_and_is_not_ignored() -> None:
    sources = [
        source for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.MULTILINE) for source in line.split()[:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    assert [source for source in sources if not (ROOT / source).exists() or source in ignored] == []


def test_the_server_runs_under_an_init_and_is_reached_from_outside() -> None:
    assert 'ENTRYPOINT ["tini", "--", "/opt/slipway/scripts/container"]' in RUNTIME
    assert "SLIPWAY_HOST=0.0.0.0" in RUNTIME


def test_what_git_ignores_is_not_sent_to_the_engine() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    assert {".git", ".venv", "frontend/node_modules", "ide_server/web/static"} <= set(ignored)


def test_the_scripts_are_valid_bash() -> None:
    for script in [*ROOT.glob("scripts/*[!.py]"), ROOT / "scripts/lib/setup.sh", ROOT / ".ci/run"]:
        if script.is_file() and script.suffix != ".py":
            subprocess.run(["bash", "-n", script], check=True)
