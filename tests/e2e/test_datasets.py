"""Datasets in the page: uploaded, looked at, appended to, used as inputs."""

import io
import re
import struct
import zipfile
import zlib

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.workbench import new_model

CSV = "size,weight,kind\n1,1.5,apple\n2,2.5,pear\n3,,apple\n"


def png(red: int) -> bytes:
    """One pixel of that colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, red, 90, 120]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def images() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for index, label in enumerate(["cat", "dog"]):
            archive.writestr(f"{label}/{index}.png", png(200 * index))
    return content.getvalue()


def payload(name: str, content: str | bytes) -> FilePayload:
    data = content.encode() if isinstance(content, str) else content
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def open_datasets(page: Page) -> Locator:
    page.get_by_role("button", name="Datasets", exact=True).click()
    return page.get_by_role("dialog", name="Datasets")


def row(datasets: Locator, name: str) -> Locator:
    return datasets.get_by_role("listitem", name=name, exact=True)


def upload(page: Page, file: FilePayload, name: str) -> Locator:
    page.get_by_role("button", name="Upload dataset").click()
    form = page.get_by_role("dialog", name="Upload a dataset")
    form.get_by_label("File", exact=True).set_input_files(file)
    form.get_by_label("Name", exact=True).fill(name)
    form.get_by_role("button", name="Upload", exact=True).click()
    return form


def cells(table: Locator, index: int) -> list[str]:
    return [text.strip() for text in table.locator("tbody tr").nth(index).locator("th, td").all_inner_texts()]


def test_a_table_is_uploaded_looked_at_appended_to_renamed_and_deleted(page: Page) -> None:
    new_model(page, name="Fruit", template="Linear regression")
    datasets = open_datasets(page)

    form = upload(page, payload("fruit.csv", "size\n1,2\n"), "fruit")
    expect(form.get_by_role("alert")).to_contain_text("Line 2: expected 1 cells")
    form.get_by_label("File", exact=True).set_input_files(payload("fruit.csv", CSV))
    form.get_by_role("button", name="Upload", exact=True).click()
    expect(form).to_have_count(0)
    expect(row(datasets, "fruit")).to_contain_text("3 keys · 3 entries")

    row(datasets, "fruit").get_by_role("button", name="Details of fruit").click()
    table = datasets.get_by_role("region", name="Entries of fruit")
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(table.locator("thead")).to_contain_text(re.compile(r"size\s*i64.*weight\s*f64.*kind\s*string", re.DOTALL))
    assert cells(table, 2) == ["2", "3", "nan", "apple"]

    row(datasets, "fruit").get_by_role("button", name="Append").click()
    more = page.get_by_role("dialog", name="Append to fruit")
    more.get_by_label("File", exact=True).set_input_files(
        payload("more.jsonl", '{"size": 4, "weight": 9.5, "kind": "plum"}\n')
    )
    more.get_by_role("button", name="Append", exact=True).click()
    expect(table.locator("tbody tr")).to_have_count(4)
    assert cells(table, 3) == ["3", "4", "9.5", "plum"]

    row(datasets, "fruit").get_by_role("button", name="Rename").click()
    page.get_by_role("dialog", name="Rename fruit").get_by_label("Name", exact=True).fill("harvest")
    page.keyboard.press("Enter")
    table = datasets.get_by_role("region", name="Entries of harvest")
    table.get_by_role("button", name="Delete the key weight").click(force=True)
    page.get_by_role("button", name="Delete key", exact=True).click()
    expect(row(datasets, "harvest")).to_contain_text("2 keys · 4 entries")

    row(datasets, "harvest").get_by_role("button", name="Delete harvest").click()
    page.get_by_role("button", name="Delete dataset").click()
    expect(row(datasets, "harvest")).to_have_count(0)


def test_a_zip_of_images_shows_as_thumbnails_with_their_labels(page: Page) -> None:
    new_model(page, name="Pictures", template="Linear regression")
    datasets = open_datasets(page)
    upload(page, payload("animals.zip", images()), "animals")
    row(datasets, "animals").get_by_role("button", name="Details of animals").click()
    table = datasets.get_by_role("region", name="Entries of animals")
    expect(table.get_by_role("img")).to_have_count(2)
    for image in table.get_by_role("img").all():
        expect(image).to_have_js_property("naturalWidth", 1)
    assert [cells(table, index)[-1] for index in range(2)] == ["cat", "dog"]
    with page.expect_download() as download:
        table.get_by_role("link", name="Download image, entry 1").click()
    with open(download.value.path(), "rb") as file:
        assert file.read() == png(200)


MAIN = """
def evaluate(params):
    return {"total": float(sum(params["size"])), "kinds": sorted(set(params["kind"]))}

def train(params, tracker):
    size = params["size"]
    size.shuffle()
    while size.has_next():
        tracker.metrics({"batch": sum(size.next(2))})
    print("trained on", len(size), "entries")
"""
TOML = """
[[evaluate_input]]
name = "size"
types = ["f64"]
minimum = 0
maximum = 100

[[evaluate_input]]
name = "kind"
types = ["string"]

[[train]]
name = "size"
types = ["f64"]
"""


def take(form: Locator, name: str, key: str) -> None:
    form.get_by_label(f"Source of {name}").select_option("dataset")
    form.get_by_label(name, exact=True).select_option("sizes")
    form.get_by_label(f"Key of the dataset for {name}").select_option(key)


def test_a_model_is_evaluated_and_trained_with_a_dataset(page: Page) -> None:
    workbench = new_model(page, name="Sizes", template="Linear regression")
    workbench.write("slipway.toml", TOML)
    workbench.write("main.py", MAIN)
    datasets = open_datasets(page)
    upload(page, payload("fruit.csv", CSV), "sizes")
    expect(row(datasets, "sizes")).to_be_visible()
    page.keyboard.press("Escape")

    form = workbench.run_panel.get_by_role("form", name="Inputs")
    take(form, "size", "size")
    take(form, "kind", "kind")
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    expect(workbench.run_panel.get_by_role("region", name="Output total")).to_contain_text("6")
    expect(workbench.run_panel.get_by_role("region", name="Output kinds")).to_contain_text("apple")

    workbench.choose("Train")
    take(form, "size", "size")
    workbench.start("Train")
    workbench.wait_ended("Train", "succeeded")
    expect(workbench.run_panel).to_contain_text("trained on 3 entries")
