"""Another model's files: mounted in Model settings, seen in a terminal, unmounted."""

import re

from playwright.sync_api import Page, expect

from tests.support.server import Server
from tests.support.workbench import new_model


def test_a_mounted_model_is_seen_in_terminals_until_it_is_unmounted(page: Page, server: Server) -> None:
    theirs = new_model(page, name="Word vectors", template="Linear regression")
    theirs.write("README.md", "their words")
    page.goto(server.url)
    mine = new_model(page, name="Reader", template="Linear regression")
    mine.terminal.run("echo before-$((1+1))", "before-2")

    settings = mine.settings
    settings.open("Mounted models")
    expect(settings.dialog.get_by_text("This model sees no other model.")).to_be_visible()
    settings.press("Mount a model")
    form = settings.dialog.get_by_role("form", name="Mount a model")
    form.get_by_label("Model").select_option("Word vectors")
    expect(form.get_by_label("Folder")).to_have_value("word-vectors")
    form.get_by_label("Folder").fill("no folder")
    expect(form).to_contain_text("A name has up to 64 letters")
    form.get_by_label("Folder").fill("words")
    form.get_by_role("button", name="Mount", exact=True).click()
    mounted = settings.dialog.get_by_role("list", name="Mounted models").get_by_role("listitem")
    expect(mounted).to_contain_text("/mounts/words")
    expect(mounted.get_by_role("link", name="Word vectors")).to_be_visible()
    settings.close()

    notice = page.get_by_text("This terminal has the previous variables or mounted models.")
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Restart terminal").click()
    expect(mine.terminal.rows).not_to_contain_text(re.compile(r"\w"), timeout=30_000)
    mine.wait_ready()
    mine.terminal.run("cat /mounts/words/README.md; touch /mounts/words/x", "their words.*Read-only file system")

    page.goto(server.url)
    page.get_by_role("link", name="Reader").click()
    settings.open("Mounted models")
    settings.dialog.get_by_role("button", name="Unmount Word vectors").click()
    page.get_by_role("dialog", name="Unmount Word vectors?").get_by_role("button", name="Unmount").click()
    expect(settings.dialog.get_by_text("This model sees no other model.")).to_be_visible()
    settings.close()
    expect(notice).to_be_visible()
