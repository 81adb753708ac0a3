"""The log of a run: followed, searched, filtered and saved, and live while very much is printed."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import Workbench, new_model

LINES = 100_000
MANY = f"""
def evaluate(params):
    for number in range({LINES}):
        print("line", number)
    return 1
"""
BOTH = """
import sys, time
def evaluate(params):
    for number in range(60):
        print("out", number, flush=True)
    print("trouble " + "x" * 300, file=sys.stderr, flush=True)
    return 1
"""
LONGEST_TASKS = """() => {
  globalThis.tasks = [];
  new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: 'longtask' });
}"""
MOST_TASK_MS = 1000
"""Of a machine that runs the server, the model and the browser on two cores; a page that hangs takes seconds."""


def run(page: Page, name: str, code: str) -> Workbench:
    workbench = new_model(page, name=name, template="Linear regression")
    script = """async (files) => {
      for (const [path, body] of Object.entries(files))
        await fetch(`/api/v1${location.pathname}/files/${path}`, { method: 'PUT', headers: { 'If-Match': '*' }, body });
    }"""
    page.evaluate(script, {"slipway.toml": "", "main.py": code})
    workbench.start("Evaluate")
    return workbench


def log_of(workbench: Workbench) -> Locator:
    return workbench.run_panel.get_by_role("region", name="Output", exact=True)


def test_a_hundred_thousand_lines_arrive_while_the_page_stays_live(page: Page, tmp_path: Path) -> None:
    workbench = run(page, "Talkative", MANY)
    page.evaluate(LONGEST_TASKS)
    workbench.wait_ended("Evaluate", "succeeded")
    log = log_of(workbench)
    expect(log.get_by_text(f"line {LINES - 1}", exact=True)).to_be_visible()
    assert log.locator(".line").count() < 200
    tasks = page.evaluate("tasks")
    print(f"tasks over 50 ms: {len(tasks)}, the longest {max(tasks, default=0):.0f} ms")
    assert max(tasks, default=0) < MOST_TASK_MS
    log.get_by_label("Find in the output").fill("line 5000")
    expect(log.get_by_role("status").last).to_have_text("11 of 11")
    log.get_by_role("button", name="The match below").click()
    expect(log.get_by_role("status").last).to_have_text("1 of 11")
    expect(log.get_by_text("line 5000", exact=True)).to_be_visible()
    log.get_by_role("button", name="Follow").click()
    expect(log.get_by_text(f"line {LINES - 1}", exact=True)).to_be_visible()
    with page.expect_download() as download:
        log.get_by_role("link", name="Download the log").click()
    download.value.save_as(tmp_path / "log")
    assert (tmp_path / "log").read_text() == "".join(f"line {number}\n" for number in range(LINES))


def test_following_stops_when_one_scrolls_up_and_streams_times_and_long_lines_are_as_one_likes(page: Page) -> None:
    workbench = run(page, "Both streams", BOTH)
    workbench.wait_ended("Evaluate", "succeeded")
    log = log_of(workbench)
    frame = log.get_by_role("region", name="Log")
    expect(log.get_by_text("out 59", exact=True)).to_be_visible()
    frame.evaluate("frame => frame.scrollTo(0, 0)")
    expect(log.get_by_role("button", name="Follow")).to_be_visible()
    expect(log.get_by_text("out 0", exact=True)).to_be_visible()
    log.get_by_label("Streams").select_option("stderr")
    expect(log.locator(".line")).to_have_count(1)
    log.get_by_role("button", name="Wrap").click()
    expect(log.locator(".line").nth(3)).to_be_visible()
    assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")
    log.get_by_role("button", name="Times").click()
    expect(log.locator(".line").first).to_contain_text(re.compile(r"\d\d:\d\d:\d\d\.\d{3}trouble"))
    log.get_by_label("Streams").select_option("stdout")
    expect(log).not_to_contain_text("trouble")
