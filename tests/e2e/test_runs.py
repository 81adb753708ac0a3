"""Evaluate and train with one click, and every way in which they end."""

import re

from playwright.sync_api import Page, expect

from tests.support.workbench import new_model

ENDINGS = {
    "exception": ("def evaluate(params):\n    return 1 / 0\n", "ZeroDivisionError"),
    "syntax": ("def evaluate(params:\n", "SyntaxError"),
    "exit": ("import os\ndef evaluate(params):\n    os._exit(7)\n", "7"),
    "memory": ("def evaluate(params):\n    x = []\n    while True: x.append(bytearray(50_000_000))\n", "memory"),
    "output": ("def evaluate(params):\n    return {'y': object()}\n", "object"),
}


def test_evaluate_shows_result_log_and_durations(page: Page) -> None:
    workbench = new_model(page, name="Evaluated", template="Linear regression")
    workbench.write(
        "main.py",
        "import sys\ndef evaluate(params):\n    print('to stdout')\n    print('to stderr', file=sys.stderr)\n"
        "    return {'y': [v * 2 for v in params['x']], 'words': 'hello there'}\n",
    )
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    for shown in ("hello there", "to stdout", "to stderr", "Load code"):
        expect(workbench.run_panel).to_contain_text(shown)


def test_an_image_is_shown_as_an_image(page: Page) -> None:
    workbench = new_model(page, name="Picture", template="Image")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    image = workbench.run_panel.locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1


def test_a_node_model_evaluates_and_trains(page: Page) -> None:
    workbench = new_model(page, name="In JavaScript", template="Node")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    workbench.start("Train")
    workbench.wait_ended("Train", "succeeded")


def test_every_bad_ending_is_named(page: Page) -> None:
    workbench = new_model(page, name="Endings", template="Linear regression")
    workbench.open("main.py")
    for code, expected in ENDINGS.values():
        workbench.replace_text(code)
        workbench.save("main.py")
        workbench.start("Evaluate")
        workbench.wait_ended("Evaluate", "failed")
        expect(workbench.run_panel.get_by_label("Outcome")).to_contain_text(expected)


def test_a_traceback_leads_to_the_line(page: Page) -> None:
    workbench = new_model(page, name="Traceback", template="Linear regression")
    workbench.write("main.py", "a = 1\nb = 2\n\ndef evaluate(params):\n    raise ValueError('here')\n")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "failed")
    workbench.tab("main.py").get_by_role("button", name="Close main.py").click()
    workbench.run_panel.get_by_label("Traceback").get_by_title("Open main.py at line 5").first.click()
    expect(workbench.status_bar).to_contain_text("Ln 5")


def test_stop_ends_an_endless_loop(page: Page) -> None:
    workbench = new_model(page, name="Endless", template="Linear regression")
    workbench.write("main.py", "def evaluate(params):\n    print('looping', flush=True)\n    while True: pass\n")
    workbench.start("Evaluate")
    expect(workbench.run_panel).to_contain_text("looping")
    workbench.run_panel.get_by_role("button", name=re.compile("Stop")).click()
    workbench.wait_ended("Evaluate", "Stopped")


def test_training_shows_progress_and_a_loss_curve_and_its_state_can_be_used(page: Page) -> None:
    workbench = new_model(page, name="Trained", template="Linear regression")
    workbench.start("Train")
    workbench.wait_ended("Train", "succeeded")
    expect(workbench.run_panel.get_by_label("Metrics")).to_contain_text("loss")
    expect(workbench.run_panel.locator(".u-over").first).to_be_visible()
    workbench.run_panel.get_by_role("button", name="Make active").first.click()
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    values = workbench.run_panel.get_by_role("region", name=re.compile("Output y"))
    expect(values).not_to_contain_text(re.compile(r"^\D*0\D+0\D+1\D+0\D+2\D+0\D+3\D+0\D*$"))


RESUMES = """
def createModelState(params): return b"0"
def instantiateModel(state):
    global held
    held = int(state)
def train(params, tracker):
    print(f"from {held}")
    tracker.checkpoint(b"7")
    if held == 0: raise ValueError("as asked")
def getModelState(): return b"done"
"""


def test_a_training_that_failed_is_resumed_from_its_checkpoint(page: Page) -> None:
    workbench = new_model(page, name="Resumed", template="Linear regression")
    workbench.write("main.py", RESUMES)
    workbench.start("Train")
    workbench.wait_ended("Train", "failed")
    expect(workbench.run_panel).to_contain_text("from 0")
    workbench.run_panel.get_by_role("button", name="Resume from checkpoint").click()
    workbench.wait_ended("Train", "succeeded")
    expect(workbench.run_panel).to_contain_text("from 7")
    expect(workbench.run_panel).to_contain_text("Goes on from the training of")
