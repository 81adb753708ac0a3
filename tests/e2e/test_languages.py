"""The real ty and Ruff, in a model's workspace, as a person at the page meets them."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import Workbench, new_model, wait_until

SECONDS = 1000.0

HELPER = '''def square(x: float) -> float:
    """The **square** of <img src=x onerror=alert(1)> a [number](javascript:alert(1))."""
    return x * x
'''


CHECKED = """import json

import helper


def run() -> None:
    value: int = helper.square(2.0)
    print(value, missing)
"""


def text_of(workbench: Workbench) -> str:
    return "\n".join(workbench.editor.locator(".cm-line").all_text_contents())


def opened(page: Page, name: str) -> Workbench:
    workbench = new_model(page, name=name, template="Linear regression")
    expect(servers(workbench)).to_have_text("Python: ty, Ruff")
    return workbench


def servers(workbench: Workbench) -> Locator:
    return workbench.status_bar.get_by_role("button", name="Language servers")


def wait_served(workbench: Workbench, by: str) -> None:
    """Also where a program is fetched first, and beside those that other files have needed."""
    named = re.compile(rf"^{re.escape(by)}\. ")
    expect(workbench.status_bar.get_by_role("button", name=named)).to_be_visible(timeout=60 * SECONDS)


def tells_of_the_end(button: Locator) -> bool:
    text, title = button.evaluate("(button) => [button.innerText.trim(), button.title]")
    return bool(text == "Python: ty failed, Ruff" and "ty was killed by SIGKILL" in title)


def problems(workbench: Workbench) -> Locator:
    return workbench.page.get_by_role("region", name="Problems", exact=True)


def add_file(workbench: Workbench, name: str, content: str) -> None:
    """By a program, as one that the page has not opened."""
    workbench.terminal.type(f"cat > {name} <<'END'\n{content}END\n")
    expect(workbench.file(name)).to_be_visible()


def write(workbench: Workbench, content: str) -> None:
    """Into the file that is shown, which saves itself."""
    workbench.replace_text(content)
    workbench.wait_saved("main.py")


def go_to(workbench: Workbench, before: str) -> None:
    """The cursor to right after the first occurrence of this in the text."""
    text = text_of(workbench)
    *above, left = text[: text.index(before) + len(before)].split("\n")
    workbench.editor.click()
    workbench.page.keyboard.press("Control+Home")
    for _ in above:
        workbench.page.keyboard.press("ArrowDown")
    for _ in left:
        workbench.page.keyboard.press("ArrowRight")
    expect(workbench.status_bar).to_contain_text(f"Ln {len(above) + 1}, Col {len(left) + 1}")


def test_python_is_completed_explained_and_checked_while_it_is_written(page: Page) -> None:
    workbench = opened(page, "Checked")
    add_file(workbench, "helper.py", HELPER)
    write(workbench, CHECKED)

    page.keyboard.press("Control+Shift+m")
    expect(problems(workbench).get_by_role("button", name="float` is not assignable to `int")).to_be_visible()
    expect(problems(workbench).get_by_role("button", name="imported but unused")).to_contain_text("ruff(F401)")
    # ty and Ruff both see it; it is said once.
    expect(problems(workbench).get_by_role("button", name=re.compile("missing"))).to_have_count(1)
    expect(workbench.status_bar.get_by_role("button", name=re.compile("^2 errors"))).to_be_visible()
    workbench.editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("F8")
    expect(workbench.status_bar).to_contain_text("Ln 1, Col 8")
    page.keyboard.press("Shift+F8")
    expect(workbench.status_bar).to_contain_text("Ln 8, Col 18")

    go_to(workbench, "print(value, missing)")
    page.keyboard.press("Enter")
    page.keyboard.type("helper.")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("square")
    page.keyboard.type("squ")
    # Grey, and not to be taken, while the server is asked again.
    offered = page.locator(".cm-tooltip-autocomplete:not(.cm-tooltip-autocomplete-disabled)")
    offered.get_by_role("option", name=re.compile("square"), selected=True).click()
    expect(page.locator(".cm-tooltip-autocomplete")).to_have_count(0)
    expect(workbench.editor.locator(".cm-activeLine")).to_have_text(re.compile(r"helper\.square$"))
    page.keyboard.type("(")
    expect(page.locator(".cm-lsp-signature-tooltip")).to_contain_text("x: float")
    page.keyboard.press("Escape")

    go_to(workbench, "helper.squ")
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+i")
    known = page.get_by_role("note", name="What is known of the name")
    expect(known).to_contain_text("def square(x: float) -> float")
    expect(known.locator("strong")).to_have_text("square")
    # What a docstring holds of HTML is text, or is left out.
    assert "<img" in known.inner_text()
    assert known.locator("img, [href], [onerror]").count() == 0


def test_definitions_lead_into_other_files_and_the_environment_and_back(page: Page) -> None:
    workbench = opened(page, "Followed")
    add_file(workbench, "helper.py", HELPER)
    write(workbench, "import json\n\nimport helper\n\nprint(json.dumps(helper.square(3)))\nhelper.square(4)\n")

    go_to(workbench, "helper.squ")
    page.keyboard.press("Shift+F12")
    found = page.get_by_role("region", name="References")
    expect(found.get_by_role("heading")).to_have_text("References to square 3 in 2 files")
    expect(found.get_by_role("button", name="def square(x: float)")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(workbench.status_bar).to_contain_text("Ln 6, Col 8")

    page.keyboard.press("F12")
    expect(workbench.tab("helper.py")).to_be_visible()
    expect(workbench.status_bar).to_contain_text("Ln 1, Col 5")
    page.keyboard.press("Control+Shift+o")
    expect(page.get_by_role("option", name="square")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+ArrowLeft")
    expect(workbench.status_bar).to_contain_text("Ln 6, Col 8")

    page.locator(".cm-line span", has_text="dumps").click(modifiers=["Control"])
    read_only = page.locator(".cm-read-only:visible")
    expect(read_only).to_contain_text("part of the model's environment")
    expect(workbench.editor).to_contain_text("def dumps")
    before = text_of(workbench)
    page.keyboard.type("typed")
    assert text_of(workbench) == before
    page.keyboard.press("Alt+ArrowLeft")
    expect(workbench.editor).to_contain_text("helper.square(4)")

    page.keyboard.press("Control+p")
    page.keyboard.type("#squ")
    page.get_by_role("option", name=re.compile("square.*helper.py")).click()
    expect(workbench.editor).to_contain_text("def square")


def test_javascript_has_its_server_and_python_another_for_who_prefers_it(page: Page) -> None:
    workbench = opened(page, "Others")
    add_file(workbench, "shop.js", "/** @param {number} count */\nfunction price(count) {\n  return count * 2\n}\n")
    workbench.open("shop.js")
    wait_served(workbench, "JavaScript: TypeScript")
    workbench.editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("price(2).toF")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("toFixed")
    page.keyboard.press("Escape")

    workbench.open("main.py")
    choose_preference(page, "Python is known by", "basedpyright")
    wait_served(workbench, "Python: Ruff, basedpyright")
    write(workbench, "import os\n\nvalue: str = os.getpid()\n")
    page.keyboard.press("Control+Shift+m")
    expect(problems(workbench).get_by_role("button", name=re.compile("not assignable to"))).to_be_visible()
    expect(workbench.editor.locator(".cm-inlay-hint")).to_have_count(0)
    page.keyboard.press("Control+,")
    page.get_by_role("dialog", name="Preferences").get_by_label("Inlay hints", exact=True).check()
    page.keyboard.press("Escape")
    write(workbench, "import os\n\nvalue = os.getpid()\n")
    expect(workbench.editor.locator(".cm-inlay-hint")).to_have_text(": int")


def choose_preference(page: Page, label: str, value: str) -> None:
    page.keyboard.press("Control+,")
    dialog = page.get_by_role("dialog", name="Preferences")
    dialog.get_by_label(label, exact=True).select_option(value)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_name_is_changed_in_all_files_open_or_not(page: Page) -> None:
    workbench = opened(page, "Renamed")
    add_file(workbench, "helper.py", HELPER)
    add_file(workbench, "other.py", "from helper import square\n\nprint(square(1))\n")
    write(workbench, "import helper\n\nprint(helper.square(3))\n")
    workbench.open("other.py")
    workbench.open("main.py")

    go_to(workbench, "helper.squ")
    page.keyboard.press("F2")
    field = page.get_by_role("textbox", name="New name of square")
    expect(field).to_be_focused()
    field.fill("power")
    page.keyboard.press("Enter")
    expect(workbench.editor).to_contain_text("helper.power(3)")
    workbench.wait_saved("main.py")
    workbench.wait_saved("other.py")
    workbench.terminal.run("grep -c power *.py", r"helper\.py:1\s*main\.py:1\s*other\.py:2")

    workbench.editor.click()
    page.keyboard.press("Control+z")
    expect(workbench.editor).to_contain_text("helper.square(3)")


def test_problems_are_mended_and_text_is_formatted(page: Page) -> None:
    workbench = opened(page, "Mended")
    write(workbench, "import json\nvalues = { 'a' :1 }\n")

    go_to(workbench, "import js")
    expect(page.locator(".cm-lint-marker-warning")).to_be_visible()
    page.keyboard.press("Control+.")
    fixes = page.get_by_role("menu", name="Quick fixes")
    expect(fixes.get_by_role("menuitem").first).to_be_focused()
    fixes.get_by_role("menuitem", name="Remove unused import").click()
    wait_until(page, lambda: text_of(workbench) == "values = { 'a' :1 }\n", what="the import is gone")

    page.keyboard.press("Shift+Alt+F")
    wait_until(page, lambda: text_of(workbench) == 'values = {"a": 1}\n', what="the text is formatted")

    page.keyboard.press("F1")
    page.get_by_role("combobox", name="Name of the command").fill("format on save")
    page.keyboard.press("Enter")
    workbench.replace_text("x  =  1\n")
    page.keyboard.press("Control+s")
    wait_until(page, lambda: text_of(workbench) == "x = 1\n", what="the text is formatted when it is saved")
    workbench.wait_saved("main.py")


def test_a_language_server_that_ends_is_started_again(page: Page) -> None:
    workbench = opened(page, "Ended")
    write(workbench, "value: int = 'a'\n")
    page.keyboard.press("Control+Shift+m")
    wrong = problems(workbench).get_by_role("button", name="is not assignable to `int`")
    expect(wrong).to_be_visible()

    page.keyboard.press("Control+`")
    workbench.terminal.type("for p in /proc/[0-9]*; do grep -qs '^ty$' $p/comm && kill -9 ${p##*/}; done\n")
    # For a moment, which a locator that looks once a second can miss.
    wait_until(page, lambda: tells_of_the_end(servers(workbench)), what="it is said how ty ended")
    expect(servers(workbench)).to_have_text("Python: ty, Ruff")

    page.keyboard.press("Control+Shift+m")
    expect(wrong).to_be_visible()
    write(workbench, "value: int = 1\nvalue.bit_c")
    page.keyboard.press("Control+Space")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("bit_count")
    page.keyboard.press("Escape")
    expect(wrong).to_have_count(0)

    servers(workbench).click()
    page.get_by_role("menuitem", name="Restart ty").click()
    expect(servers(workbench)).to_have_text("Python: ty, Ruff")
    expect(problems(workbench).get_by_role("button", name="no attribute `bit_c`")).to_be_visible()

    workbench.editor.click()
    page.keyboard.press("Alt+w")
    expect(problems(workbench).get_by_role("button", name=re.compile("ty|ruff"))).to_have_count(0)
