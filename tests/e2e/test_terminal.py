"""A real Bash in the model's workspace."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.workbench import Workbench, new_model, wait_until

FLOOD_BYTES = 20_000_000


@pytest.fixture
def workbench(page: Page) -> Workbench:
    return new_model(page, name="Terminal", template="Linear regression")


def test_the_usual_commands_are_there(workbench: Workbench) -> None:
    workbench.terminal.run("python --version && node --version && npm --version && git --version", "git version 2")
    workbench.terminal.run("pwd; git init -q . && git status --short | head -3", r"\?\? README.md")
    workbench.terminal.run("vi --version | head -1; nano --version | head -1", "nano")


@pytest.mark.network
def test_a_package_from_the_registry_installs_and_imports(workbench: Workbench) -> None:
    workbench.terminal.run("pip install six && python -c 'import six; print(six.__file__)'", r"/model/.venv/\S+six.py")
    workbench.terminal.run("npm install is-number", "added 1 package")
    workbench.terminal.run('node -e \'console.log("is", require("is-number")(5))\'', "is true")


def test_ctrl_c_ends_a_program(workbench: Workbench) -> None:
    workbench.terminal.run("echo started-$((1+1)); sleep 1000", "started-2")
    workbench.terminal.press("Control+c")
    workbench.terminal.type("echo code-$?\n")
    workbench.terminal.wait_for("code-130")


def test_it_has_the_size_that_is_shown(workbench: Workbench, page: Page) -> None:
    workbench.terminal.run("stty size", r"\d+ \d+")
    before = re.findall(r"\b\d+ \d+\b", workbench.terminal.rows.inner_text())[0]
    page.set_viewport_size({"width": 1000, "height": 700})
    waiting = f"until [ \"$(stty size)\" != '{before}' ]; do sleep 0.1; done"
    workbench.terminal.run(f"{waiting}; echo resized-$((1+1))", "resized-2")


def test_colours_and_characters_of_all_widths_are_shown(workbench: Workbench, page: Page) -> None:
    workbench.terminal.run(
        r"printf '\033[31mred\033[0m caf\303\251 \346\227\245\346\234\254 \360\237\232\242\n'", "café 日本 🚢"
    )
    expect(page.locator(".xterm-rows .xterm-fg-1:visible", has_text="red").last).to_be_visible()


def test_a_flood_of_output_ends_with_a_prompt(workbench: Workbench) -> None:
    workbench.terminal.run(
        f"base64 -w 76 /dev/zero | head -c {FLOOD_BYTES}; echo; echo flood-$((40+2))", "flood-42", seconds=60
    )


def test_ctrl_c_stops_a_flood(workbench: Workbench) -> None:
    workbench.terminal.run("yes streaming", "(streaming){9}")
    workbench.terminal.press("Control+c")
    workbench.terminal.run("echo quiet-$((1+1))", "quiet-2")


def test_a_long_paste_into_a_program_that_does_not_read_leaves_other_terminals_alone(
    workbench: Workbench, page: Page
) -> None:
    workbench.terminal.run("echo stuck-$((1+1)); sleep 1000", "stuck-2")
    workbench.terminal.type("x" * 200_000)
    page.get_by_role("button", name="New terminal").click()
    expect(page.get_by_role("tab", name="Terminal 2")).to_have_attribute("aria-selected", "true")
    workbench.wait_ready()
    workbench.terminal.run("echo free-$((1+1))", "free-2")


def test_the_shell_goes_on_after_a_reload_of_the_page(workbench: Workbench, page: Page) -> None:
    workbench.terminal.run("here=before; echo set-$((1+1))", "set-2")
    page.reload()
    workbench.wait_ready()
    workbench.terminal.run("echo $here-the-reload", "before-the-reload")


def test_an_ended_shell_says_so_and_enter_starts_a_new_one(workbench: Workbench) -> None:
    workbench.terminal.type("exit 3\n")
    workbench.terminal.wait_for("exited with code 3")
    workbench.terminal.press("Enter")
    expect(workbench.terminal.rows).not_to_contain_text("exited")
    workbench.wait_ready()
    workbench.terminal.run("echo new-$((1+1))", "new-2")


def test_terminals_are_split_named_and_arranged_as_before_after_a_reload(workbench: Workbench, page: Page) -> None:
    workbench.terminal.run("mkdir -p deep/er && cd deep/er && echo there-$((1+1))", "there-2")
    page.keyboard.press("Control+Shift+5")
    tabs = page.get_by_role("tablist", name="Terminals").get_by_role("tab")
    shown = page.get_by_role("tabpanel", name=re.compile("Terminal|beside")).filter(has=page.locator(".xterm"))
    expect(shown).to_have_count(2)
    expect(shown.last.locator(".xterm-rows")).to_contain_text("~/deep/er $")

    tabs.last.dblclick()
    page.get_by_role("dialog", name="Rename terminal").get_by_label("Name", exact=True).fill("beside it")
    page.keyboard.press("Enter")
    expect(tabs).to_have_text(["Terminal 1", "beside it"])
    page.get_by_role("button", name="New terminal").click()
    expect(tabs).to_have_text(["Terminal 1", "beside it", "Terminal 3"])
    expect(shown).to_have_count(1)
    tabs.first.click()
    page.reload()
    expect(tabs).to_have_text(["Terminal 1", "beside it", "Terminal 3"])
    expect(shown).to_have_count(2)
    expect(tabs.first).to_have_attribute("aria-selected", "true")


def test_the_page_knows_how_commands_ended_and_in_which_folder(workbench: Workbench, page: Page) -> None:
    marks = page.locator(".command-mark")
    workbench.terminal.type("true\n")
    expect(marks).to_have_count(1)
    workbench.terminal.type("mkdir part; cd part; printf 'one\\ntwo\\n' >notes.txt; (exit 7)\n")
    expect(marks.last).to_have_attribute("title", "Failed with exit status 7")
    workbench.terminal.type("clear\n")
    workbench.terminal.run("echo notes.txt:2", r"notes.txt:2.*notes.txt:2")
    workbench.terminal.rows.get_by_text("notes.txt:2", exact=True).last.hover(force=True)
    expect(page.locator(".xterm-cursor-pointer:visible")).to_be_visible()
    page.mouse.down()
    page.mouse.up()
    expect(page.locator('.tab[title="part/notes.txt"]')).to_be_visible()
    expect(workbench.status_bar).to_contain_text("Ln 2, Col 1")


def test_nothing_moves_in_a_terminal_that_waits_for_a_key(workbench: Workbench, page: Page) -> None:
    """What moves has Chromium hold back an echo until the frame after."""
    workbench.terminal.run("echo focused-$((1+1))", "focused-2")
    wait_until(page, lambda: page.evaluate("document.getAnimations().length") == 0, what="no animation is left")
