"""Tabs in groups, previews, and what outlives a reload, a crash and a second window."""

import os
import re
import signal
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.server import Server
from tests.support.workbench import (
    CHROMIUM,
    CHROMIUM_ARGUMENTS,
    Workbench,
    new_model,
    sign_in,
    wait_for_draft,
    wait_until,
)

PREVIEW = re.compile(r"\bpreview\b")
BROKEN_MEMORIES = (
    '{"tabs":',
    '{"tabs": {"file-1": {"path": "main.py"}}, "dock": {"grid": {"root": 5}, "panels": {"file-1": {}}}}',
)
BREAK_MEMORY = """(broken) => window.addEventListener('pagehide', () => {
  for (const storage of [localStorage, sessionStorage])
    for (const key of Object.keys(storage).filter((name) => name.startsWith('slipway.tabs.')))
      storage.setItem(key, broken);
})"""
LONG = "".join(f"line_{number} = {number}\n" for number in range(400))


def groups(page: Page) -> list[list[str]]:
    """The paths of the tabs of each group, from left to right."""
    found: list[list[str]] = page.locator(".dv-groupview").evaluate_all(
        """(groups) => groups
        .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left)
        .map((group) => [...group.querySelectorAll('.tab')].map((tab) => tab.title))"""
    )
    return found


def wait_groups(page: Page, *expected: list[str]) -> None:
    wait_until(page, lambda: groups(page) == list(expected), what=f"the tabs are {expected}")


def texts(page: Page) -> Locator:
    return page.locator(".cm-content:visible")


def fill(page: Page, content: str) -> None:
    """Replaces the text that has the focus."""
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(content)


def open_again(context: BrowserContext, url: str) -> Workbench:
    page = context.new_page()
    page.goto(url)
    workbench = Workbench(page)
    workbench.wait_ready()
    return workbench


def test_two_groups_show_one_text_with_one_save_and_one_history(page: Page) -> None:
    workbench = new_model(page, name="Groups", template="Linear regression")
    workbench.turn_autosave_off()
    page.keyboard.press("Control+\\")
    wait_groups(page, ["main.py"], ["main.py"])
    fill(page, "shared = 1\n")
    expect(texts(page)).to_have_text(["shared = 1", "shared = 1"])
    for tab in workbench.tab("main.py").all():
        expect(tab).to_contain_text("not saved")
    page.keyboard.press("Control+1")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(texts(page).nth(1)).to_contain_text("import")
    page.keyboard.press("Control+2")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+y")
    expect(texts(page)).to_have_text(["shared = 1", "shared = 1"])
    # The group goes that the text was opened in; the other asks nothing, and keeps all of it.
    page.keyboard.press("Control+1")
    page.keyboard.press("Alt+w")
    wait_groups(page, ["main.py"])
    expect(texts(page)).to_have_text(["shared = 1"])
    page.keyboard.press("Control+1")
    workbench.save("main.py")
    workbench.terminal.run("cat main.py", "shared = 1")


