"""A web server in a terminal, seen in a tab of its own."""

import re

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.support.server import Server
from tests.support.workbench import new_model

SERVER = r"""
import base64, hashlib, http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade") == "websocket":
            return self.echo()
        body = f"<h1>Seen</h1><p id=cookies>{self.headers.get('Cookie')}</p>".encode()
        self.answer(body)

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"]))[::-1])

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "theirs=1; Domain=localhost; Path=/")
        self.end_headers()
        self.wfile.write(body)

    def echo(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        head = self.rfile.read(6)
        data = bytes(byte ^ head[2 + index % 4] for index, byte in enumerate(self.rfile.read(head[1] & 127)))
        self.wfile.write(bytes((0x81, len(data))) + data)
        self.close_connection = True

http.server.ThreadingHTTPServer(("127.0.0.1", 5050), Handler).serve_forever()
"""
ECHO = """() => new Promise((resolve, reject) => {
  const socket = new WebSocket(`ws://${location.host}/socket`);
  socket.onopen = () => socket.send('through');
  socket.onmessage = ({data}) => resolve(data);
  socket.onerror = () => reject(new Error('the socket failed'));
})"""
POST = "async () => (await fetch('/', {method: 'POST', body: 'stressed'})).text()"
OUR_MODELS = (
    "async (url) => { try { return (await fetch(url, {credentials: 'include'})).status } catch { return 'refused' } }"
)


def test_a_server_in_a_terminal_opens_on_an_origin_of_its_own(page: Page, browser: Browser, server: Server) -> None:
    workbench = new_model(page, name="Serving", template="Linear regression")
    workbench.write("main.py", SERVER)
    offers = page.get_by_role("region", name="Notifications")
    workbench.terminal.type("python main.py\n")
    expect(offers.get_by_text("A program listens on port 5050.")).to_be_visible()
    expect(workbench.status_bar.get_by_role("button", name="Ports")).to_have_text(re.compile("5050"))
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Open in a new tab").click()
    shown = opened.value
    expect(shown.get_by_role("heading", name="Seen")).to_be_visible()
    model = workbench.model_url.rpartition("/")[2]
    origin = f"http://5050-{model}.localhost:{server.url.rpartition(':')[2]}"
    assert shown.url == f"{origin}/"

    assert shown.evaluate(ECHO) == "through"
    assert shown.evaluate(POST) == "desserts"
    assert shown.evaluate(OUR_MODELS, f"{server.url}/api/v1/models") == "refused"
    shown.reload()
    expect(shown.locator("#cookies")).to_have_text("theirs=1")
    stranger = httpx.get(server.url, headers={"Host": origin.removeprefix("http://")})
    assert (stranger.status_code, "signed in" in stranger.text) == (401, True)

    workbench.terminal.press("Control+c")
    workbench.terminal.run("echo ended-$((1+1))", "ended-2")
    expect(offers.get_by_text("A program listens on port 5050.")).to_have_count(0)
    shown.reload()
    expect(shown.get_by_text("Nothing listens on port 5050 of this model.")).to_be_visible()
