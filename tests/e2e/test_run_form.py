"""What a person is offered to run, and the form of its inputs."""

from playwright.sync_api import Page, Request, expect

from tests.support.workbench import Workbench, new_model, wait_until


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
    expect(page.locator(".cm-lintRange-error")).to_have_text("import nowhere")

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
