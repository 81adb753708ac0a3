"""What runs are launched with, the launchers there are, what they use, and the queue."""

import os
import re
import signal

from playwright.sync_api import Locator, Page, expect

from tests.support.server import Server, children_of, command_of
from tests.support.workbench import Workbench, new_model

RUNNER = "/opt/slipway/runner/python/__main__.py"


def open_launchers(workbench: Workbench) -> Locator:
    workbench.page.get_by_role("navigation", name="Panels").get_by_role("button", name="Launchers").click()
    dialog = workbench.page.get_by_role("dialog", name="Launchers")
    expect(dialog).to_be_visible()
    return dialog


def chart(inside: Locator, name: str) -> Locator:
    return inside.get_by_role("figure", name=f"{name} used")


def start(page: Page, launcher: str) -> None:
    """An evaluate on the persistent launcher of this name, as a program would."""
    script = """async (name) => {
      const model = '/api/v1' + location.pathname;
      const launchers = await (await fetch(model + '/launchers')).json();
      const launcher_id = launchers.find((each) => each.name === name).id;
      const body = JSON.stringify({ kind: 'evaluate', launcher_id });
      return (await fetch(model + '/operations', { method: 'POST', body })).status;
    }"""
    assert page.evaluate(script, launcher) == 202


def runners(server: Server) -> set[int]:
    """Processes of launchers, of all models."""
    host = server.child("host")
    assert host is not None
    return {pid for pid in children_of(host) if RUNNER in command_of(pid)}


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


