"""Snapshots: taken, restored, made into new models, exported and imported."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.server import Server
from tests.support.workbench import Workbench, new_model


def take_snapshot(page: Page, name: str) -> Locator:
    """The list of snapshots, with the new one in it."""
    page.get_by_role("button", name="Snapshots", exact=True).click()
    snapshots = page.get_by_role("dialog", name="Snapshots")
    snapshots.get_by_role("button", name="Take snapshot").click()
    form = page.get_by_role("dialog", name="Take a snapshot")
    form.get_by_label("Name").fill(name)
    form.get_by_role("button", name="Take snapshot").click()
    expect(form).to_have_count(0)
    expect(snapshots.get_by_role("listitem", name=name, exact=True)).to_be_visible()
    return snapshots


def wait_opened(page: Page, name: str) -> Workbench:
    expect(page).to_have_title(f"{name} - Slipway")
    workbench = Workbench(page)
    workbench.wait_ready()
    return workbench


def test_a_snapshot_brings_back_what_there_was_and_keeps_what_there_is(page: Page) -> None:
    workbench = new_model(page, name="Restored", template="Linear regression")
    workbench.write("README.md", "first")
    take_snapshot(page, "good")
    page.keyboard.press("Escape")
    workbench.open("README.md")
    workbench.replace_text("second, and never saved by hand")

    page.get_by_role("button", name="Snapshots", exact=True).click()
    snapshots = page.get_by_role("dialog", name="Snapshots")
    snapshots.get_by_role("button", name="Restore", exact=True).click()
    question = page.get_by_role("dialog", name="Restore good?")
    expect(question).to_contain_text("What there is now is kept first, as the snapshot “Before good”.")
    question.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_text("good is restored.")).to_be_visible()
    expect(workbench.editor).to_have_text("first")

    page.get_by_role("button", name="Snapshots", exact=True).click()
    snapshots.get_by_role("listitem", name="Before good").get_by_role("button", name="Restore").click()
    page.get_by_role("dialog", name="Restore Before good?").get_by_role("button", name="Restore").click()
    expect(workbench.editor).to_have_text("second, and never saved by hand")


def test_a_snapshot_becomes_a_new_model_here_and_from_its_file(page: Page, server: Server, tmp_path: Path) -> None:
    workbench = new_model(page, name="Original", template="Linear regression")
    workbench.write("README.md", "kept")
    snapshots = take_snapshot(page, "whole")
    with page.expect_download() as exported:
        snapshots.get_by_role("link", name="Export whole").click()
    exported.value.save_as(tmp_path / "whole.zip")

    snapshots.get_by_role("button", name="New model").click()
    form = page.get_by_role("dialog", name="New model from whole")
    form.get_by_label("Name").fill("Copied")
    form.get_by_role("button", name="Create model").click()
    copied = wait_opened(page, "Copied")
    copied.open("README.md")
    expect(copied.editor).to_have_text("kept")

    page.goto(server.url)
    page.get_by_role("button", name="Import").click()
    form = page.get_by_role("dialog", name="New model from a snapshot")
    form.get_by_label("File", exact=True).set_input_files(tmp_path / "whole.zip")
    form.get_by_label("Name").fill("Imported")
    form.get_by_role("button", name="Create model").click()
    imported = wait_opened(page, "Imported")
    imported.open("README.md")
    expect(imported.editor).to_have_text("kept")


ANSWERS = "def evaluate(params):\n    return {'answer': '%s ' + open('/model/README.md').read()}\n"


def test_a_snapshot_is_evaluated_as_it_was_taken(page: Page) -> None:
    workbench = new_model(page, name="Frozen", template="Linear regression")
    workbench.write("README.md", "words")
    workbench.write("slipway.toml", '[[evaluate_input]]\nname = "count"\ntypes = ["i64"]\ndefault = 3\n')
    workbench.write("main.py", ANSWERS % "frozen")
    take_snapshot(page, "good")
    page.keyboard.press("Escape")
    workbench.write("main.py", ANSWERS % "changed")
    workbench.write("slipway.toml", "")

    page.get_by_role("button", name="Snapshots", exact=True).click()
    page.get_by_role("listitem", name="good").get_by_role("button", name="Evaluate").click()
    form = page.get_by_role("dialog", name="Evaluate good")
    expect(form.get_by_label("count", exact=True)).to_have_value("3")
    form.get_by_label("count", exact=True).fill("")
    form.get_by_role("button", name="Evaluate").click()
    expect(form.get_by_label("count", exact=True)).to_have_attribute("aria-invalid", "true")
    form.get_by_label("count", exact=True).fill("4")
    form.get_by_role("button", name="Evaluate").click()
    expect(form).to_have_count(0)
    workbench.wait_ended("Evaluate", "succeeded")
    expect(workbench.run_panel).to_contain_text("Of the snapshot good")
    expect(workbench.run_panel).to_contain_text("frozen words")
    workbench.start("Evaluate")
    expect(workbench.run_panel).to_contain_text("changed words")
