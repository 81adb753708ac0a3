"""Source control in the page, beside the real git in the terminal: what one does the other shows."""

import re

from playwright.sync_api import Page, Route, expect

from tests.support.workbench import Workbench, new_model, wait_until

REMOTE = (
    "cd /tmp; git init -q --bare remote.git; git clone -q remote.git other; cd other; seq 30 > lines.txt; "
    "git add .; git commit -qm First; git push -q"
)


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

    def press_more(self, name: str) -> None:
        self.press("More")
        self.page.get_by_role("menuitem", name=name, exact=True).click()

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


def test_a_part_of_a_file_is_staged_and_another_taken_back_beside_its_lines(page: Page) -> None:
    workbench = new_model(page, name="Git marks", template="Linear regression")
    git = SourceControl(workbench)
    git.introduce()
    workbench.terminal.type(
        "printf '%s\\n' one two three four five six > lines.txt; git init -q; git add .; git commit -qm First; "
        "sed -i -e s/one/ONE/ -e /six/d lines.txt\n"
    )
    expect(workbench.file("lines.txt")).to_have_text(re.compile(r"^\s*lines.txt\s*, modified"))
    workbench.open("lines.txt")
    expect(page.locator(".cm-git-changed")).to_have_count(1)
    expect(page.locator(".cm-git-deleted")).to_have_count(1)
    workbench.editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Alt+F3")
    peek = page.get_by_role("group", name="Change 1 of 2")
    expect(peek).to_contain_text("one")
    peek.get_by_role("button", name="Stage").click()
    expect(page.locator(".cm-git-changed")).to_have_count(0)
    workbench.editor.click()
    page.keyboard.press("Alt+F3")
    page.get_by_role("group", name="Change 1 of 1").get_by_role("button", name="Revert").click()
    expect(page.locator(".cm-git-mark")).to_have_count(0)
    workbench.save("lines.txt")
    workbench.terminal.run(
        "git diff; git diff --cached -U0 | grep '^[+-][a-zA-Z]'; cat lines.txt", r"-one\s*\+ONE\s*ONE\s*two.*six"
    )


def test_a_conflict_is_shown_and_resolved_and_a_clone_that_fails_is_told_of(page: Page) -> None:
    page.get_by_role("button", name="New model").first.click()
    page.get_by_label("Name", exact=True).fill("Git conflicts")
    page.get_by_role("radio", name=re.compile("From a Git repository")).check(force=True)
    page.get_by_label("Address").fill("file:///model/none.git")
    page.get_by_role("button", name="Create model").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no such remote repository")
    page.get_by_role("button", name="Keep the model and open it").click()
    workbench = Workbench(page)
    workbench.wait_ready()
    git = SourceControl(workbench)
    git.introduce()
    workbench.terminal.type(
        "git init -q; echo base > file; git add .; git commit -qm Base; git switch -qc side; echo side > file; "
        "git commit -qam Side; git switch -q main; echo main > file; git commit -qam Main; git merge side\n"
    )
    git.show()
    conflicts = git.view.get_by_role("list", name="Conflicts")
    expect(conflicts.get_by_role("listitem")).to_have_text(re.compile("file.*in conflict"))
    expect(git.view.get_by_text("A merge has stopped at conflicts.")).to_be_visible()
    git.press("Resolve file")
    page.get_by_role("menuitem", name="Take both").click()
    expect(git.staged.get_by_role("listitem")).to_have_text(re.compile("file.*modified"))
    git.commit("Merged")
    workbench.terminal.run("cat file; git log --oneline | wc -l; git status -s", r"main\s*side\s*4")


def test_a_repository_is_cloned_into_a_new_model_and_follows_its_remote(page: Page) -> None:
    clones: list[Route] = []
    page.route("**/git/transfers", lambda route: clones.append(route), times=1)
    page.get_by_role("button", name="New model").first.click()
    page.get_by_label("Name", exact=True).fill("Cloned")
    page.get_by_role("radio", name=re.compile("From a Git repository")).check(force=True)
    page.get_by_label("Address").fill("file:///tmp/remote.git")
    page.get_by_role("button", name="Create model").click()
    wait_until(page, lambda: bool(clones), what="the clone is asked for")
    [clone] = clones
    # No network is at hand: the remote lies in the workspace of the new model itself.
    aside = page.context.new_page()
    aside.goto(clone.request.url.partition("/git/")[0].replace("/api/v1", ""))
    terminal = Workbench(aside).terminal
    Workbench(aside).wait_ready()
    terminal.run("git config --global user.name Ada; git config --global user.email a@example.org; echo sa''id", "said")
    terminal.run(f"{REMOTE}; echo do''ne", "done")
    clone.continue_()
    workbench = Workbench(page)
    workbench.wait_ready()
    workbench.open("lines.txt")
    git = SourceControl(workbench)
    git.show()
    expect(git.view.get_by_role("button", name=re.compile("^Branch main"))).to_be_visible()

    workbench.command("Blame of the current line")
    expect(page.locator(".cm-git-blame")).to_contain_text(re.compile("Ada, .* · First"))
    workbench.editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("here ")
    expect(page.locator(".cm-git-blame")).to_have_text("Not committed yet")
    workbench.wait_saved("lines.txt")
    expect(git.changes.get_by_role("listitem")).to_have_count(1)
    git.press_more("Stashes…")
    stashes = page.get_by_role("dialog", name="Stashes")
    stashes.get_by_label("What the changes are").fill("for later")
    page.keyboard.press("Enter")
    expect(stashes.get_by_role("listitem")).to_have_text(re.compile("for later"))
    expect(workbench.editor).not_to_contain_text("here")
    stashes.get_by_role("button", name="Pop").click()
    expect(stashes.get_by_text("Nothing is put aside.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(workbench.editor).to_contain_text("here 1")

    terminal.run(
        "cd /tmp/other; sed -i s/^30/there/ lines.txt; git commit -qam There; git push -q; echo sen''t", "sent"
    )
    git.press("Stage lines.txt")
    expect(git.staged.get_by_role("listitem")).to_have_count(1)
    git.commit("Here")
    git.press_more("Push")
    toast = page.get_by_role("region", name="Notifications")
    expect(toast).to_contain_text("The push failed.")
    toast.get_by_role("button", name="Pull").click()
    expect(git.view.get_by_role("button", name="Sync: 0 to pull, 2 to push")).to_be_visible()
    expect(workbench.editor).to_contain_text("there")
    git.view.get_by_role("button", name="Sync: 0 to pull, 2 to push").click()
    expect(git.view.get_by_role("button", name="Sync: 0 to pull, 0 to push")).to_be_visible()
    terminal.run("git pull -q; head -1 lines.txt; tail -1 lines.txt", r"here 1\s*there")
