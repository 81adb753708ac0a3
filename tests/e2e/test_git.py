"""Source control in the page, beside the real git in the terminal: what one does the other shows."""

import re

from playwright.sync_api import Page, expect

from tests.support.workbench import Workbench, new_model


class SourceControl:
    """The view of that name."""

    def __init__(self, workbench: Workbench) -> None:
        self.page = workbench.page
        self.terminal = workbench.terminal
        self.view = self.page.get_by_role("region", name="Source control")
        self.message = self.view.get_by_label("Message of the commit")
        self.staged = self.view.get_by_role("list", name="Staged changes")
        self.changes = self.view.get_by_role("list", name="Changes", exact=True)
        self.button = self.page.get_by_role("navigation").get_by_role("button", name="Source control")

    def show(self) -> None:
        self.page.keyboard.press("Control+Shift+g")
        expect(self.view).to_be_visible()

    def initialize(self) -> None:
        self.show()
        self.view.get_by_role("button", name="Initialize repository").click()
        expect(self.message).to_be_visible()

    def press(self, name: str) -> None:
        self.view.get_by_role("button", name=name, exact=True).click()

    def introduce(self) -> None:
        """Who commits, as the terminal tells it."""
        self.terminal.run(
            "git config --global user.name Ada; git config --global user.email a@example.org; echo sa''id", "said"
        )

    def commit(self, message: str) -> None:
        self.message.fill(message)
        self.message.press("Control+Enter")
        expect(self.message).to_have_value("")


def test_what_git_does_in_the_terminal_and_in_the_view_is_one(page: Page) -> None:
    workbench = new_model(page, name="Git", template="Linear regression")
    git = SourceControl(workbench)
    git.initialize()
    git.press("Stage all: Changes")
    expect(git.staged.get_by_role("listitem")).to_have_count(3)
    git.message.fill("First commit")
    git.message.press("Control+Enter")
    page.get_by_label("Name", exact=True).fill("Ada")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_role("button", name="Save and commit").click()
    expect(git.view.get_by_text("Nothing has changed since the last commit.")).to_be_visible()
    expect(git.message).to_have_value("")

    workbench.terminal.type("git log --format='%an: %s'; echo '# end' >> main.py; git switch -qc side; rm README.md\n")
    workbench.terminal.wait_for("Ada: First commit")
    expect(git.changes.get_by_role("listitem")).to_have_text(
        [re.compile("README.md.*deleted"), re.compile("main.py.*modified")]
    )
    expect(git.button).to_have_accessible_name("Source control, 2 changes")
    expect(workbench.status_bar.get_by_role("button", name="Branch side, with changes. Switch it")).to_be_visible()

    git.press("Discard README.md")
    page.get_by_role("button", name="Discard", exact=True).click()
    expect(git.changes.get_by_role("listitem")).to_have_count(1)
    git.press("Stage main.py")
    git.changes.wait_for(state="detached")
    git.staged.get_by_role("button", name="main.py").first.click()
    expect(page.get_by_role("textbox", name="After, main.py")).to_contain_text("# end")
    expect(page.locator('.tab[title="main.py (staged)"]')).to_be_visible()
    page.keyboard.press("Alt+w")
    git.commit("Second")
    workbench.terminal.run("git status -sb; git log --format=%s -1; ls README.md", r"## side\s*Second\s*README.md")

    git.press("History")
    history = page.get_by_role("dialog", name="History")
    expect(history.get_by_role("list", name="Commits").get_by_role("listitem")).to_have_text(
        [re.compile("side.*Second.*Ada"), re.compile("main.*First commit")]
    )
    expect(history.get_by_role("list", name="Files of the commit")).to_have_text(re.compile(r"M\s*main.py\s*\+1"))
    page.keyboard.press("Escape")
    git.view.get_by_role("button", name=re.compile("^Branch side")).click()
    page.get_by_label("Find a branch, or name a new one").fill("main")
    page.keyboard.press("Enter")
    expect(git.view.get_by_role("button", name=re.compile("^Branch main"))).to_be_visible()
    workbench.terminal.run("git branch --show-current", r"--show-current\s*main")