def test_a_look_at_files_takes_one_tab_and_tabs_go_where_they_are_wanted(page: Page) -> None:
    workbench = new_model(page, name="Previews", template="Linear regression")
    workbench.terminal.run("mkdir -p deep/er && touch deep/er/{1..30}.py; echo made-$((1+1))", "made-2")
    workbench.file("README.md").click()
    expect(workbench.tab("README.md")).to_have_class(PREVIEW)
    workbench.file("slipway.toml").click()
    wait_groups(page, ["main.py", "slipway.toml"])
    workbench.tab("slipway.toml").dblclick()
    expect(workbench.tab("slipway.toml")).not_to_have_class(PREVIEW)
    workbench.file("README.md").click()
    workbench.editor.click()
    page.keyboard.insert_text("edited ")
    expect(workbench.tab("README.md")).not_to_have_class(PREVIEW)
    wait_groups(page, ["main.py", "slipway.toml", "README.md"])

    workbench.tab("README.md").drag_to(workbench.tab("main.py"), target_position={"x": 4, "y": 10})
    wait_groups(page, ["README.md", "main.py", "slipway.toml"])
    text = page.locator(".cm-scroller:visible")
    area = text.bounding_box()
    assert area is not None
    workbench.tab("main.py").drag_to(text, target_position={"x": area["width"] - 20, "y": 200})
    wait_groups(page, ["README.md", "slipway.toml"], ["main.py"])
    workbench.tab("slipway.toml").drag_to(workbench.tab("main.py"))
    expect(workbench.tab("slipway.toml")).to_be_visible()
    wait_until(
        page,
        lambda: sorted(map(sorted, groups(page))) == [["README.md"], ["main.py", "slipway.toml"]],
        what="slipway.toml stands beside main.py",
    )

    workbench.tab("slipway.toml").click(button="middle")
    wait_groups(page, ["README.md"], ["main.py"])
    page.keyboard.press("Alt+Shift+T")
    expect(page.get_by_label("Editor, slipway.toml")).to_be_focused()
    workbench.tab("slipway.toml").click(button="right")
    page.get_by_role("menuitem", name="Close all").click()
    wait_groups(page)

    for folder in ("deep", "er"):
        workbench.file(folder).click()
    for number in range(1, 31):
        workbench.file(f"{number}.py").dblclick()
    page.get_by_role("button", name="All tabs of this group").click()
    expect(page.get_by_role("menuitem")).to_have_count(30)
    page.get_by_role("menuitem", name="deep/er/2.py", exact=True).click()
    expect(page.get_by_label("Editor, 2.py")).to_be_focused()
    page.get_by_role("navigation", name="Path of 2.py").get_by_role("button", name="deep").click()
    expect(workbench.file("deep")).to_have_attribute("aria-selected", "true")


def test_a_reload_brings_back_groups_tabs_cursors_and_scroll_and_survives_a_broken_memory(page: Page) -> None:
    workbench = new_model(page, name="Restored", template="Linear regression")
    workbench.write("main.py", LONG)
    workbench.file("README.md").dblclick()
    page.keyboard.press("Control+\\")
    wait_groups(page, ["main.py", "README.md"], ["README.md"])
    page.keyboard.press("Control+1")
    page.keyboard.press("Alt+1")
    scroller = page.locator(".cm-scroller:visible").first
    scroller.evaluate("(element) => { element.scrollTop = 3000 }")
    page.locator(".cm-line:visible").filter(has_text="line_155").click()
    expect(workbench.status_bar).to_contain_text("Ln 156")
    before = scroller.evaluate("(element) => element.scrollTop")
    # Away and back: what is out of the page does not scroll.
    page.keyboard.press("Alt+2")
    page.keyboard.press("Alt+1")

    def is_there() -> bool:
        now = page.locator(".cm-scroller:visible").first.evaluate("(element) => element.scrollTop")
        return bool(abs(now - before) < 3)

    wait_until(page, is_there, what="the text is scrolled to where it was")
    page.reload()
    workbench.wait_ready()
    wait_groups(page, ["main.py", "README.md"], ["README.md"])
    expect(page.get_by_label("Editor, main.py")).to_be_focused()
    expect(workbench.status_bar).to_contain_text("Ln 156")
    wait_until(page, is_there, what="the text is scrolled to where it was after the reload")

    for broken in BROKEN_MEMORIES:
        page.evaluate(BREAK_MEMORY, broken)
        page.reload()
        workbench.wait_ready()
        wait_groups(page, ["main.py"])


