"""The page over networks that are slow, or that let no WebSocket through."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e.conftest import VIEWPORT
from tests.support.networks import BadNetwork
from tests.support.server import Server
from tests.support.workbench import Workbench, new_model, sign_in

DELAY_SECONDS = 0.1
LOSS = 0.02


@contextmanager
def page_over(network: BadNetwork, server: Server, browser: Browser) -> Iterator[Page]:
    with network.running() as url:
        context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]  # a TypedDict of these two
        page = context.new_page()
        sign_in(page, server.new_sign_in_url().replace(server.url, url))
        yield page
        context.close()


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def use(workbench: Workbench) -> None:
    """A terminal, a file and an evaluate, all live."""
    workbench.terminal.run("echo there-$((1+1)) ✓", "there-2 ✓")
    workbench.write("main.py", 'def evaluate(params):\n    print("logged")\n    return {"y": [42.0]}\n')
    workbench.terminal.run("touch made-outside; tail -1 main.py", "return")
    expect(workbench.file("made-outside")).to_be_visible()
    workbench.start("Evaluate")
    workbench.wait_ended("Evaluate", "succeeded")
    expect(workbench.log).to_contain_text("logged")


def streams_of(page: Page) -> set[Request]:
    """Those that are open, as substitutes of WebSockets come through them."""
    streams: set[Request] = set()
    is_one = re.compile(r"/api/v1/sockets$").search
    page.on("request", lambda request: streams.add(request) if is_one(request.url) else None)
    page.on("requestfailed", lambda request: streams.discard(request))
    page.on("requestfinished", lambda request: streams.discard(request))
    return streams


def test_where_no_websocket_gets_through_events_and_requests_take_its_place(server: Server, browser: Browser) -> None:
    network = BadNetwork(port_of(server), refuses_websockets=True)
    with page_over(network, server, browser) as page:
        streams = streams_of(page)
        workbench = new_model(page, name="Behind a proxy", template="Linear regression")
        language_servers = workbench.status_bar.get_by_role("button", name="Language servers")
        expect(language_servers).to_have_text("Python: ty, Ruff")
        for number in (2, 3, 4):
            page.get_by_role("button", name="New terminal").click()
            expect(page.get_by_role("tab", name=f"Terminal {number}")).to_have_attribute("aria-selected", "true")
            workbench.wait_ready()
        use(workbench)
        for number in (1, 2, 3):
            page.get_by_role("tab", name=f"Terminal {number}").click()
            workbench.terminal.run(f"echo in-{number}-$((1+1))", f"in-{number}-2")
        expect(language_servers).to_have_text("Python: ty, Ruff")
        expect(workbench.status_bar).to_contain_text("Connected")
        assert len(streams) == 1, "of the browser's six connections"
        workbench.terminal.type("exit 3\n")
        workbench.terminal.wait_for("exited with code 3")
    assert network.refused > 0


def test_the_page_works_with_a_fifth_of_a_second_of_delay_and_losses(server: Server, browser: Browser) -> None:
    with page_over(BadNetwork(port_of(server), delay_seconds=DELAY_SECONDS, loss=LOSS), server, browser) as page:
        workbench = new_model(page, name="Far away", template="Linear regression")
        use(workbench)
        page.reload()
        workbench.wait_ready()
        workbench.terminal.run("echo again-$((1+1))", "again-2")
