"""The limits on bytes and on files, met in the terminal, seen on the page, raised in the settings."""

import re

from playwright.sync_api import Page, expect

from tests.support.workbench import Workbench, new_model

MIB = 1 << 20


def raise_limit(page: Page, mebibytes: int) -> None:
    page.get_by_role("button", name="Raise limit").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Size in MiB").fill(str(mebibytes))
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def meter(workbench: Workbench) -> str:
    return workbench.status_bar.get_by_role("button", name=re.compile("Filesystem")).inner_text()


def test_a_full_filesystem_harms_nothing_and_its_limit_is_raised_without_losing_the_shell(page: Page) -> None:
    workbench = new_model(page, name="Full", template="Linear regression")
    workbench.open("main.py")
    terminal = workbench.terminal
    terminal.run(
        "here=same-shell; sha256sum main.py > /tmp/before; head -c 40M /dev/zero > big", "No space left on device"
    )
    terminal.run("df -B1 --output=used,size /model | tail -1", rf"{32 * MIB}\s+{32 * MIB}")
    terminal.run("sha256sum -c /tmp/before", "main.py: OK")

    expect(workbench.status_bar.locator(".quota.full")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="full")).to_be_visible()

    workbench.replace_text("print('small')\n")
    workbench.save("main.py")
    terminal.run("cat main.py", r"print\('small'\)")

    # What grew by a block would need one that is not there.
    workbench.replace_text("#" * 9000)
    page.keyboard.press("Control+s")
    expect(page.get_by_label("Notifications")).to_contain_text(re.compile("full|space", re.IGNORECASE))
    expect(workbench.tab("main.py")).to_contain_text("not saved")

    raise_limit(page, 64)
    workbench.editor.click()
    workbench.save("main.py")
    terminal.run("rm big; head -c 40M /dev/zero > big && echo $here: $(stat -c %s big)", f"same-shell: {40 * MIB}")
    terminal.run("rm big; df -B1 --output=used /model | tail -1", r"\b\d{4,6}\b")
    expect(workbench.status_bar.locator(".quota.full")).to_have_count(0)


def test_the_file_that_is_one_too_many_is_refused(page: Page) -> None:
    workbench = new_model(page, name="Many", template="Linear regression")
    terminal = workbench.terminal
    terminal.run(
        "mkdir many; for i in $(seq 5000); do : > many/$i || break; done; echo stopped", "No space left on device"
    )
    terminal.run("df --output=iused,itotal /model | tail -1", r"4096\s+4096")
    terminal.run("echo more > many/1 && cat many/1", r"more\s")
    expect(workbench.status_bar.locator(".quota.full")).to_be_visible()
    terminal.run("rm -r many && touch one && echo room again", r"room again\s")
    expect(workbench.status_bar.locator(".quota.full")).to_have_count(0)
