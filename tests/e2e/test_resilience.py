"""What a person typed or computed outlives the web process, the page and the browser."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.support.server import Server
from tests.support.workbench import SECONDS, Workbench, new_model

SLOW_TRAIN = """import time

def createModelState(params):
    return b"0"

def train(params, tracker):
    for step in range(60):
        print("step", step)
        tracker.metrics([("loss", 1 / (step + 1))])
        tracker.progress((step + 1) / 60)
        time.sleep(0.1)

def getModelState():
    return b"1"
"""


def test_the_shell_and_a_training_go_on_when_the_web_process_is_killed(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Survivor", template="Linear regression")
    workbench.write("main.py", SLOW_TRAIN)
    workbench.terminal.run("here=same; for i in $(seq 200); do echo line-$i; sleep 0.02; done", "line-3")
    workbench.start("Train")
    expect(workbench.run_panel).to_contain_text("step 3", timeout=30 * SECONDS)
    old = server.kill("web")
    server.wait_for(lambda: ((pid := server.child("web")) and pid != old) or None)
    workbench.terminal.wait_for("line-200", seconds=40)
    workbench.terminal.run("echo $here-shell", "same-shell")
    workbench.wait_ended("Train", "succeeded", seconds=60)
    log = workbench.run_panel.get_by_label("Log")
    expect(log).to_contain_text("step 59")


def test_a_run_is_all_there_when_the_browser_was_closed_meanwhile(page: Page, browser: Browser, server: Server) -> None:
    workbench = new_model(page, name="Unwatched", template="Linear regression")
    workbench.write("main.py", SLOW_TRAIN)
    workbench.start("Train")
    expect(workbench.run_panel).to_contain_text("step 3", timeout=30 * SECONDS)
    url = page.url
    page.context.close()

    context = browser.new_context(viewport={"width": 1440, "height": 900})
    again = context.new_page()
    again.goto(server.new_sign_in_url())
    expect(again.get_by_role("heading", name="Models")).to_be_visible()
    again.goto(url)
    workbench = Workbench(again)
    workbench.wait_ended("Train", "succeeded", seconds=60)
    expect(workbench.run_panel.get_by_label("Log")).to_contain_text("step 59")
    expect(workbench.run_panel.get_by_label("Metrics")).to_contain_text("loss")
    expect(workbench.run_panel).to_contain_text(re.compile("trained"))
    context.close()


def test_the_host_comes_back_after_a_crash_and_says_what_became_of_a_run(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Crashed", template="Linear regression")
    workbench.write("main.py", SLOW_TRAIN)
    workbench.start("Train")
    expect(workbench.run_panel).to_contain_text("step 3", timeout=30 * SECONDS)
    server.kill("host")
    workbench.wait_ended("Train", "interrupted", seconds=60)
    expect(workbench.run_panel.get_by_label("Log")).to_contain_text("step 3")
    workbench.terminal.wait_for(r"\$", seconds=60)
