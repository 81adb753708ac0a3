"""Sign in, make a model, edit and save."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.support.server import Server
from tests.support.workbench import new_model, wait_for_draft


def test_a_sign_in_link_works_once(server: Server, browser: Browser) -> None:
    url = server.new_sign_in_url()
    for expected in ("Models", "slipway sign-in"):
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        expect(page.locator("body")).to_contain_text(expected)
        context.close()


def test_without_a_session_the_page_explains_how_to_sign_in(server: Server, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/models/anything")
    expect(page.locator("body")).to_contain_text("slipway sign-in")
    context.close()


def test_every_template_makes_a_model_that_the_list_shows_with_its_use(page: Page) -> None:
    for template in ("Linear regression", "Image", "Node"):
        new_model(page, name=f"Made from {template}", template=template)
        page.get_by_role("link", name=re.compile("Models|Slipway")).first.click()
        row = page.get_by_role("listitem").filter(has_text=f"Made from {template}")
        expect(row).to_contain_text("32 MiB")


def test_an_edit_is_saved_and_read_by_the_terminal(page: Page) -> None:
    workbench = new_model(page, name="Edited", template="Linear regression")
    workbench.write("main.py", "print('was ' + 'edited')\n")
    workbench.terminal.run("python main.py", "was edited")


def test_the_tree_shows_what_the_terminal_makes(page: Page) -> None:
    workbench = new_model(page, name="Watched", template="Linear regression")
    workbench.terminal.type("mkdir made && touch made/inside made.txt\n")
    expect(workbench.file("made.txt")).to_be_visible()
    workbench.file("made").first.click()
    expect(workbench.file("inside")).to_be_visible()
    workbench.terminal.type("rm -r made made.txt\n")
    expect(workbench.file("made.txt")).to_have_count(0)


def test_a_file_changed_on_disk_is_not_overwritten_unasked(page: Page) -> None:
    workbench = new_model(page, name="Conflict", template="Linear regression")
    workbench.turn_autosave_off()
    workbench.open("main.py")
    workbench.replace_text("mine = 1\n")
    workbench.terminal.run("echo 'theirs = 2' > main.py && cat main.py", "theirs = 2")
    workbench.editor.click()
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile("Overwrite"))
    dialog.get_by_role("button", name=re.compile("Overwrite")).click()
    workbench.wait_saved("main.py")
    workbench.terminal.run("cat main.py", "mine = 1")


def test_unsaved_text_survives_a_reload(page: Page) -> None:
    workbench = new_model(page, name="Draft", template="Linear regression")
    workbench.turn_autosave_off()
    workbench.open("main.py")
    workbench.replace_text("# precious words\n")
    expect(workbench.tab("main.py")).to_contain_text("not saved")
    wait_for_draft(page, "# precious words\n")
    page.reload()
    workbench.wait_ready()
    expect(page.locator("body")).to_contain_text("precious words")


def test_the_palette_runs_commands_and_opens_files(page: Page) -> None:
    workbench = new_model(page, name="Palette", template="Linear regression")
    page.keyboard.press("Control+p")
    page.get_by_label("Name of the file").fill("read")
    page.keyboard.press("Enter")
    expect(workbench.tab("README.md")).to_be_visible()
    page.keyboard.press("F1")
    page.get_by_label("Name of the command").fill("model settings")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Model settings")).to_contain_text("Filesystem")
