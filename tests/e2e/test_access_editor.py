"""The parts of an editor to those who hear them and to those who have no mouse, in each of the page's colours."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.test_access import problems
from tests.support import sample_files
from tests.support.server import Server
from tests.support.workbench import SECONDS, SignIn, Workbench, new_model, wait_until

COLOURS: tuple[tuple[Literal["light", "dark"], Literal["no-preference", "more"]], ...] = (
    ("dark", "no-preference"),
    ("dark", "more"),
    ("light", "more"),
    ("light", "no-preference"),
)
WRONG = "import os\nimport json\n\n\ndef evaluate(params):\n    return missing\n"
LISTENING = "python -m http.server 5051 --bind 127.0.0.1 &\n"
FOCUS_IS_LOST = "() => document.activeElement === document.body || !document.activeElement.checkVisibility()"

SHOWN = "document.documentElement.dataset.theme + ' ' + document.documentElement.dataset.contrast"
AT_ONCE = "*, ::before, ::after { transition: none !important; animation: none !important }"
HOLDS_FOCUS = "(part) => part.contains(document.activeElement)"
REGION = "document.activeElement.closest('[data-region]')?.dataset.region"


@pytest.fixture
def checked(browser: Browser, signed_in: SignIn) -> Iterator[Workbench]:
    """Without the policy that keeps axe out."""
    context = browser.new_context(
        bypass_csp=True, color_scheme="light", reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    page = context.new_page()
    signed_in(page)
    workbench = new_model(page, name="Seen and heard", template="Linear regression")
    page.add_style_tag(content=AT_ONCE)  # axe would read colours that are half way to others
    yield workbench
    context.close()


class Looking:
    """Collects what axe finds in each view."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def at(self, where: str, *, but: str = "") -> None:
        """By every rule but one; the other colours by what depends on them."""
        self.found += [line for line in problems(self.page, where) if not but or but not in line]
        for scheme, contrast in COLOURS:
            self.page.emulate_media(color_scheme=scheme, contrast=contrast)
            shown = f"{scheme} {'more' if contrast == 'more' else 'standard'}"
            wait_until(self.page, lambda: self.page.evaluate(SHOWN) == shown, what=f"the colours are {shown}")  # noqa: B023
            if (scheme, contrast) != COLOURS[-1]:
                self.found += problems(self.page, f"{where}, {scheme}, {contrast}", rules=["color-contrast"])

    def assert_nothing_found(self) -> None:
        assert not self.found, "\n".join(sorted(set(self.found)))


def put(server: Server, workbench: Workbench, name: str, content: bytes) -> None:
    model = workbench.model_url.rpartition("/")[2]
    with server.client() as client:
        url = f"/api/v1/models/{model}/files/{name}"
        client.put(url, content=content, headers={"If-None-Match": "*"}).raise_for_status()


def test_axe_finds_nothing_serious_in_what_finds_and_tells(checked: Workbench) -> None:
    workbench, page = checked, checked.page
    look = Looking(page)
    workbench.write("main.py", WRONG)
    workbench.terminal.type(LISTENING)
    page.keyboard.press("Control+Shift+5")
    expect(page.locator(".xterm:visible")).to_have_count(2)
    look.at("split terminals")
    page.keyboard.press("Control+Shift+h")
    search = page.get_by_role("complementary", name="Search")
    search.get_by_label("Search", exact=True).fill("import")
    search.get_by_label("Replace with").fill("export")
    expect(search.get_by_role("treeitem", name=re.compile("export")).first).to_be_visible()
    look.at("search, with what replaces")

    for key, mode in (("Control+p", "files"), ("F1", "commands"), ("Control+g", "a line")):
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        look.at(f"palette, {mode}")
        page.keyboard.press("Escape")
    page.keyboard.press("Control+p")
    page.keyboard.type("@")
    look.at("palette, symbols")
    page.keyboard.press("Escape")

    page.keyboard.press("Control+Shift+m")
    listed = page.get_by_role("region", name="Problems")
    expect(listed.get_by_role("button").first).to_be_visible(timeout=60 * SECONDS)
    look.at("problems")
    page.keyboard.press("Control+,")
    expect(page.get_by_role("dialog", name="Preferences")).to_be_visible()
    look.at("preferences")
    page.keyboard.press("Escape")
    workbench.status_bar.get_by_role("button", name="Ports").click()
    expect(page.get_by_role("dialog", name="Ports")).to_contain_text("5051")
    look.at("ports")
    page.keyboard.press("Escape")
    look.assert_nothing_found()


