"""The file tree and the open files, as people handle them: by mouse, by drop, and when things go wrong."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.support.workbench import Workbench, new_model, wait_for_draft, wait_until

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DROP = """([tree, name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  for (const type of ['dragenter', 'dragover', 'drop'])
    tree.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def upload(page: Page, name: str, content: bytes) -> None:
    payload = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    page.locator("input[type=file][multiple]").first.set_input_files(payload)
    expect(Workbench(page).file(name)).to_be_visible()


def menu(page: Page, name: str, action: str) -> None:
    Workbench(page).file(name).click(button="right")
    page.get_by_role("menuitem", name=action, exact=True).click()


def type_name(page: Page, name: str) -> None:
    expect(page.get_by_role("tree", name="Files").get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(name)
    page.keyboard.press("Enter")


def test_folders_and_files_are_made_moved_renamed_and_deleted(page: Page) -> None:
    workbench = new_model(page, name="Tree", template="Linear regression")
    page.get_by_role("button", name="New folder").click()
    type_name(page, "data")
    expect(workbench.file("data")).to_be_visible()
    page.keyboard.press("Alt+n")
    type_name(page, "notes.txt")
    expect(workbench.tab("data/notes.txt")).to_be_visible()

    workbench.file("README.md").drag_to(workbench.file("data"))
    expect(workbench.file("README.md")).to_have_attribute("aria-level", "2")
    workbench.file("README.md").drag_to(page.get_by_role("tree", name="Files"), target_position={"x": 60, "y": 400})
    expect(workbench.file("README.md")).to_have_attribute("aria-level", "1")

    menu(page, "notes.txt", "Rename")
    type_name(page, "main.py")  # free in this folder
    expect(workbench.tab("data/main.py")).to_be_visible()
    menu(page, "data", "Delete")
    expect(workbench.file("data")).to_have_count(0)
    expect(workbench.tab("data/main.py")).to_contain_text("deleted")


def test_files_come_by_drop_and_by_upload_and_go_by_download(page: Page) -> None:
    workbench = new_model(page, name="Transfers", template="Linear regression")
    tree = page.get_by_role("tree", name="Files").element_handle()
    page.evaluate(DROP, [tree, "dropped.txt", "first"])
    expect(workbench.file("dropped.txt")).to_be_visible()
    page.evaluate(DROP, [tree, "dropped.txt", "second"])
    page.get_by_role("dialog").get_by_role("button", name="Replace").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    workbench.open("dropped.txt")
    expect(workbench.editor).to_contain_text("second")
    with page.expect_download() as download:
        menu(page, "dropped.txt", "Download")
    assert download.value.suggested_filename == "dropped.txt"
    assert Path(download.value.path()).read_text() == "second"

    upload(page, "dot.png", PNG)
    workbench.file("dot.png").click()
    image = page.get_by_role("img", name="dot.png")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    upload(page, "program.bin", b"\x7fELF\0\1")
    workbench.file("program.bin").click()
    expect(page.get_by_text(re.compile("not shown as text"))).to_be_visible()


def test_tabs_splits_and_the_theme_are_as_they_were_after_a_reload(page: Page) -> None:
    workbench = new_model(page, name="Arranged", template="Linear regression")
    workbench.open("README.md")
    page.keyboard.press("Control+\\")
    page.keyboard.press("Control+1")
    page.keyboard.press("Alt+w")
    page.keyboard.press("Control+2")
    page.get_by_role("button", name="Show hidden files").click()
    expect(workbench.file(".venv")).to_be_visible()
    page.get_by_role("button", name="Switch to dark colours").click()

    def groups() -> list[int]:
        boxes = [workbench.tab(name).bounding_box() for name in ("main.py", "README.md")]
        return [round(box["x"]) for box in boxes if box]

    def stands_beside() -> bool:
        main, *readme = groups()
        return readme != [] and readme[0] - main > 200

    wait_until(page, stands_beside, what="README.md stands in a split of its own")
    before = groups()
    page.reload()
    workbench.wait_ready()
    expect(workbench.tab("README.md")).to_be_visible()
    wait_until(page, lambda: groups() == before, what="the tabs are where they were")
    expect(workbench.file(".venv")).to_be_visible()
    expect(page.get_by_role("button", name="Switch to light colours")).to_be_visible()
    expect(page.get_by_label("Editor, README.md")).to_be_focused()


def test_unsaved_text_outlives_a_crash_of_the_page(page: Page) -> None:
    workbench = new_model(page, name="Crash", template="Linear regression")
    workbench.turn_autosave_off()
    workbench.open("main.py")
    workbench.replace_text("# typed before the crash\n")
    expect(workbench.tab("main.py")).to_contain_text("not saved")
    wait_for_draft(page, "# typed before the crash\n")
    url = page.url
    context = page.context
    page.close(run_before_unload=False)
    page = context.new_page()
    page.goto(url)
    workbench = Workbench(page)
    expect(workbench.editor).to_contain_text("typed before the crash")
    expect(page.get_by_text(re.compile("Unsaved changes .* were put back"))).to_be_visible()


def test_a_save_that_does_not_fit_names_what_is_large_and_raises_the_limit(page: Page) -> None:
    workbench = new_model(page, name="Full", template="Linear regression")
    workbench.terminal.run("mkdir heap && head -c 40M /dev/zero > heap/big; echo full-$((1+1))", "full-2")
    workbench.open("main.py")
    workbench.replace_text(f"# {'longer ' * 2000}\n")
    page.keyboard.press("Control+s")
    note = page.get_by_role("alert").filter(has_text="Saving main.py failed")
    expect(note).to_contain_text("heap")
    note.get_by_role("button", name="Raise limit").click()
    page.get_by_role("dialog").get_by_role("button", name="128 MiB").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    workbench.editor.click()
    workbench.save("main.py")
    expect(note).to_have_count(0)


def test_models_are_renamed_and_deleted_in_the_list(page: Page) -> None:
    new_model(page, name="First choice", template="Image")
    page.get_by_role("link", name="Slipway").click()
    page.get_by_role("button", name="Actions for First choice").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("Second choice")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Second choice")).to_be_visible()
    page.get_by_role("button", name="Actions for Second choice").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete model").click()
    expect(page.get_by_role("link", name="Second choice")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1024])
def test_nothing_is_wider_than_a_small_window(page: Page, width: int) -> None:
    workbench = new_model(page, name="Small", template="Linear regression")
    page.set_viewport_size({"width": width, "height": 700})
    if width == 390:
        page.get_by_role("button", name="Run", exact=True).click()
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    is_as_wide = f"document.documentElement.scrollWidth === {width}"
    wait_until(page, lambda: bool(page.evaluate(is_as_wide)), what="nothing is wider than the window")


def test_an_old_page_says_that_it_is_old(page: Page) -> None:
    new_model(page, name="Updated", template="Linear regression")
    page.route(re.compile(r"/assets/Preferences-.*\.js"), lambda route: route.fulfill(status=404))
    newer = "<!doctype html><script type=module src=/assets/another.js></script>"
    page.route(page.url, lambda route: route.fulfill(body=newer, content_type="text/html"))
    page.keyboard.press("Control+,")
    expect(page.get_by_text("Slipway was updated")).to_be_visible()
    expect(page.get_by_role("button", name="Reload")).to_be_visible()
