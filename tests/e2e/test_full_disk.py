"""A filesystem without a byte or without a file left: whatever a person does is told, and nothing is lost by it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.server import Server
from tests.support.workbench import Workbench, new_model, wait_until

UGLY = "def evaluate( params ):\n    return {  'y':1 }\n"
REPOSITORY = (
    "git init -qb main; git config user.name Ada; git config user.email a@example.org; git add .; git commit -qm one"
)
FULL = "the filesystem is full"
NUMBERS = re.compile(r"It needs .+, .+ of 32 MiB are free\.")


class Files:
    """On the disk of the model whose page is open."""

    def __init__(self, client: httpx.Client, workbench: Workbench) -> None:
        self.client = client
        self.url = f"/api/v1/models/{workbench.model_url.rpartition('/')[2]}"

    def read(self, path: str) -> str:
        return self.client.get(f"{self.url}/files/{path}").raise_for_status().text

    def names(self) -> set[str]:
        return {entry["name"] for entry in self.client.get(f"{self.url}/tree/").raise_for_status().json()}


@contextmanager
def files_of(workbench: Workbench, server: Server) -> Iterator[Files]:
    with server.client() as client:
        yield Files(client, workbench)


def told(page: Page, what: str) -> Locator:
    return page.get_by_role("alert").filter(has_text=what)


def upload(page: Page, name: str, content: bytes) -> None:
    payload = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    page.locator("input[type=file][multiple]").first.set_input_files(payload)


def commit_by_page(page: Page, message: str) -> None:
    page.keyboard.press("Control+Shift+g")
    field = page.get_by_label("Message of the commit")
    field.fill(message)
    field.press("Control+Enter")


def new_named(page: Page, command: str, name: str) -> None:
    Workbench(page).command(command)
    field = page.get_by_role("tree", name="Files").get_by_role("textbox")
    expect(field).to_be_focused()
    field.fill(name)
    field.press("Enter")


def test_without_a_byte_left_each_action_names_what_it_needs_and_all_is_there_after(page: Page, server: Server) -> None:
    workbench = new_model(page, name="No byte", template="Linear regression")
    workbench.terminal.run(
        f"{REPOSITORY};"
        " git switch -qc wide; seq 90000 > wide.txt; git add .; git commit -qm wide; git switch -q main; head -c 9k"
        " /dev/urandom | base64 > noise.txt; git add noise.txt; head -c 40M /dev/zero > heap; sync; echo fu''ll",
        "full",
    )
    expect(workbench.status_bar.locator(".quota.full")).to_be_visible()
    with files_of(workbench, server) as files:
        before = files.read("main.py")
        page.keyboard.press("Control+Shift+g")
        page.get_by_role("button", name=re.compile("^Branch main")).first.click()
        page.get_by_label("Find a branch, or name a new one").fill("wide")
        page.keyboard.press("Enter")
        expect(told(page, "The branch is not wide")).to_contain_text("What was committed before is whole.")
        expect(page.get_by_role("button", name=re.compile("^Branch main")).first).to_be_visible()
        assert files.read("main.py") == before
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Shift+e")

        workbench.open("main.py")
        workbench.replace_text(UGLY + "#" * 9000)
        note = told(page, f"Saving main.py failed: {FULL}")
        expect(note).to_contain_text(NUMBERS)  # by autosave
        note.get_by_role("button", name="Dismiss").click()
        workbench.editor.click()
        page.keyboard.press("Shift+Alt+F")
        expect(workbench.editor).to_contain_text("def evaluate(params):")
        workbench.command("Code: Format on save")
        workbench.editor.click()
        page.keyboard.press("Control+s")
        expect(note).to_contain_text(NUMBERS)
        expect(workbench.tab("main.py")).to_contain_text("not saved")
        assert files.read("main.py") == before

        upload(page, "big.bin", bytes(2 << 20))
        expect(told(page, f"Uploading big.bin failed: {FULL}")).to_contain_text("It needs 2 MiB")
        workbench.file("noise.txt").click()
        page.get_by_role("tree", name="Files").focus()
        page.keyboard.press("Control+c")
        page.keyboard.press("Control+v")
        expect(told(page, f"Copying noise.txt failed: {FULL}")).to_contain_text(NUMBERS)
        new_named(page, "Files: New folder", "empty")  # needs no byte
        expect(workbench.file("empty")).to_be_visible()
        assert {"big.bin", "noise copy.txt"} & files.names() == set()

        workbench.terminal.run("rm heap; echo fr''ee", "free")
        workbench.wait_saved("main.py")  # by itself
        assert files.read("main.py").startswith("def evaluate(params):\n")
        workbench.terminal.run(
            "git fsck --no-dangling; git log --oneline | wc -l; git status -s noise.txt", r"1A +noise"
        )


def test_without_a_file_left_what_is_new_is_refused_and_what_is_there_is_saved(page: Page, server: Server) -> None:
    workbench = new_model(page, name="No file", template="Linear regression")
    workbench.terminal.run(
        f"{REPOSITORY}; echo new > gone.txt; echo fo''und",
        "found",
    )
    workbench.file("gone.txt").click()
    expect(workbench.editor).to_have_text("new")  # read to its end: what is open stays charged, and so can be put back
    page.get_by_role("tree", name="Files").focus()
    page.keyboard.press("Delete")
    expect(workbench.file("gone.txt")).to_have_count(0)
    workbench.terminal.run(
        "mkdir many; (cd many; seq 4200 | xargs touch) 2>/dev/null; df --output=iavail . | tail -1", r"\b0\b"
    )
    needs = "It needs 1 more file or folder; all 4,096 files of the limit are used."
    with files_of(workbench, server) as files:
        page.get_by_role("tree", name="Files").focus()
        page.keyboard.press("Control+z")
        expect(told(page, f"gone.txt cannot be put back: {FULL}")).to_contain_text(needs)
        for command, name in (("Files: New file", "fresh.txt"), ("Files: New folder", "fresh")):
            workbench.file("README.md").click()
            new_named(page, command, name)
            expect(told(page, f"Creating {name} failed: {FULL}")).to_contain_text(needs)
        upload(page, "up.txt", b"up")
        expect(told(page, f"Uploading up.txt failed: {FULL}")).to_contain_text(needs)
        workbench.write("main.py", UGLY + "# more\n")
        wait_until(page, lambda: files.read("main.py") == UGLY + "# more\n", what="what is there is saved")
        commit_by_page(page, "two")
        page.get_by_role("button", name="Stage all and commit").click()
        expect(told(page, "Staging failed")).to_contain_text("4,096 of 4,096 files and folders are used")
        expect(page.get_by_label("Message of the commit")).to_have_value("two")
        assert {"fresh", "fresh.txt", "up.txt", "gone.txt"} & files.names() == set()

        workbench.terminal.run("rm -r many; git log --oneline | wc -l; git fsck && echo wh''ole", "whole")
        page.keyboard.press("Control+Shift+e")
        page.get_by_role("tree", name="Files").focus()
        page.keyboard.press("Control+z")
        expect(workbench.file("gone.txt")).to_be_visible()
        assert files.read("gone.txt") == "new\n"