def test_axe_finds_nothing_serious_in_source_control(checked: Workbench) -> None:
    workbench, page = checked, checked.page
    look = Looking(page)
    workbench.terminal.run(
        "git init -q -b main && git config user.name Ada && git config user.email a@example.org && git add main.py && "
        "git commit -qm First && sed -i '1,5d' main.py && echo more >> main.py && "
        "git add main.py && echo end >> main.py; echo sa''id",
        "said",
    )
    page.keyboard.press("Control+Shift+g")
    view = page.get_by_role("region", name="Source control")
    expect(view.get_by_role("list", name="Changes", exact=True).get_by_role("listitem")).to_have_count(3)
    look.at("source control")
    view.get_by_role("list", name="Staged changes").get_by_role("button", name="main.py").first.click()
    expect(page.get_by_role("textbox", name="After, main.py")).to_be_visible()
    look.at("what has changed")
    page.keyboard.press("Alt+w")
    workbench.command("Git: Blame")
    workbench.tab("main.py").click()
    workbench.editor.click()
    expect(page.locator(".cm-editor:visible")).to_contain_text(re.compile("Ada|Not committed", re.IGNORECASE))
    look.at("marks and blame")
    page.keyboard.press("Control+Shift+g")
    view.get_by_role("button", name="History", exact=True).click()
    history = page.get_by_role("dialog", name="History")
    expect(history.get_by_role("list", name="Files of the commit")).to_contain_text("main.py")
    look.at("history")
    page.keyboard.press("Escape")
    view.get_by_role("button", name=re.compile("^Branch main")).click()
    expect(page.get_by_label("Find a branch, or name a new one")).to_be_visible()
    look.at("branches")
    page.keyboard.press("Escape")
    look.assert_nothing_found()


def test_axe_finds_nothing_serious_in_files_and_their_viewers(checked: Workbench, server: Server) -> None:
    workbench, page = checked, checked.page
    look = Looking(page)
    files = {
        "dots.png": (sample_files.png(120, 80), "Image"),
        "rows.csv": (b"id,name\n1,a\n2,b\n", "Table"),
        "study.ipynb": (sample_files.notebook(), "Notebook"),
        "array.npy": (b"\x93NUMPY" + bytes(range(256)), "Bytes"),
    }
    for name, (content, _) in files.items():
        put(server, workbench, name, content)
    for name, (_, kind) in files.items():
        workbench.file(name).click()
        expect(page.get_by_role("region", name=f"{kind} of {name}", exact=True)).to_be_visible()
        look.at(kind)
    workbench.file("README.md").click()
    page.get_by_role("button", name="Both").click()
    expect(page.get_by_role("region", name="README.md, as it reads")).to_be_visible()
    look.at("Markdown")

    workbench.tab("README.md").click(button="right")
    look.at("menu of a tab")
    page.keyboard.press("Escape")
    workbench.file("rows.csv").click(modifiers=["Control"])
    workbench.file("rows.csv").click(button="right")
    look.at("menu of files")
    page.keyboard.press("Escape")
    page.route(re.compile("/uploads"), lambda route: route.abort())
    big = FilePayload(name="big.bin", mimeType="application/octet-stream", buffer=bytes(6 << 20))
    page.locator("input[type=file][multiple]").first.set_input_files(big)
    expect(page.get_by_role("region", name="Uploads")).to_be_visible()
    look.at("uploads")
    page.get_by_role("button", name="Cancel the upload of big.bin").click()
    again = FilePayload(name="rows.csv", mimeType="text/csv", buffer=b"id\n")
    page.locator("input[type=file][multiple]").first.set_input_files(again)
    expect(page.get_by_role("dialog", name="rows.csv is there already")).to_be_visible()
    look.at("a name that is taken")
    page.keyboard.press("Escape")

    workbench.open("main.py")
    workbench.replace_text("import json\n\njson.")
    page.keyboard.press("Control+Space")
    expect(page.locator(".cm-tooltip-autocomplete")).to_be_visible(timeout=60 * SECONDS)
    # Its list is scrolled by the arrow keys, while the text keeps the focus.
    look.at("completion", but="scrollable-region-focusable")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("ArrowRight")
    workbench.command("Code: Show what is known")
    look.at("hover")
    look.assert_nothing_found()


