"""The page as a person uses it: by what it shows and says, in a real Chromium."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium-headless-shell"
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SECONDS = 1000.0
PATIENCE_SECONDS = 30.0
"""How long the page may take to show what is expected, on a machine that is busy with other things."""

SignIn = Callable[[Page], None]
"""Opens the list of models on a new page."""

DRAFTS = """() => new Promise((resolve, reject) => {
  const open = indexedDB.open('slipway');
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const all = open.result.transaction('drafts').objectStore('drafts').getAll();
    all.onsuccess = () => { open.result.close(); resolve(all.result.map((draft) => draft.text)) };
  };
})"""


@contextmanager
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_SECONDS * SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def wait_until(page: Page, condition: Callable[[], bool], *, what: str) -> None:
    """For what no locator can expect. Not page.wait_for_function: that takes a promise itself for a yes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:g} s: {what}"
        page.wait_for_timeout(50)


def wait_for_draft(page: Page, text: str) -> None:
    wait_until(page, lambda: text in page.evaluate(DRAFTS), what=f"a draft holds {text!r}")


class Terminal:
    """The terminal that is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.rows = page.locator(".xterm-rows:visible")

    def focus(self) -> None:
        self._page.locator(".xterm-helper-textarea:visible").focus()

    def type(self, text: str) -> None:
        """A line ends with the Enter key; all else arrives as pasted text does."""
        self.focus()
        *lines, rest = text.split("\n")
        for line in lines:
            self._page.keyboard.insert_text(line)
            self._page.keyboard.press("Enter")
        if rest:
            self._page.keyboard.insert_text(rest)

    def press(self, key: str) -> None:
        self.focus()
        self._page.keyboard.press(key)

    def wait_for(self, pattern: str, *, seconds: float = PATIENCE_SECONDS) -> None:
        expect(self.rows).to_contain_text(re.compile(pattern), timeout=seconds * SECONDS)

    def run(self, command: str, expected: str, *, seconds: float = 60) -> None:
        """Clears the screen, runs a command and waits for a pattern that its output holds."""
        self.type("clear\n")
        self.type(command + "\n")
        self.wait_for(expected, seconds=seconds)


class Workbench:
    """The IDE of one model."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.terminal = Terminal(page)
        self.run_panel = page.get_by_role("complementary", name="Run")
        self.log = self.run_panel.get_by_role("region", name="Log", exact=True)
        self.status_bar = page.get_by_role("contentinfo")
        self.settings = ModelSettings(page)
        self.environment = self.status_bar.get_by_role("button", name=re.compile("Environment|Building environment"))
        self.editor = page.locator(".cm-content:visible")

    def wait_ready(self) -> None:
        self.terminal.wait_for(r"\$", seconds=60)

    @property
    def model_url(self) -> str:
        return self.page.url

    def file(self, name: str) -> Locator:
        return self.page.get_by_role("treeitem", name=re.compile(rf"^{re.escape(name)}"))

    def open(self, name: str) -> None:
        self.file(name).click()
        expect(self.tab(name)).to_be_visible()
        expect(self.editor).to_be_visible()

    def write(self, name: str, content: str) -> None:
        """Opens a file, replaces what is in it and saves."""
        self.open(name)
        self.replace_text(content)
        self.save(name)

    def replace_text(self, content: str) -> None:
        self.editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        # As pasted text: typed brackets and quotes would be completed by the editor.
        self.page.keyboard.insert_text(content)

    def save(self, name: str) -> None:
        self.page.keyboard.press("Control+s")
        self.wait_saved(name)

    def wait_saved(self, name: str) -> None:
        expect(self.tab(name)).not_to_contain_text("not saved")

    def turn_autosave_off(self) -> None:
        self.command("Autosave on or off")
        expect(self.page.get_by_text("Autosave is off.")).to_be_visible()

    def command(self, title: str) -> None:
        """Runs a command from the palette."""
        self.page.keyboard.press("F1")
        self.page.get_by_label("Name of the command").fill(title)
        self.page.keyboard.press("Enter")

    def tab(self, name: str) -> Locator:
        return self.page.locator(f'.tab[title="{name}"]')

    def choose(self, kind: str) -> None:
        self.run_panel.get_by_role("button", name="What to run").click()
        self.page.get_by_role("menuitemradio", name=kind).click()

    def start(self, kind: str) -> None:
        self.choose(kind)
        self.run_panel.get_by_role("button", name=f"Run: {kind}").click()

    def wait_ended(self, kind: str, status: str, *, seconds: float = 60) -> None:
        shown = self.run_panel.get_by_label(f"{kind}, {status}")
        expect(shown).to_be_visible(timeout=seconds * SECONDS)


class ModelSettings:
    """The dialog of that name; its sections are open once they are shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialog = page.get_by_role("dialog", name="Model settings")
        self.build = self.dialog.get_by_role("region", name="Build")

    def open(self, section: str) -> None:
        self.page.get_by_role("button", name="Model settings").first.click()
        self.show(section)

    def show(self, section: str) -> None:
        self.dialog.get_by_role("tab", name=section).click()
        expect(self.dialog.get_by_role("tabpanel", name=section)).to_be_visible()

    def versions(self, part: str) -> Locator:
        return self.dialog.get_by_label(part, exact=True)

    def choose(self, part: str, version: str) -> None:
        expect(self.versions(part)).to_be_enabled(timeout=30 * SECONDS)
        self.versions(part).select_option(version)

    def press(self, name: str) -> None:
        self.dialog.get_by_role("button", name=name, exact=True).click()

    def close(self) -> None:
        self.page.keyboard.press("Escape")
        expect(self.dialog).to_have_count(0)


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_role("heading", name="Models")).to_be_visible()


def new_model(page: Page, *, name: str, template: str) -> Workbench:
    page.get_by_role("button", name="New model").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name=re.compile(template)).check(force=True)
    page.get_by_role("button", name="Create model").click()
    workbench = Workbench(page)
    workbench.wait_ready()
    return workbench
