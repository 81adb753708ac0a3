"""Model settings: another Python, packages by choice, what a person's own packages then need, variables, the size."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.packages import make_wheel
from tests.support.server import Server
from tests.support.workbench import SECONDS, Workbench, new_model

pytestmark = [pytest.mark.network, pytest.mark.timeout(400)]

BUILD_SECONDS = 200
TORCH = "2.13.0"
OFFERED = """
[python]
fetch = false
[node]
majors = [24]
[packages.gear]
description = "Wheels that turn wheels"
distributions = ["slipway-gear"]
[packages.axle]
description = "What turns wheels of the first kind"
distributions = ["slipway-axle"]
[packages.torch]
description = "PyTorch: tensors and neural networks"
distributions = ["torch"]
"""
PRINTS_VERSIONS = """
import importlib.metadata, platform

def evaluate(params):
    print("Python", platform.python_version(), "with", importlib.metadata.version("{distribution}"))
    return {{"y": [0.0]}}
"""
SECRET = "correct-horse-battery"
TELLS_SECRET = """
import os

def evaluate(params):
    print("the secret is", os.environ["TOKEN"], "at", os.environ["ADDRESS"])
    return {"y": [0.0]}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Offers small packages of a folder, beside what the configured registries have."""
    registry = tmp_path_factory.mktemp("registry")
    make_wheel(registry, "slipway_gear", "1.0")
    make_wheel(registry, "slipway_gear", "2.0")
    make_wheel(registry, "slipway_axle", "1.0", needs=("slipway-gear<2",))
    server = Server(tmp_path_factory.mktemp("server"))
    server.data_dir.mkdir(mode=0o700)
    # Its own, so that what is chosen here is not built yet; other servers of the tests share theirs.
    (server.data_dir / "environments").symlink_to(tmp_path_factory.mktemp("environments"))
    (server.data_dir / "environments.toml").write_text(OFFERED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_FIND_LINKS", f"{os.environ.get('PIP_FIND_LINKS', '')} {registry}".strip())
        with server:
            yield server


@pytest.fixture(scope="module")
def other_python(server: Server) -> str:
    """The newest that needs no fetching and is not the one that models have at first."""
    with server.client() as client:
        offers = client.get("/api/v1/environments/offers").raise_for_status().json()
    ready: list[str] = [offer["version"] for offer in offers["pythons"] if offer["ready"]]
    others = [version for version in ready if version != offers["default"]["python"]]
    return others[0] if others else pytest.skip("this machine has one Python that can be chosen")


def own_python(workbench: Workbench) -> str:
    found = re.search(r"Python (\d\.\d+)", workbench.environment.inner_text())
    assert found is not None
    return found[1]


def wait_built(workbench: Workbench, choice: str) -> None:
    expect(workbench.settings.dialog).to_contain_text(f"{choice} is in use.", timeout=BUILD_SECONDS * SECONDS)


def wait_restarted(workbench: Workbench) -> None:
    expect(workbench.terminal.rows).not_to_contain_text(re.compile(r"\w"), timeout=30 * SECONDS)
    workbench.wait_ready()


def notice(page: Page, words: str) -> Locator:
    return page.get_by_role("status").filter(has_text=words)


def test_another_python_and_a_package_are_chosen_and_a_run_has_both(page: Page, other_python: str) -> None:
    workbench = new_model(page, name="Chosen", template="Linear regression")
    settings, terminal = workbench.settings, workbench.terminal
    old = own_python(workbench)
    terminal.run("pip install six", "Successfully installed six")

    settings.open("Environment")
    settings.choose("Python", other_python)
    settings.choose("gear", "2.0")
    expect(settings.dialog).to_contain_text(f"Python {old} → {other_python}, gear 2.0 added.")
    settings.press("Apply")
    expect(settings.build.get_by_role("progressbar")).to_be_visible()
    wait_built(workbench, f"Python {other_python} · Node 24 · gear 2.0")
    expect(settings.dialog).to_contain_text(f"1 package of Python {old} is missing under {other_python}")
    settings.close()
    expect(workbench.environment).to_contain_text(f"Python {other_python} · Node 24")

    expect(notice(page, f"previous environment (Python {old})")).to_be_visible()
    terminal.run("python --version", f"Python {re.escape(old)}")
    page.get_by_role("button", name="Restart terminal").click()
    expect(notice(page, "previous environment")).to_have_count(0)
    wait_restarted(workbench)
    terminal.run("python --version", f"Python {re.escape(other_python)}")

    page.get_by_role("button", name="Reinstall packages").click()
    terminal.wait_for("Successfully installed six", seconds=60)
    expect(notice(page, "missing under")).to_have_count(0)

    workbench.write("main.py", PRINTS_VERSIONS.format(distribution="slipway-gear"))
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    expect(workbench.run_panel).to_contain_text(re.compile(rf"Python {re.escape(other_python)}\.\d+ with 2\.0"))


def test_a_combination_that_does_not_exist_is_refused_with_what_does(page: Page) -> None:
    workbench = new_model(page, name="Refused", template="Linear regression")
    settings = workbench.settings
    settings.open("Environment")
    settings.choose("gear", "2.0")
    settings.choose("axle", "1.0")
    settings.press("Apply")
    expect(settings.dialog).to_contain_text("Also available: 1.0", timeout=60 * SECONDS)
    expect(settings.build).to_have_count(0)
    settings.press("1.0")
    expect(settings.versions("gear")).to_have_value("1.0")
    settings.press("Apply")
    wait_built(workbench, f"Python {own_python(workbench)} · Node 24 · axle 1.0 · gear 1.0")


def test_a_build_is_seen_after_a_reload_and_can_be_cancelled(page: Page, torch_python: str) -> None:
    workbench = new_model(page, name="Cancelled", template="Linear regression")
    settings = workbench.settings
    before = workbench.environment.inner_text()
    settings.open("Environment")
    settings.choose("Python", torch_python)
    settings.choose("torch", TORCH)
    settings.press("Apply")
    expect(settings.build).to_contain_text(f"torch {TORCH}", timeout=60 * SECONDS)
    page.reload()
    expect(workbench.environment).to_contain_text("Building environment")
    workbench.environment.click()
    settings.press("Cancel build")
    expect(settings.dialog).to_contain_text("was cancelled", timeout=30 * SECONDS)
    expect(workbench.environment).to_have_text(before, use_inner_text=True)


@pytest.fixture(scope="module")
def torch_python() -> str:
    """The Python of the wheel among the find-links: registries have the build for graphics cards, gigabytes of it."""
    folders = map(Path, os.environ.get("PIP_FIND_LINKS", "").split())
    wheels = [wheel.name for folder in folders for wheel in folder.glob(f"torch-{TORCH}*.whl")]
    found = [re.search(r"-cp3(\d+)-cp3", wheel) for wheel in wheels]
    pythons = [f"3.{match[1]}" for match in found if match is not None]
    return pythons[0] if pythons else pytest.skip(f"PIP_FIND_LINKS has no wheel of torch {TORCH}")


@pytest.mark.heavy
def test_torch_is_chosen_and_a_run_imports_it(page: Page, torch_python: str) -> None:
    workbench = new_model(page, name="Torch", template="Linear regression")
    settings = workbench.settings
    settings.open("Environment")
    settings.choose("Python", torch_python)
    settings.choose("torch", TORCH)
    settings.press("Apply")
    wait_built(workbench, f"Python {torch_python} · Node 24 · torch {TORCH}")
    settings.close()
    workbench.write("main.py", f"import torch\n{PRINTS_VERSIONS.format(distribution='torch')}")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded", seconds=90)
    expect(workbench.run_panel).to_contain_text(f"with {TORCH}")


def test_what_a_file_asks_for_is_offered_until_it_is_installed_or_dismissed(page: Page) -> None:
    workbench = new_model(page, name="Dependent", template="Linear regression")
    asks = notice(page, "requirements.txt asks for what is not installed")
    workbench.terminal.run("echo six > requirements.txt", r"\$")
    expect(asks).to_be_visible(timeout=30 * SECONDS)
    page.get_by_role("button", name="Install dependencies").click()
    expect(asks).to_have_count(0)
    workbench.terminal.wait_for("Successfully installed six", seconds=60)

    workbench.terminal.run("echo slipway-none >> requirements.txt", r"\$")
    expect(asks).to_be_visible(timeout=30 * SECONDS)
    asks.get_by_role("button", name="Hide this notice").click()
    page.reload()
    workbench.wait_ready()
    workbench.settings.open("Environment")
    expect(workbench.settings.dialog).to_contain_text("requirements.txt asks for what is not installed")
    expect(asks).to_have_count(0)


def test_variables_reach_new_terminals_and_runs_and_a_secret_is_never_shown_again(page: Page) -> None:
    workbench = new_model(page, name="Variables", template="Linear regression")
    settings, terminal = workbench.settings, workbench.terminal
    terminal.run("echo busy-$((1+1)); sleep 1000", "busy-2")
    settings.open("Variables")
    settings.press("Add variable")
    form = settings.dialog.get_by_role("form", name="New variable")
    form.get_by_label("Name").fill("PATH")
    form.get_by_role("button", name="Add").click()
    expect(form.get_by_label("Name")).to_have_accessible_description(re.compile("The name PATH cannot be used"))
    form.get_by_role("button", name="Cancel").click()
    add_variable(settings.dialog, "ADDRESS", "https://example.org")
    add_variable(settings.dialog, "TOKEN", SECRET, secret=True)
    expect(settings.dialog.get_by_role("listitem").filter(has_text="TOKEN")).to_contain_text("Secret")
    assert SECRET not in page.content()
    settings.close()

    expect(notice(page, "previous variables or mounted models")).to_be_visible()
    page.get_by_role("button", name="Restart terminal").click()
    page.get_by_role("dialog", name="Restart Terminal 1?").get_by_role("button", name="Restart terminal").click()
    wait_restarted(workbench)
    terminal.run("echo at $ADDRESS with $TOKEN", f"at https://example.org with {SECRET}")

    workbench.write("main.py", TELLS_SECRET)
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    expect(workbench.run_panel).to_contain_text("the secret is *** at https://example.org")

    settings.open("Variables")
    settings.press("Change TOKEN")
    expect(settings.dialog.get_by_label("New value")).to_have_value("")
    settings.dialog.get_by_label("New value").fill("abc")
    settings.press("Save")
    expect(settings.dialog).to_contain_text("at least 4 characters")
    settings.press("Cancel")
    settings.press("Delete TOKEN")
    page.get_by_role("dialog", name="Delete TOKEN?").get_by_role("button", name="Delete").click()
    expect(settings.dialog.get_by_role("listitem").filter(has_text="TOKEN")).to_have_count(0)


def add_variable(dialog: Locator, name: str, value: str, *, secret: bool = False) -> None:
    dialog.get_by_role("button", name="Add variable").click()
    form = dialog.get_by_role("form", name="New variable")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Value").fill(value)
    form.get_by_role("switch", name="Secret").set_checked(secret)
    form.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("listitem").filter(has_text=name)).to_be_visible()


def test_a_limit_below_the_use_is_refused_unless_nothing_shall_grow_until_below(page: Page) -> None:
    workbench = new_model(page, name="Lowered", template="Linear regression")
    settings, terminal = workbench.settings, workbench.terminal
    terminal.run("head -c 8M /dev/zero > big; echo made-$((1+1))", "made-2")
    settings.open("Filesystem")
    settings.dialog.get_by_label("Size in MiB").fill("4")
    expect(settings.dialog).to_contain_text("That is less than the model holds")
    save = settings.dialog.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    settings.dialog.get_by_label("Make it read-only until enough is deleted").check()
    save.click()
    expect(settings.dialog).to_have_count(0)
    terminal.run("echo more > new", "No space left on device")
    terminal.run("rm big; echo room > new && echo room-$((1+1))", "room-2")


def test_a_program_without_room_is_told_of_with_the_largest_folders(page: Page) -> None:
    workbench = new_model(page, name="Full", template="Linear regression")
    command = "mkdir data; head -c 20M /dev/zero > data/a; head -c 20M /dev/zero > data/b"
    workbench.terminal.run(command, "No space left on device")
    expect(notice(page, "The filesystem is full.")).to_contain_text("Largest folders: data (32 MiB)")
    workbench.terminal.run("rm data/b; echo room-$((1+1))", "room-2")
    expect(notice(page, "The filesystem is full.")).to_have_count(0)

    # As pip does: what did not fit is gone by the time that it is looked for.
    workbench.terminal.run("head -c 20M /dev/zero > data/b; rm data/b", "No space left on device")
    told = page.get_by_label("Notifications")
    expect(told).to_contain_text("A program in Terminal 1 found no space left.")
    expect(told).to_contain_text("data (20 MiB)")
    told.get_by_role("button", name="Raise limit").click()
    expect(workbench.settings.dialog.get_by_label("Size in MiB")).to_be_focused()