def wait_kept(page: Page, after: str) -> None:
    """The focus is somewhere that is seen."""
    wait_until(page, lambda: not page.evaluate(FOCUS_IS_LOST), what=f"something has the focus after {after}")


def test_keys_alone_reach_every_part_and_the_focus_is_never_lost(page: Page) -> None:
    workbench = new_model(page, name="By keys", template="Linear regression")
    keyboard = page.keyboard
    keyboard.press("Control+\\")
    expect(workbench.tab("main.py")).to_have_count(2)
    regions: list[str] = []
    for _ in range(4):
        keyboard.press("F6")
        wait_kept(page, "F6")
        regions.append(page.evaluate(REGION))
    assert sorted(regions) == ["bottom", "editor", "run", "side"]

    for chord, view in (("f", "Search"), ("g", "Source control"), ("e", "Files")):
        keyboard.press(f"Control+Shift+{chord}")
        side = page.get_by_role("complementary", name=view)
        wait_until(page, lambda: bool(side.evaluate(HOLDS_FOCUS)), what=f"{view} has the focus")  # noqa: B023  # at once
    keyboard.press("Control+Shift+m")
    problems = page.get_by_role("region", name="Problems")
    wait_until(page, lambda: bool(problems.evaluate(HOLDS_FOCUS)), what="Problems has the focus")
    expect(page.get_by_role("tab", name=re.compile("^Problems"))).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name=re.compile("^Problems")).focus()
    keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Terminal", exact=True)).to_be_focused()
    for chord in ("Control+1", "Control+2"):
        keyboard.press(chord)
        wait_until(page, lambda: page.evaluate(REGION) == "editor", what="a group has the focus")

    for key in ("F1", "Control+p", "Control+g", "Control+,", "Control+Shift+,"):
        keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        wait_kept(page, f"{key} and Escape")
    keyboard.press("Alt+w")
    wait_kept(page, "a closed tab")
    keyboard.press("Alt+w")
    expect(workbench.tab("main.py")).to_have_count(0)
    wait_kept(page, "the last tab that was closed")

    keyboard.press("Control+Shift+e")
    keyboard.press("Alt+n")
    keyboard.type("new.txt")
    keyboard.press("Enter")
    expect(page.get_by_label("Editor, new.txt")).to_be_focused()
    keyboard.press("Control+Shift+e")
    keyboard.press("Shift+Delete")
    expect(page.get_by_role("dialog")).to_be_visible()
    keyboard.press("Enter")
    expect(workbench.file("new.txt")).to_have_count(0)
    wait_kept(page, "a deleted file")
    keyboard.press("Shift+F10")
    expect(page.get_by_role("menu")).to_be_visible()
    keyboard.press("Escape")
    wait_kept(page, "a menu")

    keyboard.press("Control+Shift+f")
    expect(page.get_by_role("complementary", name="Search").get_by_label("Search", exact=True)).to_be_focused()
    keyboard.type("def ")
    keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Search").get_by_role("treeitem").first).to_be_visible()
    wait_kept(page, "a search")
    keyboard.press("F4")
    expect(workbench.tab("main.py")).to_be_visible()
    wait_kept(page, "a result that was opened")
    keyboard.press("Control+Shift+`")
    expect(page.get_by_role("tab", name=re.compile("Terminal 2"))).to_be_visible()
    workbench.terminal.wait_for(r"\$")
    keyboard.press("Control+Shift+e")
    workbench.command("Terminal: Close")
    expect(page.get_by_role("tab", name=re.compile("Terminal 2"))).to_have_count(0)
    wait_kept(page, "a terminal that was closed")
    keyboard.press("Control+Shift+m")
    wait_until(page, lambda: page.evaluate(REGION) == "bottom", what="the problems have the focus")
    keyboard.press("Control+j")
    wait_until(page, lambda: page.evaluate(REGION) == "editor", what="the text has the focus of the panel put away")
