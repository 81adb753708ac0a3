"""A model's parameter definitions, edited in the page and kept in its slipway.toml."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import Workbench, new_model

TEXT = """\
# How it is asked.
[[evaluate_input]]
name = "x"  # the only one
types = ["f64"]
"""


def put(page: Page, path: str, content: str) -> None:
    """As another program would, past the page."""
    script = """async ([path, body]) => {
      const model = location.pathname.split('/').pop();
      const url = `/api/v1/models/${model}/files/${path}`;
      return (await fetch(url, { method: 'PUT', headers: { 'If-Match': '*' }, body })).status;
    }"""
    assert page.evaluate(script, [path, content]) in (200, 201)


def read(page: Page, path: str) -> str:
    script = "async (path) => (await fetch(`/api/v1${location.pathname}/files/${path}`)).text()"
    return str(page.evaluate(script, path))


def open_parameters(workbench: Workbench) -> Locator:
    workbench.page.get_by_role("navigation", name="Panels").get_by_role("button", name="Parameters").click()
    dialog = workbench.page.get_by_role("dialog", name="Parameters")
    expect(dialog).to_be_visible()
    return dialog


def test_a_parameter_is_added_and_asked_for_at_once_and_the_file_keeps_its_comments(page: Page) -> None:
    workbench = new_model(page, name="Parameters", template="Linear regression")
    put(page, "slipway.toml", TEXT)
    dialog = open_parameters(workbench)
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("x")
    dialog.get_by_role("button", name="Add").click()
    dialog.get_by_label("Name", exact=True).fill("rate")
    dialog.get_by_label("Display name").fill("How fast")
    dialog.get_by_label("Minimum").fill("5")
    dialog.get_by_label("Maximum").fill("1")
    expect(dialog.get_by_role("alert")).to_have_text("Expected at least the minimum, 5, got 1.")
    dialog.get_by_label("Minimum").fill("0")
    dialog.get_by_role("button", name="Move up").click()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    dialog.get_by_role("button", name="Close").last.click()
    expect(workbench.run_panel.get_by_label("How fast").first).to_be_visible()
    text = read(page, "slipway.toml")
    assert text.index('name = "rate"') < text.index('name = "x"  # the only one')
    assert "# How it is asked.\n[[evaluate_input]]" in text


def test_what_is_wrong_is_shown_instead_of_saved(page: Page) -> None:
    workbench = new_model(page, name="Wrong parameters", template="Linear regression")
    put(page, "slipway.toml", TEXT)
    dialog = open_parameters(workbench)
    dialog.get_by_label("Shape").fill("many")
    dialog.get_by_role("tab", name=re.compile("Train")).click()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_label("Shape")).to_be_focused()
    expect(dialog.get_by_role("alert")).to_contain_text("where n is any length; got “many”.")
    assert read(page, "slipway.toml") == TEXT


def test_a_file_that_changed_meanwhile_is_neither_lost_nor_in_the_way(page: Page) -> None:
    workbench = new_model(page, name="Both at once", template="Linear regression")
    put(page, "slipway.toml", TEXT)
    dialog = open_parameters(workbench)
    dialog.get_by_label("Description").fill("What to answer for.")
    put(page, "slipway.toml", TEXT.replace("# How it is asked.", "# Mine now."))
    expect(dialog).to_contain_text("has been changed since")
    dialog.get_by_role("button", name="Save these into it").click()
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert read(page, "slipway.toml") == TEXT.replace("# How it is asked.", "# Mine now.") + (
        'description = "What to answer for."\n'
    )


def test_what_is_typed_stays_while_the_file_is_broken_by_somebody_else(page: Page) -> None:
    workbench = new_model(page, name="Broken meanwhile", template="Linear regression")
    put(page, "slipway.toml", TEXT)
    dialog = open_parameters(workbench)
    dialog.get_by_label("Description").fill("Typed here.")
    put(page, "slipway.toml", "[[broken\n")
    dialog.get_by_role("button", name="Save these into it").click()
    expect(dialog).to_contain_text("not valid TOML")
    expect(dialog.get_by_label("Description")).to_have_value("Typed here.")
    put(page, "slipway.toml", TEXT)
    dialog.get_by_role("button", name="Save these into it").click()
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    assert 'description = "Typed here."' in read(page, "slipway.toml")


def test_a_broken_file_is_named_with_its_line_and_opened_there(page: Page) -> None:
    workbench = new_model(page, name="Broken definitions", template="Linear regression")
    put(page, "slipway.toml", "# one\n# two\n[[train]\n")
    dialog = open_parameters(workbench)
    expect(dialog.get_by_role("alert")).to_contain_text("line 3")
    dialog.get_by_role("button", name="Open slipway.toml").click()
    expect(dialog).to_have_count(0)
    expect(workbench.status_bar).to_contain_text("Ln 3")