def test_a_run_leaves_a_warm_launcher_of_the_models_spec_which_can_be_stopped(page: Page) -> None:
    workbench = new_model(page, name="Warm", template="Linear regression")
    workbench.settings.open("Launchers")
    workbench.settings.dialog.get_by_label("CPUs of Evaluate").fill("0.5")
    workbench.settings.dialog.get_by_label("Memory of Evaluate").fill("300")
    workbench.settings.dialog.get_by_label("Kept for of Evaluate").fill("3600")
    workbench.settings.press("Save")
    expect(workbench.settings.dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    workbench.settings.close()
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")

    launchers = open_launchers(workbench)
    warm = launchers.get_by_role("listitem")
    expect(warm).to_contain_text("Warm")
    expect(warm).to_contain_text(
        re.compile(r"instantiated · 0\.5 CPUs, 300 MiB · started .* · 1 run · ends in 5\d:\d\d")
    )
    launchers.get_by_label("All of the server").check()
    expect(warm.filter(has_text="Warm · state")).to_have_count(1)
    launchers.get_by_label("All of the server").uncheck()
    warm.get_by_role("button", name=re.compile("^Stop")).click()
    expect(warm).to_have_count(0)
    expect(launchers).to_contain_text("Nothing runs or waits now.")


def test_a_persistent_launcher_serves_runs_is_started_again_when_it_dies_and_is_changed_and_removed(
    page: Page, server: Server
) -> None:
    workbench = new_model(page, name="Persistent", template="Linear regression")
    launchers = open_launchers(workbench)
    launchers.get_by_role("button", name="New persistent launcher").click()
    form = page.get_by_role("dialog", name="New persistent launcher")
    form.get_by_label("Name").fill("serving")
    form.get_by_label("Code loaded").check()
    form.get_by_label("GPUs").fill("1")
    form.get_by_role("button", name="Make launcher").click()
    expect(form.get_by_label("GPUs")).to_be_focused()
    expect(form.get_by_label("GPUs")).to_have_accessible_description("This server has no GPUs. Leave it empty.")
    form.get_by_label("GPUs").fill("")
    before = runners(server)
    form.get_by_role("button", name="Make launcher").click()
    serving = launchers.get_by_role("listitem", name="serving")
    expect(serving).to_contain_text("Ready")
    expect(serving).to_contain_text("code loaded")

    for runner in runners(server) - before:
        os.kill(runner, signal.SIGKILL)
    expect(serving).to_contain_text("started again once")
    expect(serving).to_contain_text("Ready")

    page.keyboard.press("Escape")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    open_launchers(workbench)
    expect(launchers.get_by_role("listitem")).to_have_count(1)
    expect(serving).to_contain_text("1 run")

    serving.get_by_role("button", name="Change serving").click()
    changing = page.get_by_role("dialog", name="Change serving")
    changing.get_by_label("Name").fill("serving more")
    changing.get_by_label("Memory").fill("256")
    changing.get_by_role("button", name="Save", exact=True).click()
    changed = launchers.get_by_role("listitem", name="serving more")
    expect(changed).to_contain_text("256 MiB")
    expect(changed).to_contain_text("Ready")
    changed.get_by_role("button", name="Remove serving more").click()
    page.get_by_role("button", name="Remove launcher").click()
    expect(launchers.get_by_role("listitem")).to_have_count(0)


def test_the_run_that_a_launcher_works_on_is_shown_from_it(page: Page) -> None:
    workbench = new_model(page, name="Works", template="Linear regression")
    workbench.write("main.py", "def evaluate(params):\n    print('looping', flush=True)\n    while True: pass\n")
    workbench.start("Evaluate")
    expect(workbench.run_panel).to_contain_text("looping")
    page.get_by_role("navigation", name="Panels").get_by_role("button", name="Run").click()
    expect(workbench.run_panel).to_be_hidden()
    launchers = open_launchers(workbench)
    working = launchers.get_by_role("listitem")
    expect(working).to_contain_text("Working")
    working.get_by_role("button", name=re.compile("^Show the run")).click()
    expect(launchers).to_have_count(0)
    expect(workbench.run_panel.get_by_label("Evaluate, running")).to_be_visible()
    workbench.run_panel.get_by_role("button", name=re.compile("Stop")).first.click()
    workbench.wait_ended("Evaluate", "Stopped")


def test_what_a_launcher_uses_is_charted_while_it_runs_and_kept_with_its_operation(page: Page) -> None:
    workbench = new_model(page, name="Used", template="Linear regression")
    workbench.settings.open("Launchers")
    workbench.settings.dialog.get_by_label("CPUs of Evaluate").fill("0.5")
    workbench.settings.dialog.get_by_label("Memory of Evaluate").fill("300")
    workbench.settings.press("Save")
    expect(workbench.settings.dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    workbench.settings.close()
    workbench.write(
        "main.py",
        "import os, time\n\ndef evaluate(params):\n    held = b'x' * 100_000_000\n"
        "    while not os.path.exists('go'):\n        time.sleep(0.05)\n    return {'y': [1.0]}\n",
    )
    workbench.start("Evaluate")
    launchers = open_launchers(workbench)
    working = launchers.get_by_role("listitem")
    working.get_by_role("button", name=re.compile("^Details")).click()
    expect(chart(working, "CPUs")).to_contain_text(re.compile(r"\d of 0\.5 · most \d"))
    expect(chart(working, "Memory")).to_contain_text(re.compile(r"1\d\d(\.\d)? MiB of 300 MiB · most 1\d\d"))
    expect(chart(working, "Memory").locator(".u-over")).to_be_visible()
    page.keyboard.press("Escape")

    workbench.terminal.type("touch go\n")
    workbench.wait_ended("Evaluate", "succeeded")
    workbench.run_panel.get_by_text("Resources").click()
    expect(chart(workbench.run_panel, "Memory")).to_contain_text(re.compile(r"of 300 MiB · most 1\d\d"))
    chart(workbench.run_panel, "Memory").get_by_role("application").press("Home")
    expect(chart(workbench.run_panel, "/tmp")).to_contain_text("MiB of 300 MiB")


def test_operations_that_wait_say_how_many_are_before_them_and_can_be_stopped(page: Page) -> None:
    workbench = new_model(page, name="Queue", template="Linear regression")
    workbench.write("main.py", "def evaluate(params):\n    while True: pass\n")
    launchers = open_launchers(workbench)
    launchers.get_by_role("button", name="New persistent launcher").click()
    page.get_by_label("Name").fill("one")
    page.get_by_label("Process started").check()
    page.get_by_role("button", name="Make launcher").click()
    one = launchers.get_by_role("listitem", name="one")
    expect(one).to_contain_text("Ready")
    page.keyboard.press("Escape")

    for _ in range(3):
        start(page, "one")
    workbench.run_panel.get_by_text("History").click()
    rows = workbench.run_panel.get_by_role("list", name="Operations").get_by_role("listitem")
    expect(rows.nth(2)).to_contain_text("Running")
    expect(rows.nth(1)).to_contain_text("next")
    expect(rows.nth(0)).to_contain_text("1 before it")
    shown = workbench.run_panel.get_by_role("article")
    expect(shown).to_contain_text("1 before it")

    rows.nth(1).get_by_role("button", name=re.compile("^Evaluate")).click()
    expect(shown).to_contain_text("next")
    shown.get_by_role("button", name="Stop", exact=True).click()
    expect(rows.nth(1)).to_contain_text("Stopped")
    expect(rows.nth(0)).to_contain_text("next")
    rows.nth(0).get_by_role("button", name=re.compile("^Evaluate")).click()
    shown.get_by_role("button", name="Stop", exact=True).click()
    expect(rows.nth(0)).to_contain_text("Stopped")
    workbench.run_panel.get_by_role("button", name=re.compile("^Stop")).click()
    expect(rows.nth(2)).to_contain_text("Stopped")
