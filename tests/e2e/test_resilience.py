"""What a person typed or computed outlives the web process, the page and the browser."""

import os
import re
import signal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.server import Server
from tests.support.workbench import Workbench, new_model

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
    expect(workbench.run_panel).to_contain_text("step 3")
    old = server.kill("web")
    server.wait_for(lambda: ((pid := server.child("web")) and pid != old) or None)
    workbench.terminal.wait_for("line-200", seconds=40)
    workbench.terminal.run("echo $here-shell", "same-shell")
    workbench.wait_ended("Train", "succeeded", seconds=60)
    log = workbench.log
    expect(log).to_contain_text("step 59")


def test_a_run_is_all_there_when_the_browser_was_closed_meanwhile(page: Page, browser: Browser, server: Server) -> None:
    workbench = new_model(page, name="Unwatched", template="Linear regression")
    workbench.write("main.py", SLOW_TRAIN)
    workbench.start("Train")
    expect(workbench.run_panel).to_contain_text("step 3")
    url = page.url
    page.context.close()

    context = browser.new_context(viewport={"width": 1440, "height": 900})
    again = context.new_page()
    again.goto(server.new_sign_in_url())
    expect(again.get_by_role("heading", name="Models")).to_be_visible()
    again.goto(url)
    workbench = Workbench(again)
    workbench.wait_ended("Train", "succeeded", seconds=60)
    expect(workbench.log).to_contain_text("step 59")
    expect(workbench.run_panel.get_by_label("Metrics")).to_contain_text("loss")
    expect(workbench.run_panel).to_contain_text(re.compile("trained"))
    context.close()


def test_the_host_comes_back_after_a_crash_and_says_what_became_of_a_run(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Crashed", template="Linear regression")
    workbench.write("main.py", SLOW_TRAIN)
    workbench.start("Train")
    expect(workbench.run_panel).to_contain_text("step 3")
    server.kill("host")
    workbench.wait_ended("Train", "interrupted", seconds=60)
    expect(workbench.log).to_contain_text("step 3")
    workbench.terminal.wait_for(r"\$", seconds=60)
    # What the page asks for by itself waits for the host: nobody is told that something did not work.
    expect(page.get_by_text("That did not work.")).to_have_count(0)


def kill_fsquota(page: Page, server: Server, *, after: int = 0) -> int:
    """Kills the model's filesystem, once another process than `after` serves it; returns which."""
    pid_file = server.run_dir / "control" / f"{page.url.rpartition('/')[2]}.pid"

    def another() -> int | None:
        found = int(text) if pid_file.exists() and (text := pid_file.read_text()) else after
        return found if found != after else None

    pid = server.wait_for(another)
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_filesystem_that_is_mounted_again_is_told_until_that_is_dismissed(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Remounted", template="Linear regression")
    workbench.turn_autosave_off()
    workbench.open("main.py")
    workbench.replace_text("# not saved yet\n")
    expect(workbench.tab("main.py")).to_contain_text("not saved")
    workbench.terminal.run("mkdir folder && cd folder && echo kept > file; echo in-$((1+1))", "in-2")
    kill_fsquota(page, server)
    notice = page.get_by_role("status").filter(has_text="was mounted again at")
    expect(notice).to_contain_text("killed by SIGKILL")
    expect(notice).to_contain_text("'cd .'")
    workbench.terminal.type("cat file\n")
    workbench.terminal.wait_for("Transport endpoint is not connected")
    workbench.terminal.run("cat file", "kept")  # the prompt went back into the folder
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "failed")  # its text has no function
    workbench.terminal.run("echo more >> file; cat file", r"kept\s*more")
    workbench.save("main.py")
    page.reload()
    workbench.wait_ready()
    notice.get_by_role("button", name="Hide this notice").click()
    expect(notice).to_have_count(0)
    page.reload()
    workbench.wait_ready()
    expect(workbench.editor).to_contain_text("not saved yet")
    expect(notice).to_have_count(0)


def test_a_filesystem_that_dies_again_and_again_stays_down_until_the_person_tries_again(
    page: Page, server: Server
) -> None:
    workbench = new_model(page, name="Dying", template="Linear regression")
    workbench.terminal.run("echo kept > file; echo made-$((1+1))", "made-2")
    pid = 0
    for _ in range(5):
        pid = kill_fsquota(page, server, after=pid)
    failed = page.locator(".banner").filter(has_text="cannot be mounted")
    expect(failed).to_contain_text("SIGKILL")
    failed.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status").filter(has_text="was mounted again at")).to_be_visible()
    expect(failed).to_have_count(0)
    workbench.terminal.run("cd . && cat file", "kept")


OPENS_A_FILE = """import os, time

def evaluate(params):
    print("opens", PATH, flush=True)
    while not os.path.exists("/model/stop"):
        try:
            open(PATH).close()
        except OSError:
            if not os.path.isabs(PATH):
                raise
        time.sleep(0.05)
    print("read", open(PATH).readline())
    return {"y": [1.0]}
"""


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("main.py", "failed", "The model's filesystem was mounted again meanwhile"),
        ("/model/main.py", "succeeded", "read PATH = '/model/main.py'"),
    ],
)
def test_a_run_during_a_remount_finds_whole_paths_again_and_says_why_it_lost_others(
    page: Page, server: Server, path: str, status: str, said: str
) -> None:
    workbench = new_model(page, name="Reading", template="Linear regression")
    workbench.write("main.py", f"PATH = {path!r}\n{OPENS_A_FILE}")
    workbench.start("Evaluate")
    expect(workbench.run_panel).to_contain_text(f"opens {path}")
    kill_fsquota(page, server)
    expect(page.get_by_role("status").filter(has_text="was mounted again at")).to_be_visible()
    workbench.terminal.type("touch /model/stop\n")
    workbench.wait_ended("Evaluate", status)
    expect(workbench.run_panel).to_contain_text(said)
