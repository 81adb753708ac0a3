"""One real server and one real browser for all tests of the page; each test makes the models it needs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.server import Server
from tests.support.workbench import SignIn, chromium, sign_in

VIEWPORT = {"width": 1440, "height": 900}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            for marker in (pytest.mark.browser, pytest.mark.sandbox, pytest.mark.fuse):
                item.add_marker(marker)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in(server: Server, browser: Browser) -> SignIn:
    """Opens the list of models with the session of one sign-in link for a module's tests: each link costs a process."""
    with browser.new_context() as context:
        sign_in(context.new_page(), server.new_sign_in_url())
        session = context.cookies()

    def open_page(page: Page) -> None:
        page.context.add_cookies(session)  # type: ignore[arg-type]  # one type for what is read, one for what is set
        page.goto(server.url)
        expect(page.get_by_role("heading", name="Models")).to_be_visible()

    return open_page


@pytest.fixture
def page(browser: Browser, signed_in: SignIn) -> Iterator[Page]:
    """Signed in, at the list of models. Fails the test for anything that the page reports as an error."""
    context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]  # a TypedDict of these two
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    signed_in(page)
    yield page
    context.close()
    assert problems == []
