"""Search and replace in files, quick open and the command palette, as a person uses them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.support.server import Server
from tests.support.workbench import new_model

MIB = 1 << 20
FILES = {
    "gadgets.py": "import gadget\n\n\ndef use(x):\n    return gadget.run(x) + gadgets\n",
    "src/layers.py": "import gadget\r\nfrom gadget import nn\r\n",
    "notes.md": "# Gadget\n\nNothing here.\n",
    "caf\u00e9.txt": "\U0001f600 gadget\n",
}


class ModelFiles:
    """Of the model whose page is open, past the page."""

    def __init__(self, client: httpx.Client, model: str) -> None:
        self._client = client
        self._model = f"/api/v1/models/{model}"

    def read(self, path: str) -> str:
        reply = self._client.get(f"{self._model}/files/{path}").raise_for_status()
        return reply.content.decode()

    def write(self, path: str, content: str) -> None:
        exists = self._client.head(f"{self._model}/files/{path}").status_code == 200
        headers = {"If-Match": "*"} if exists else {"If-None-Match": "*"}
        url = f"{self._model}/files/{path}"
        self._client.put(url, content=content.encode(), headers=headers).raise_for_status()

    def add(self, files: Mapping[str, str]) -> None:
        for folder in {path.rpartition("/")[0] for path in files} - {""}:
            self._client.put(f"{self._model}/tree/{folder}").raise_for_status()
        for path, content in files.items():
            self.write(path, content)


@contextmanager
def files_of(page: Page, server: Server) -> Iterator[ModelFiles]:
    with server.client() as client:
        yield ModelFiles(client, page.url.rpartition("/")[2])


class SearchView:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel = page.get_by_role("complementary", name="Search")
        self.field = self.panel.get_by_label("Search", exact=True)
        self.replacement = self.panel.get_by_label("Replace with")
        self.tree = self.panel.get_by_role("tree", name="Found in files")
        self.said = self.panel.locator(".status")
        self.told = page.get_by_label("Notifications")

    def find(self, pattern: str) -> None:
        self.page.keyboard.press("Control+Shift+f")
        expect(self.field).to_be_focused()
        self.field.fill(pattern)
        self.page.keyboard.press("Enter")

    def row(self, name: str) -> Locator:
        return self.tree.get_by_role("treeitem", name=re.compile(name))

    def replace_all(self) -> None:
        self.replacement.press("Control+Alt+Enter")
        self.page.get_by_role("dialog").get_by_role("button", name="Replace", exact=True).click()


def test_what_is_searched_for_is_found_walked_through_and_opened_by_keys(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Searched", template="Linear regression")
    with files_of(page, server) as files:
        files.add(FILES)
    search = SearchView(page)
    search.find("gadget")
    expect(search.said).to_contain_text("7 matches in 4 files")
    expect(search.row("^layers.py src 2")).to_be_visible()

    for _ in range(3):
        page.keyboard.press("F4")
    expect(workbench.tab("gadgets.py")).to_be_visible()
    expect(workbench.status_bar).to_contain_text("Ln 5, Col 12")

    search.find("gadget")
    page.keyboard.press("Alt+c")
    page.keyboard.press("Alt+b")
    expect(search.said).to_contain_text("5 matches in 3 files")
    search.field.fill(r"^import (g\w+)$")
    page.keyboard.press("Alt+r")
    expect(search.said).to_contain_text("2 matches in 2 files")
    search.panel.get_by_role("button", name="In which files").click()
    search.panel.get_by_label("Files to exclude").fill("src")
    expect(search.said).to_contain_text("1 match in 1 file")

    search.field.fill("(")
    expect(search.said).to_contain_text("unclosed group")
    for earlier in (r"^import (g\w+)$", "gadget"):
        page.keyboard.press("ArrowUp")
        expect(search.field).to_have_value(earlier)
    expect(search.said).to_contain_text("3 matches in 2 files")

    search.tree.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Delete")
    expect(search.said).to_contain_text("2 matches in 1 file")


def test_what_is_replaced_is_what_was_shown_and_can_be_taken_back(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Replaced", template="Linear regression")
    with files_of(page, server) as files:
        files.add(FILES)
        workbench.open("notes.md")
        search = SearchView(page)
        search.find(r"(gad)(get)")
        page.keyboard.press("Alt+r")
        page.keyboard.press("Control+Shift+h")
        search.replacement.fill("$2-$1")
        expect(search.row("gadgetget-gad")).to_have_count(6)
        expect(search.row("Gadgetget-Gad")).to_have_count(1)

        # Changed since: what is there now stays.
        files.write("src/layers.py", "rewritten\n")
        search.replace_all()
        expect(search.told).to_contain_text("Replaced 5 matches in 3 files")
        expect(search.told).to_contain_text("src/layers.py: It has changed since the search")
        assert files.read("gadgets.py").startswith("import get-gad\n\n\ndef use(x):\n    return get-gad.run(x)")
        assert files.read("caf\u00e9.txt") == "\U0001f600 get-gad\n"
        assert files.read("src/layers.py") == "rewritten\n"
        expect(workbench.editor).to_contain_text("# get-Gad")

        search.told.get_by_role("button", name="Undo").click()
        expect(search.told).to_contain_text("The replacement was undone.")
        assert files.read("gadgets.py") == FILES["gadgets.py"]
        expect(workbench.editor).to_contain_text("# Gadget")


def test_a_replacement_that_does_not_fit_loses_nothing_and_says_what_is_left(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Full search", template="Linear regression")
    with files_of(page, server) as files:
        files.add({f"{number}.txt": "gadget\n" for number in range(6)})
        workbench.terminal.run("head -c 40M /dev/zero > big", "No space left on device")
        search = SearchView(page)
        search.find("gadget")
        page.keyboard.press("Control+Shift+h")
        search.replacement.fill("x" * 8000)
        expect(search.row("^0.txt")).to_be_visible()
        search.replace_all()
        expect(search.told).to_contain_text("the filesystem is full")
        expect(search.said).to_contain_text("6 matches in 6 files")
        assert [files.read(f"{number}.txt") for number in range(6)] == ["gadget\n"] * 6


def test_files_commands_symbols_and_lines_are_found_in_one_palette(page: Page, server: Server) -> None:
    workbench = new_model(page, name="Palette", template="Linear regression")
    with files_of(page, server) as files:
        files.add(FILES | {".hidden.py": "x = 1\n"})
        palette = page.get_by_role("dialog")

        def ask(key: str, label: str) -> None:
            page.keyboard.press(key)
            expect(palette.get_by_label(label)).to_be_focused()

        # Letters need not wait for the field: it has the focus before the next key.
        page.keyboard.press("Control+p")
        page.keyboard.type("layers:2:6")
        expect(palette.get_by_label("Name of the file")).to_have_value("layers:2:6")
        expect(palette.get_by_role("option")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(workbench.tab("src/layers.py")).to_be_visible()
        expect(workbench.status_bar).to_contain_text("Ln 2, Col 6")

        # The list follows what happens to files, and begins with what was open last.
        files.add({"later/fresh_idea.py": "y = 2\n"})
        ask("Control+p", "Name of the file")
        expect(palette.get_by_role("option").first).to_contain_text("main.py")
        page.keyboard.type("frsh")
        expect(palette.get_by_role("option").first).to_contain_text("fresh_idea.py")
        page.keyboard.press("Control+a")
        page.keyboard.type("hidden")
        expect(palette.get_by_role("status")).to_contain_text("Nothing matches.")

        page.keyboard.press("Control+a")
        page.keyboard.press("Backspace")
        page.keyboard.type(">split")
        expect(palette.get_by_role("option").first).to_contain_text("Split")
        page.keyboard.press("Escape")

        ask("Control+g", "Number of the line")
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        expect(workbench.status_bar).to_contain_text("Ln 1, Col 1")

        ask("F1", "Name of the command")
        page.keyboard.type("light or dark")
        page.keyboard.press("Enter")
        ask("F1", "Name of the command")
        expect(palette.get_by_role("option").first).to_contain_text("Light or dark")
        page.keyboard.press("Backspace")
        expect(palette.get_by_label("Name of the file")).to_be_focused()
        page.keyboard.type("@use")
        expect(palette.get_by_label("Name of the symbol in the file")).to_be_focused()
        expect(palette.get_by_label("Name of the symbol in the file")).to_have_value("use")

        # Nor does the next palette wait for the one before to be gone.
        page.keyboard.press("Escape")
        page.keyboard.press("Control+g")
        page.keyboard.type("2")
        expect(palette.get_by_label("Number of the line")).to_have_value("2")
