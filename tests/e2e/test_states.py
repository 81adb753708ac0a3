"""The states of a model: where they come from, and what a person does with them."""

import io
import re
import zipfile
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.workbench import new_model


def row(states: Locator, name: str) -> Locator:
    return states.get_by_role("listitem", name=name, exact=True)


def upload(page: Page, file: FilePayload, name: str) -> Locator:
    page.get_by_role("button", name="Upload state").click()
    form = page.get_by_role("dialog", name="Upload a state")
    form.get_by_label("File", exact=True).set_input_files(file)
    form.get_by_label("Name").fill(name)
    form.get_by_role("button", name="Upload", exact=True).click()
    return form


def zip_of(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def test_states_tell_where_they_come_from_and_are_renamed_made_active_and_deleted(page: Page) -> None:
    workbench = new_model(page, name="Lineage", template="Linear regression")
    workbench.start("Train")
    workbench.wait_ended("Train", "succeeded")
    page.get_by_role("button", name="States", exact=True).click()
    states = page.get_by_role("dialog", name="States")

    trained = states.get_by_role("listitem").filter(has_text=re.compile("Trained from created"))
    trained.get_by_role("button", name=re.compile("Rename")).click()
    renaming = page.get_by_role("dialog", name=re.compile("Rename"))
    renaming.get_by_label("Name").fill("better")
    page.keyboard.press("Enter")
    expect(renaming).to_have_count(0)

    better = row(states, "better")
    better.get_by_role("button", name="Details of better").click()
    expect(better).to_contain_text("learning_rate = ")
    better.get_by_role("button", name="Make active").click()
    expect(better.get_by_text("active", exact=True)).to_be_visible()
    expect(better.get_by_role("button", name="Delete better")).to_be_disabled()

    states.get_by_role("button", name=re.compile("Delete created")).click()
    page.get_by_role("button", name="Delete state").click()
    expect(states.get_by_role("listitem")).to_have_count(1)
    expect(better).to_contain_text("Trained from a state that is deleted")


def test_a_state_is_uploaded_and_downloaded_whole_and_by_key(page: Page, tmp_path: Path) -> None:
    new_model(page, name="Uploads", template="Linear regression")
    page.keyboard.press("F1")
    expect(page.get_by_role("combobox", name="Name of the command")).to_be_focused()
    page.keyboard.type("Model: States")
    page.keyboard.press("Enter")
    states = page.get_by_role("dialog", name="States")
    expect(states).to_contain_text("no state yet")

    content = {"weights": b"w" * 2048, "labels": b"cat,dog"}
    form = upload(page, {"name": "a.zip", "mimeType": "application/zip", "buffer": b"no zip"}, "two keys")
    expect(form.get_by_role("alert")).to_contain_text("zip")
    form.get_by_label("File", exact=True).set_input_files(
        {"name": "b.zip", "mimeType": "application/zip", "buffer": zip_of(content)}
    )
    form.get_by_role("button", name="Upload", exact=True).click()
    expect(row(states, "two keys")).to_contain_text("2 KiB in 2 keys")

    with page.expect_download() as whole:
        states.get_by_role("link", name="Download two keys").click()
    whole.value.save_as(tmp_path / "whole.zip")
    with zipfile.ZipFile(tmp_path / "whole.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == content

    states.get_by_role("button", name="Details of two keys").click()
    with page.expect_download() as key:
        states.get_by_role("link", name="Download labels of two keys").click()
    key.value.save_as(tmp_path / "labels")
    assert (tmp_path / "labels").read_bytes() == content["labels"]
