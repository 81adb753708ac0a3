"""What a person prefers, in a real browser: it holds at once, in all windows, and after a reload."""

from playwright.sync_api import Browser, Page, expect

from tests.e2e.test_access import problems
from tests.support.workbench import SignIn, new_model

FONT_SIZE = "(element) => getComputedStyle(element).fontSize"
NOW_IN_LIGHT = """(element) => {
  document.documentElement.dataset.theme = 'light';
  const { length } = document.getAnimations();
  return [getComputedStyle(element).color, length];
}"""
COLOURS = "document.documentElement.dataset.theme + ' ' + document.documentElement.dataset.contrast"


def test_preferences_hold_at_once_and_after_a_reload(page: Page) -> None:
    workbench = new_model(page, name="Preferred", template="Linear regression")
    workbench.open("main.py")
    page.keyboard.press("Control+,")
    dialog = page.get_by_role("dialog", name="Preferences")
    dialog.get_by_label("Colours", exact=True).select_option("Dark")
    dialog.get_by_label("Font size").fill("18")
    dialog.get_by_label("Find a command or key").fill("preferences")
    expect(dialog.get_by_role("row")).to_have_text(["CommandKey", "Preferences: ShowCtrl+,"])
    dialog.get_by_label("Font size").fill("100")
    expect(dialog.get_by_text("A whole number from 8 to 32.")).to_be_visible()
    page.keyboard.press("Escape")

    for _ in range(2):
        expect(workbench.editor).to_be_visible()
        assert page.evaluate(COLOURS) == "dark standard"
        assert workbench.editor.evaluate(FONT_SIZE) == "18px"
        assert workbench.terminal.rows.evaluate(FONT_SIZE) == "18px"
        page.reload()
        workbench.wait_ready()


def test_a_person_may_edit_as_in_vim_or_in_emacs(page: Page) -> None:
    workbench = new_model(page, name="Other keys", template="Linear regression")
    workbench.open("main.py")
    vim, emacs = page.locator(".cm-vimMode"), page.locator(".cm-emacsMode")
    choose_keys(page, "Vim")
    expect(vim).to_be_visible()
    workbench.editor.click()
    page.keyboard.type("ggOfirst\n")
    page.keyboard.press("Escape")
    page.keyboard.type(":w\n")
    workbench.wait_saved("main.py")
    workbench.terminal.run("head -1 main.py", "first")

    choose_keys(page, "Emacs")
    expect(emacs).to_be_visible()
    workbench.editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+k")
    page.keyboard.type("second")
    page.keyboard.press("Control+x")
    page.keyboard.press("Control+s")
    workbench.wait_saved("main.py")
    workbench.terminal.run("head -1 main.py | tr -d '\\n'", "second~")  # and nothing of the line that was killed


def choose_keys(page: Page, name: str) -> None:
    page.get_by_role("button", name="Preferences").click()
    page.get_by_role("dialog", name="Preferences").get_by_label("Keys", exact=True).select_option(name)
    page.keyboard.press("Escape")


def test_high_contrast_is_whole(browser: Browser, signed_in: SignIn) -> None:
    context = browser.new_context(bypass_csp=True, forced_colors="none", reduced_motion="reduce", contrast="more")
    page = context.new_page()
    signed_in(page)
    workbench = new_model(page, name="Contrast", template="Linear regression")
    workbench.open("main.py")
    assert page.evaluate(COLOURS) == "light more"
    found = problems(page, "light")
    page.get_by_role("button", name="Preferences").click()
    page.get_by_label("Colours", exact=True).select_option("Dark")
    found += problems(page, "preferences, dark")
    page.keyboard.press("Escape")
    found += problems(page, "dark")
    assert page.get_by_role("button", name="Go to file").evaluate(NOW_IN_LIGHT) == ["rgb(26, 36, 48)", 0]
    context.close()
    assert found == []
