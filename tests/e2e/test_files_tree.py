"""The file tree as hands know it: several at once, by key, by drag, undone; and uploads of folders that go on."""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, expect

from tests.support.workbench import Workbench, new_model, wait_until

BIG_BYTES = 6 << 20


def tree(page: Page) -> Locator:
    return page.get_by_role("tree", name="Files")


def selected(page: Page) -> list[str]:
    return [row.inner_text().strip() for row in page.locator('[role=treeitem][aria-selected="true"]').all()]


def wait_selected(page: Page, *names: str) -> None:
    wait_until(page, lambda: sorted(selected(page)) == sorted(names), what=f"{names} are selected")


def menu(page: Page, name: str, action: str) -> None:
    Workbench(page).file(name).click(button="right")
    page.get_by_role("menuitem", name=action, exact=True).click()


def test_several_are_chosen_copied_cut_deleted_and_put_back_by_key(page: Page) -> None:
    workbench = new_model(page, name="Keys", template="Linear regression")
    workbench.terminal.run("mkdir -p src/inner && touch src/a src/b src/inner/c keep.txt; echo made-$((1+1))", "made-2")
    expect(workbench.file("keep.txt")).to_be_visible()
    tree(page).focus()
    page.keyboard.press("Home")
    wait_selected(page, "src")
    page.keyboard.press("ArrowRight")
    expect(workbench.file("inner")).to_be_visible()
    page.keyboard.type("keep")
    wait_selected(page, "keep.txt")
    page.keyboard.press("Control+c")
    page.keyboard.press("Home")
    page.keyboard.press("Control+v")
    expect(workbench.file("keep.txt")).to_have_count(2)
    wait_selected(page, "keep.txt")
    page.keyboard.press("Control+v")  # beside itself, where the focus is
    expect(workbench.file("keep copy.txt")).to_be_visible()
    page.keyboard.press("Escape")

    workbench.file("a").click()
    workbench.file("b").click(modifiers=["Control"])
    wait_selected(page, "a", "b")
    page.keyboard.press("Shift+ArrowDown")
    wait_selected(page, "b", "keep copy.txt")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    wait_selected(page, "a", "b")
    page.keyboard.press("Control+x")
    expect(page.locator(".row.cut")).to_have_count(2)
    workbench.file("inner").click()
    page.keyboard.press("Control+v")
    expect(workbench.file("a")).to_have_attribute("aria-level", "3")
    wait_selected(page, "a", "b")

    page.keyboard.press("Delete")
    expect(page.get_by_text("Deleted 2 files and folders.")).to_be_visible()
    expect(workbench.file("a")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(workbench.file("a")).to_have_attribute("aria-level", "3")
    tree(page).focus()
    page.keyboard.press("Control+z")  # the move
    expect(workbench.file("a")).to_have_attribute("aria-level", "2")
    workbench.terminal.run(
        "find src keep.txt -type f | sort | tr '\\n' ' '; echo", r"keep.txt src/a src/b src/inner/c src/keep copy.txt"
    )


def test_a_deleted_folder_frees_a_full_disk_and_comes_back_whole(page: Page) -> None:
    workbench = new_model(page, name="Trash", template="Linear regression")
    workbench.terminal.run("mkdir heap && head -c 40M /dev/zero > heap/big; echo full-$((1+1))", "full-2")
    tree(page).focus()
    workbench.file("heap").click()
    page.keyboard.press("Delete")
    expect(workbench.file("heap")).to_have_count(0)
    workbench.terminal.run("df --output=pcent /model | tail -1; ls", r"\b0%|\b1%")
    tree(page).focus()
    page.keyboard.press("Control+z")
    expect(workbench.file("heap")).to_be_visible()
    workbench.terminal.run("du --apparent-size -m heap | cut -f1", r"3\d")
    menu(page, "heap", "Delete")
    expect(workbench.file("heap")).to_have_count(0)
    workbench.terminal.run("head -c 30M /dev/zero > other; echo taken-$((1+1))", "taken-2")
    page.get_by_role("button", name="Undo").click()
    note = page.get_by_role("alert").filter(has_text="heap cannot be put back: the filesystem is full")
    expect(note).to_be_visible()
    workbench.terminal.run("rm other; echo gone-$((1+1))", "gone-2")
    tree(page).focus()
    page.keyboard.press("Control+z")
    expect(workbench.file("heap")).to_be_visible()


def test_an_upload_asks_once_goes_on_after_a_break_and_refuses_what_cannot_fit(page: Page, tmp_path: Path) -> None:
    workbench = new_model(page, name="Uploads", template="Linear regression")
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("first")
    (folder / "deep" / "big.bin").write_bytes(bytes(range(256)) * (BIG_BYTES // 256))
    broken: list[str] = []

    def break_once(route: Route) -> None:
        if route.request.method == "PATCH" and not broken:
            broken.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(re.compile(r"/uploads/"), break_once)
    pick_folder = page.locator("input[type=file][webkitdirectory]")
    pick_folder.set_input_files(folder)
    expect(workbench.file("photos")).to_be_visible()
    wait_until(page, lambda: broken != [], what="the upload was broken off")
    expect(page.get_by_role("region", name="Uploads")).to_have_count(0)
    workbench.terminal.run("cksum photos/deep/big.bin | cut -d' ' -f2; cat photos/a.txt", rf"{BIG_BYTES}\s*first")

    (folder / "a.txt").write_text("second")
    pick_folder.set_input_files(folder)
    dialog = page.get_by_role("dialog", name="2 files are there already")
    dialog.get_by_role("button", name="Keep both").click()
    workbench.file("photos").click()
    expect(workbench.file("a (2).txt")).to_be_visible()
    expect(page.get_by_role("region", name="Uploads")).to_have_count(0)

    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method in ("PUT", "PATCH") else None)
    with (folder / "deep" / "big.bin").open("ab") as file:
        file.truncate(40 << 20)
    pick_folder.set_input_files(folder)  # into the folder that was clicked, where nothing is in its way
    expect(page.get_by_role("alert").filter(has_text="failed: the filesystem is full")).to_be_visible()
    assert sent == []


def test_thousands_of_files_arrive_and_the_tree_answers(page: Page) -> None:
    workbench = new_model(page, name="Many", template="Linear regression")
    workbench.terminal.run("mkdir many; echo made-$((1+1))", "made-2")
    workbench.file("many").click()
    workbench.terminal.run("(cd many && seq 1 3000 | xargs touch); echo came-$((1+1))", "came-2", seconds=120)
    expect(tree(page).locator('[role=treeitem][aria-setsize="3000"]').first).to_be_visible()
    assert tree(page).get_by_role("treeitem").count() < 120
    tree(page).focus()
    page.keyboard.press("End")
    expect(page.locator('[role=treeitem][aria-selected="true"]')).to_be_visible()


def test_rows_are_dragged_between_folders_and_downloaded_together(page: Page) -> None:
    workbench = new_model(page, name="Dragged", template="Linear regression")
    workbench.terminal.run("mkdir one two && touch one/x two/x y; echo made-$((1+1))", "made-2")
    expect(workbench.file("y")).to_be_visible()
    workbench.file("one").click()
    expect(workbench.file("x")).to_be_visible()  # from here the rows stay where they are
    workbench.file("y").click(modifiers=["Control"])
    workbench.file("y").drag_to(workbench.file("two"))
    expect(workbench.file("one")).to_have_attribute("aria-level", "2")
    expect(workbench.file("y")).to_have_attribute("aria-level", "2")
    wait_selected(page, "one", "y")
    tree(page).focus()
    with page.expect_download() as download:
        workbench.file("y").click(button="right")
        expect(page.get_by_role("menu", name="Actions for 2 files and folders")).to_be_visible()
        page.get_by_role("menuitem", name="Download").click()
    assert download.value.suggested_filename == "files.zip"
    workbench.file("two").click(button="right")
    page.get_by_role("menuitem", name="Duplicate").click()
    expect(workbench.file("two copy")).to_be_visible()
    menu(page, "two copy", "Copy relative path")
    page.get_by_role("button", name="Close all folders").click()
    expect(workbench.file("y")).to_have_count(0)
