"""Curves of a training: live, read by the keys, laid over others, and saved."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import Workbench, new_model, wait_until

POINTS = 20_000
CODE = f"""
def createModelState(params): return b"0"
def train(params, tracker):
    rate = params.get("rate", 1)
    for step in range(4):
        tracker.metrics({{"loss": rate / (step + 1), "weights": [[step, rate], [0, 1]]}})
    if params.get("many"):
        for step in range({POINTS}):
            tracker.metrics({{"many": step % 100}})
def getModelState(): return b"1"
"""
LONGEST_TASKS = """() => {
  globalThis.tasks = [];
  new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: 'longtask' });
}"""
MOST_TASK_MS = 1000
"""Of a machine that runs the server, the model and the browser on two cores; a page that hangs takes seconds."""


def model_of(page: Page, name: str) -> Workbench:
    workbench = new_model(page, name=name, template="Linear regression")
    script = """async (files) => {
      for (const [path, body] of Object.entries(files))
        await fetch(`/api/v1${location.pathname}/files/${path}`, { method: 'PUT', headers: { 'If-Match': '*' }, body });
    }"""
    page.evaluate(script, {"slipway.toml": "", "main.py": CODE})
    return workbench


def train(workbench: Workbench, **parameters: object) -> None:
    """As a program would, until it has ended."""
    start = """async (parameters) => {
      const body = JSON.stringify({ kind: 'train', parameters });
      const headers = { 'Content-Type': 'application/json' };
      const reply = await fetch(`/api/v1${location.pathname}/operations`, { method: 'POST', headers, body });
      return (await reply.json()).id;
    }"""
    page, ended = workbench.page, "async (id) => (await (await fetch(`/api/v1/operations/${id}`)).json()).outcome?.kind"
    operation = page.evaluate(start, parameters)
    wait_until(page, lambda: page.evaluate(ended, operation) is not None, what="the training ends")
    assert page.evaluate(ended, operation) == "succeeded"


def metrics_of(workbench: Workbench) -> Locator:
    return workbench.run_panel.get_by_role("region", name="Metrics", exact=True)


def test_trainings_are_laid_over_each_other_with_what_differs_between_them(page: Page, tmp_path: Path) -> None:
    workbench = model_of(page, "Compared")
    train(workbench, rate=2)
    train(workbench, rate=4)
    metrics = metrics_of(workbench)
    loss = metrics.get_by_role("figure", name="loss")
    expect(loss).to_contain_text(re.compile(r"1\s+step 3"))
    metrics.get_by_text("Compare with other trainings").click()
    metrics.locator(".offers").get_by_role("checkbox").check()
    legend = metrics.get_by_role("list", name="Trainings compared")
    expect(legend.get_by_role("listitem").first).to_contain_text("rate 4")
    expect(legend.get_by_role("listitem").last).to_contain_text("rate 2")
    expect(loss.get_by_role("listitem").last.locator(".value")).to_have_text("0.5")
    plot = loss.get_by_role("application")
    expect(plot.locator(".u-over")).to_be_visible()
    plot.focus()
    plot.press("Home")
    expect(loss.get_by_role("listitem").first.locator(".value")).to_have_text("4")
    plot.press("ArrowRight")
    expect(loss).to_contain_text("step 1")
    expect(loss.get_by_role("listitem").first.locator(".value")).to_have_text("2")
    metrics.get_by_label("Logarithmic").check()
    metrics.get_by_label("Over").select_option("time")
    expect(loss).to_contain_text(re.compile(r"time [\d.]+ s"))
    with page.expect_download() as download:
        metrics.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "metrics.csv")
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert (lines[0], len(lines)) == ("operation,metric,step,time,value", 9)
    values = [float(line.rpartition(",")[2]) for line in lines[1:]]
    assert values == [rate / (step + 1) for rate in (4, 2) for step in range(4)]
    legend.get_by_role("button", name="Leave out").click()
    expect(legend).to_have_count(0)


def test_arrays_are_drawn_step_by_step(page: Page) -> None:
    workbench = model_of(page, "Arrays")
    train(workbench, rate=3)
    weights = metrics_of(workbench).get_by_role("figure", name="weights")
    expect(weights.get_by_role("cell").nth(1)).to_have_text("3")
    step = weights.get_by_role("slider", name="Step of weights")
    expect(step).to_have_attribute("aria-valuetext", "Step 3")
    step.press("Home")
    expect(weights.get_by_role("cell").nth(1)).to_have_text("0")
    weights.get_by_role("button", name="Latest").click()
    expect(step).to_have_attribute("aria-valuetext", "Step 3")


def test_very_many_points_are_drawn_while_the_page_stays_live(page: Page) -> None:
    workbench = model_of(page, "Many points")
    page.evaluate(LONGEST_TASKS)
    train(workbench, many=True)
    many = metrics_of(workbench).get_by_role("figure", name="many")
    expect(many).to_contain_text("step 19,999")
    expect(many.locator(".u-over")).to_be_visible()
    tasks = page.evaluate("tasks")
    print(f"tasks over 50 ms: {len(tasks)}, the longest {max(tasks, default=0):.0f} ms")
    assert max(tasks, default=0) < MOST_TASK_MS
