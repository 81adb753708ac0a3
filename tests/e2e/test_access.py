"""The page without a mouse, and to those who hear it: axe finds nothing serious, and a first run needs only keys."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.server import Server
from tests.support.workbench import SECONDS, SignIn, Workbench, new_model, wait_until

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
REPORTED = {"serious", "critical"}
FOCUS_IS_SEEN = """() => {
  const at = document.activeElement;
  const style = (part) => getComputedStyle(at, part);
  const filled = style('::after').backgroundColor !== 'rgba(0, 0, 0, 0)';
  const outlined = [style(), style('::after')].some(({ outlineStyle }) => outlineStyle !== 'none');
  return filled || outlined || at.classList.contains('cm-content');
}"""
SHOWING = """
def createModelState(params): return b"0"
def evaluate(params):
    print("hello")
    matrix = [[row * column for column in range(12)] for row in range(12)]
    shown = {"matrix": matrix, "cube": [matrix, matrix], "json": '{"a": [1]}', "bytes": b"\\0\\1", "truth": True}
    return {"y": [float(number) for number in range(20)], **shown}
def train(params, tracker):
    for step in range(20):
        tracker.metrics({"loss": 1 / (step + 1), "weights": [[step, 1], [2, 3]]})
def getModelState(): return b"1"
"""
ENDLESS = "def evaluate(params):\n    while True: pass\n"


@pytest.fixture(params=["light", "dark"])
def checked_page(request: pytest.FixtureRequest, browser: Browser, signed_in: SignIn) -> Iterator[Page]:
    """In one of the themes, and without the policy that keeps axe out."""
    scheme: Literal["light", "dark"] = request.param
    context = browser.new_context(
        bypass_csp=True, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    signed_in(page)
    yield page
    context.close()


def problems(page: Page, where: str, *, rules: list[str] | None = None) -> list[str]:
    """What axe reports, by these rules or by all of them, as lines that name the place."""
    if page.evaluate("typeof axe") == "undefined":
        page.add_script_tag(path=AXE)
    # A label that is not what one sees is no name to speak to the computer by; axe calls the rule experimental.
    options = {"runOnly": rules} if rules else {"rules": {"label-content-name-mismatch": {"enabled": True}}}
    found: list[dict[str, Any]] = page.evaluate(
        "async (options) => (await axe.run(document, options)).violations", options
    )
    return [
        f"{where}: {violation['id']}: {node['html'][:160]} {node['target']} {node['failureSummary'][:300]}"
        for violation in found
        if violation["impact"] in REPORTED
        for node in violation["nodes"]
    ]


def test_axe_finds_nothing_serious_in_results_metrics_and_parameters(checked_page: Page) -> None:
    page = checked_page
    workbench = new_model(page, name="Shown", template="Linear regression")
    workbench.write("main.py", SHOWING)
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    expect(workbench.run_panel.get_by_role("region", name="Output truth")).to_be_visible()
    found = problems(page, "results")
    for _ in range(2):
        workbench.start("Train")
        workbench.wait_ended("Train", "succeeded")
    workbench.run_panel.get_by_text("Compare with other trainings").click()
    workbench.run_panel.locator(".offers").get_by_role("checkbox").check()
    expect(workbench.run_panel.locator(".u-over").first).to_be_visible()
    found += problems(page, "metrics")
    page.get_by_role("navigation", name="Panels").get_by_role("button", name="Parameters").click()
    expect(page.get_by_role("dialog", name="Parameters").get_by_label("Name", exact=True)).to_be_visible()
    found += problems(page, "parameters")
    assert found == []


def test_axe_finds_nothing_serious_in_datasets(checked_page: Page, server: Server) -> None:
    page, name = checked_page, f"Seen {time.time()}"
    with server.client() as client:
        csv = b"x,word\n1,a\n2,b\n"
        query = {"name": name, "format": "csv"}
        client.post("/api/v1/datasets/upload", params=query, content=csv).raise_for_status()
    new_model(page, name="Beside it", template="Linear regression")
    page.get_by_role("button", name="Datasets", exact=True).click()
    page.get_by_role("button", name=f"Details of {name}").click()
    expect(page.get_by_role("region", name=f"Entries of {name}").get_by_role("row")).to_have_count(3)
    found = problems(page, "datasets")
    page.get_by_role("button", name="Upload dataset").click()
    page.get_by_label("an array of numpy").check()
    found += problems(page, "upload a dataset")
    assert found == []


def test_axe_finds_nothing_serious(checked_page: Page) -> None:
    page = checked_page
    found = problems(page, "models")
    page.get_by_role("button", name="New model").first.click()
    found += problems(page, "new model")
    page.keyboard.press("Escape")

    workbench = new_model(page, name="Checked", template="Linear regression")
    found += problems(page, "first opening")
    workbench.start("Train")
    workbench.wait_ended("Train", "succeeded")
    expect(workbench.run_panel.locator(".u-over").first).to_be_visible()
    page.get_by_text("History").click()
    found += problems(page, "trained")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    expect(workbench.run_panel.get_by_role("table")).to_be_visible()
    found += problems(page, "evaluated")
    workbench.run_panel.get_by_role("button", name="What to run").click()
    found += problems(page, "what to run")
    page.keyboard.press("Escape")

    for key, where in (("F1", "commands"), ("Control+p", "files")):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        found += problems(page, where)
        page.keyboard.press("Escape")
    found += problems_of_settings(workbench)
    found += problems_of_lists(page)
    workbench.file("README.md").click(button="right")
    found += problems(page, "menu of a file")
    page.get_by_role("menuitem", name="Delete").click()
    found += problems(page, "delete")
    page.keyboard.press("Escape")
    workbench.write("main.py", "def evaluate(params):\n    raise ValueError('here')\n")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "failed")
    found += problems(page, "failed")
    page.set_viewport_size({"width": 390, "height": 800})
    found += problems(page, "narrow")
    page.goto("/".join(page.url.split("/")[:3]))
    page.get_by_role("button", name="Actions for Checked").first.click()
    page.get_by_role("menuitem", name="Rename").click()
    found += problems(page, "rename")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="API tokens").click()
    page.get_by_role("button", name="New token").click()
    found += problems(page, "a new token")
    assert not found, "\n".join(found)


def problems_of_settings(workbench: Workbench) -> list[str]:
    settings, found = workbench.settings, []
    settings.open("General")
    for section in ("General", "Environment", "Variables", "Launchers", "Filesystem"):
        settings.show(section)
        found += problems(settings.page, f"settings, {section}")
    settings.show("Variables")
    settings.press("Add variable")
    found += problems(settings.page, "settings, a new variable")
    settings.press("Cancel")
    settings.show("Environment")
    expect(settings.versions("Node")).to_be_enabled(timeout=30 * SECONDS)
    found += problems(settings.page, "settings, the versions")
    settings.close()
    return found


def problems_of_lists(page: Page) -> list[str]:
    found = []
    page.get_by_role("button", name="States", exact=True).click()
    page.get_by_role("button", name=re.compile("Details of")).last.click()
    found += problems(page, "states")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Snapshots", exact=True).click()
    page.get_by_role("button", name="Take snapshot").click()
    found += problems(page, "a snapshot")
    page.get_by_role("dialog", name="Take a snapshot").get_by_role("button", name="Take snapshot").click()
    expect(page.get_by_role("listitem", name=re.compile("20"))).to_be_visible()
    found += problems(page, "snapshots")
    page.keyboard.press("Escape")
    return found + problems_of_launchers(page)


def problems_of_launchers(page: Page) -> list[str]:
    page.get_by_role("button", name="Launchers", exact=True).click()
    page.get_by_role("button", name="New persistent launcher").click()
    form = page.get_by_role("dialog", name="New persistent launcher")
    form.get_by_label("Name").fill("checked")
    form.get_by_label("GPUs").fill("1")
    found = problems(page, "a persistent launcher")
    form.get_by_label("GPUs").fill("")
    form.get_by_role("button", name="Make launcher").click()
    launcher = page.get_by_role("dialog", name="Launchers").get_by_role("listitem", name="checked")
    launcher.get_by_role("button", name="Details of checked").click()
    expect(launcher.locator(".u-over").first).to_be_visible()
    found += problems(page, "launchers")
    page.keyboard.press("Escape")
    return found


def focused(page: Page) -> str:
    """What has the focus, as its label or text; '' where it was lost."""
    return str(
        page.evaluate(
            "() => { const at = document.activeElement; return at === document.body || !at.checkVisibility() ? '' :"
            " at.ariaLabel || at.labels?.[0]?.innerText || at.innerText }"
        )
    )


def wait_focused(page: Page, name: str) -> None:
    wait_until(page, lambda: focused(page) == name, what=f"the focus is on {name}")


def test_a_first_run_needs_no_mouse(page: Page) -> None:
    keyboard = page.keyboard
    page.get_by_role("button", name="New model").first.focus()
    keyboard.press("Enter")
    wait_focused(page, "Name")
    keyboard.type("By key")
    keyboard.press("Enter")
    workbench = Workbench(page)
    workbench.wait_ready()

    expect(workbench.editor).to_be_focused()
    keyboard.press("Control+a")
    keyboard.press("Delete")
    keyboard.insert_text(ENDLESS)
    keyboard.press("Control+s")
    workbench.wait_saved("main.py")
    announced = page.locator("[aria-live=polite]").last
    expect(announced).to_have_text("main.py saved.")

    keyboard.press("F5")
    expect(announced).to_have_text("Evaluate has started.")
    expect(workbench.run_panel.get_by_label("Evaluate, running")).to_be_visible()
    expect(workbench.editor).to_be_focused()
    keyboard.press("Shift+F5")
    workbench.wait_ended("Evaluate", "Stopped")
    expect(announced).to_have_text(re.compile("Evaluate: Stopped"))

    keyboard.press("Control+`")
    wait_focused(page, "Terminal input")
    keyboard.type("echo by-$((1+1))\n")
    workbench.terminal.wait_for("by-2")
    for _ in range(4):
        before = focused(page)
        keyboard.press("F6")
        wait_until(page, lambda: focused(page) not in ("", before), what="F6 moves the focus on")  # noqa: B023  # called at once
    wait_focused(page, "Terminal input")
    keyboard.press("Control+`")
    expect(workbench.editor).to_be_focused()

    keyboard.press("Control+Shift+,")
    wait_focused(page, "Name")
    for key, name in (("Shift+Tab", "General"), ("ArrowUp", "Filesystem"), ("Tab", "Size in MiB")):
        keyboard.press(key)
        wait_focused(page, name)
    keyboard.type("64")
    keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(workbench.status_bar).to_contain_text("64 MiB")
    expect(workbench.editor).to_be_focused()


def test_every_stop_of_the_tab_key_is_seen(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")  # colours are there at once
    new_model(page, name="Tabbed", template="Linear regression")
    page.get_by_role("link", name="Slipway").focus()
    seen: set[str] = set()
    for _ in range(40):
        page.keyboard.press("Escape")  # after it, Tab leaves the editor instead of indenting
        page.keyboard.press("Tab")
        if focused(page) == "Terminal input":
            break
        page.wait_for_function(FOCUS_IS_SEEN)
        seen.add(focused(page))
    assert focused(page) == "Terminal input"
    assert {"Go to file", "New file", "Files", "New terminal"} <= {name.split("\n")[0] for name in seen}
