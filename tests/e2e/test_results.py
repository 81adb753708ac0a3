"""What a run returned, as the page shows it: by type, large or many."""

import re
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.workbench import Workbench, new_model, wait_until

CODE = """
import struct, zlib

def png(width, height):
    rows = b"".join(b"\\0" + bytes(3 * width) for _ in range(height))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

def evaluate(params):
    return {
        "heat": [[float(row * 150 + column) for column in range(150)] for row in range(120)],
        "cube": [[[100 * deep + 10 * row + column for column in (0, 1, 2)] for row in (0, 1)] for deep in range(4)],
        "exact": [1 / 3],
        "whole": 9223372036854775807,
        "truth": False,
        "picture": png(12, 8),
        "bytes": b"\\0\\1slipway",
        "json": '{"deep": {"inner": [1, 2]}}',
        "markup": "<h1 id='injected'>no</h1>",
    }
"""
MANY = (
    "def evaluate(params):\n    return {'many': [b'file %d' % index for index in range(12)], 'long': 'word ' * 1000}\n"
)


@pytest.fixture
def results(page: Page) -> Workbench:
    workbench = new_model(page, name="Results", template="Linear regression")
    replace(page, {"slipway.toml": "", "main.py": CODE})
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    return workbench


def replace(page: Page, files: dict[str, str]) -> None:
    script = """async (files) => {
      for (const [path, body] of Object.entries(files)) {
        const reply = await fetch(`/api/v1${location.pathname}/files/${path}`, {
          method: 'PUT', headers: { 'If-Match': '*' }, body });
        if (!reply.ok) throw new Error(`${path}: ${reply.status}`);
      }
    }"""
    page.evaluate(script, files)


def output(workbench: Workbench, name: str) -> Locator:
    return workbench.run_panel.get_by_role("region", name=f"Output {name}", exact=True)


def test_a_matrix_is_a_heat_map_whose_values_the_pointer_and_the_keys_read(
    page: Page, results: Workbench, tmp_path: Path
) -> None:
    shown = output(results, "heat")
    # 18,000 elements, of which the result holds 10,000: the highest is read from the file.
    expect(shown).to_contain_text("lowest at [0, 0], highest at [119, 149]")
    map_ = shown.get_by_role("application")
    map_.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        map_.press(key)
    expect(shown).to_contain_text("[1, 1] 151")
    shown.get_by_title(re.compile("The highest")).click()
    expect(shown).to_contain_text("[119, 149] 17999")

    def is_first_told() -> bool:  # what still loads above it moves it away beneath the pointer
        map_.hover(position={"x": 1, "y": 1})
        return "[0, 0] 0" in shown.inner_text()

    wait_until(page, is_first_told, what="the pointer reads the first value")
    shown.get_by_text("Table").click()
    expect(shown.get_by_role("cell", name="0", exact=True).first).to_be_visible()
    shown.get_by_role("button", name="Rows after").click()
    expect(shown).to_contain_text(re.compile("Rows 100.119 of 120"))
    with results.page.expect_download() as download:
        shown.get_by_role("link", name=re.compile(r"heat\.npy")).click()
    download.value.save_as(tmp_path / "heat.npy")
    data = (tmp_path / "heat.npy").read_bytes()
    assert (download.value.suggested_filename, data[:6]) == ("heat.npy", b"\x93NUMPY")
    assert struct.unpack("<d", data[-8:]) == (17999.0,)


def test_a_tensor_is_shown_slice_by_slice_and_numbers_with_all_digits_when_asked(results: Workbench) -> None:
    cube = output(results, "cube")
    cube.get_by_label("Index in dimension 0, as a number").fill("3")
    cube.get_by_label("Index in dimension 0, as a number").press("Enter")
    expect(cube.get_by_role("cell", name="312", exact=True)).to_be_visible()
    exact = output(results, "exact")
    expect(exact.get_by_role("cell")).to_have_text(["0.333333"])
    exact.get_by_label("All digits").check()
    expect(exact.get_by_role("cell")).to_have_text(["0.3333333333333333"])
    expect(output(results, "whole")).to_contain_text("9223372036854775807")
    expect(output(results, "truth")).to_contain_text("false")
    with results.page.expect_download() as download:
        cube.get_by_role("button", name="cube.npy").click()
    assert download.value.suggested_filename == "cube.npy"


def test_images_bytes_and_texts_are_shown_as_what_they_are_and_nothing_as_html(results: Workbench) -> None:
    picture = output(results, "picture")
    expect(picture).to_contain_text(re.compile("12 . 8 . png"))
    assert picture.locator("img").evaluate("image => getComputedStyle(image).imageRendering") == "pixelated"
    picture.get_by_role("button", name="100 %").click()
    assert picture.locator("img").evaluate("image => image.clientWidth") == 12
    expect(output(results, "bytes").get_by_label("First bytes of bytes")).to_contain_text("00 01 73 6c 69 70 77 61 79")
    json = output(results, "json")
    json.get_by_text("deep:").click()
    expect(json.get_by_text("inner:")).to_be_visible()
    expect(output(results, "markup")).to_contain_text("<h1 id='injected'>no</h1>")
    expect(results.page.locator("#injected")).to_have_count(0)


def test_many_values_come_page_by_page_and_a_long_text_is_cut_until_it_is_asked_for(page: Page) -> None:
    workbench = new_model(page, name="Many results", template="Linear regression")
    replace(page, {"slipway.toml": "", "main.py": MANY})
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    many = output(workbench, "many")
    expect(many).to_contain_text("12 values")
    expect(many.get_by_text("Value 9:")).to_be_visible()
    many.get_by_role("button", name="Values after").click()
    expect(many.get_by_text("Value 11:")).to_be_visible()
    expect(many.get_by_role("link", name="many-11.bin")).to_be_visible()
    long = output(workbench, "long")
    long.get_by_role("button", name="Show all 5,000 characters").click()
    expect(long.get_by_role("button", name="Show less")).to_be_visible()