def test_unsaved_text_survives_a_killed_browser_and_meets_what_changed_meanwhile(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    def launch() -> BrowserContext:
        return browser.browser_type.launch_persistent_context(
            tmp_path / "profile", executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )

    context = launch()
    first = context.new_page()
    first.goto(server.new_sign_in_url())
    workbench = new_model(first, name="Killed", template="Linear regression")
    workbench.turn_autosave_off()
    fill(first, "typed = 1\n")
    wait_for_draft(first, "typed = 1\n")
    url = first.url
    workbench.terminal.run("echo 'theirs = 2' > main.py; cat main.py", "theirs = 2")
    kill_browser_of(tmp_path / "profile")

    context = launch()
    sign_in(context.new_page(), server.new_sign_in_url())
    workbench = open_again(context, url)
    expect(workbench.editor).to_have_text("typed = 1")
    strip = workbench.page.get_by_text("main.py has changed on disk")
    expect(strip).to_be_visible()
    workbench.command("File: Compare with disk version")
    expect(workbench.page.get_by_label("Disk version of main.py")).to_contain_text("theirs = 2")
    workbench.page.get_by_role("button", name="Cancel").click()
    workbench.command("File: Overwrite disk version")
    expect(strip).to_have_count(0)
    workbench.terminal.run("cat main.py", "typed = 1")
    context.close()


def kill_browser_of(profile: Path) -> None:
    """All processes of it, as when the machine kills them: the main one tells the others nothing."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except FileNotFoundError:
            continue
        if f"--user-data-dir={profile}" in command:
            os.kill(int(process.name), signal.SIGKILL)


def test_two_windows_keep_their_own_unsaved_text_and_a_third_is_offered_what_was_left(page: Page) -> None:
    workbench = new_model(page, name="Windows", template="Linear regression")
    workbench.turn_autosave_off()
    url = page.url
    second = open_again(page.context, url)
    expect(second.editor).to_contain_text("import")
    second.editor.click()
    fill(second.page, "second = 2\n")
    wait_for_draft(second.page, "second = 2\n")
    page.bring_to_front()
    workbench.editor.click()
    fill(page, "first = 1\n")
    wait_for_draft(page, "first = 1\n")
    wait_for_draft(page, "second = 2\n")
    # A third sees what is on disk, as the others are still there to save their own.
    third = open_again(page.context, url)
    expect(third.editor).to_contain_text("import")
    second.page.close(run_before_unload=False)
    wait_for_draft(page, "second = 2\n")
    third.page.reload()
    third.wait_ready()
    expect(third.editor).to_have_text("second = 2")
    expect(third.page.get_by_text(re.compile("Unsaved changes .* were put back"))).to_be_visible()
    third.editor.click()
    third.save("main.py")
    page.bring_to_front()
    expect(page.get_by_text("main.py has changed on disk")).to_be_visible()
    expect(workbench.editor).to_have_text("first = 1")


def test_autosave_saves_after_a_pause_follows_the_disk_and_waits_for_space_without_nagging(page: Page) -> None:
    workbench = new_model(page, name="Autosave", template="Linear regression")
    fill(page, "saved = 'by itself'\n")
    workbench.wait_saved("main.py")
    workbench.terminal.run("cat main.py", "by itself")
    # What was not edited follows the disk, its cursor and name too.
    workbench.terminal.run("echo more >> main.py; mv main.py renamed.py; echo moved-$((1+1))", "moved-2")
    expect(workbench.tab("renamed.py")).to_be_visible()
    expect(workbench.editor).to_contain_text("more")

    workbench.terminal.run("head -c 40M /dev/zero > big", "No space left on device")
    workbench.editor.click()
    fill(page, "#" * 9000)
    notes = page.get_by_role("alert").filter(has_text="Saving renamed.py failed")
    expect(notes).to_have_count(1)
    notes.get_by_role("button", name=re.compile("Dismiss|Close|Hide")).click()
    page.keyboard.insert_text("#")
    expect(workbench.tab("renamed.py")).to_contain_text("not saved")
    wait_for_draft(page, "#" * 9001)
    workbench.terminal.run("rm big; echo free-$((1+1))", "free-2")
    workbench.wait_saved("renamed.py")
    expect(notes).to_have_count(0)
    workbench.terminal.run("wc -c < renamed.py", r"renamed.py\s*9001")
