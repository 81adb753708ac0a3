"""What runs are launched with, the launchers there are, what they use, and the queue."""

import re

from playwright.sync_api import Page, expect

from tests.support.workbench import new_model


def test_what_runs_are_launched_with_is_chosen_and_what_is_too_much_is_refused_beside_its_field(page: Page) -> None:
    workbench = new_model(page, name="Specs", template="Linear regression")
    workbench.settings.open("Launchers")
    settings = workbench.settings.dialog
    cpus = settings.get_by_label("CPUs of Evaluate")
    cpus.fill("1000")
    workbench.settings.press("Save")
    expect(cpus).to_be_focused()
    expect(cpus).to_have_accessible_description(re.compile(r"^Expected 0\.125 to \S+, got 1000\.$"))
    cpus.fill("0.5")
    settings.get_by_label("Memory of Evaluate").fill("300")
    settings.get_by_label("Longest time of Evaluate").fill("20")
    workbench.settings.press("Save")
    expect(settings.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    page.reload()
    workbench.settings.open("Launchers")
    expect(cpus).to_have_value("0.5")
    expect(settings.get_by_label("Memory of Evaluate")).to_have_value("300")
    expect(settings.get_by_label("Memory of Train")).to_have_value("")
    workbench.settings.press("As the server has it")
    workbench.settings.press("Save")
    expect(cpus).to_have_value("")
