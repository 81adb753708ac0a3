"""From an address to an editor that takes typing, in a fresh context of one Chromium, and what came for it."""

import contextlib
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from editor_measures import Measure, at_most, compared
from editor_peers import MARK, Editor
from playwright.sync_api import Browser, CDPSession, Page
from playwright.sync_api import TimeoutError as NothingShown

OPEN_SECONDS = 60.0
TYPED_MILLISECONDS = 500.0
BARS = {"jupyterlab": 0.5, "code-server": 0.33}
BAR_KILOBYTES = 450
BAR_REQUESTS = 25
SHOWS = """([line, text]) => [...document.querySelectorAll(line)].some(
    (each) => each.offsetParent !== null && each.textContent.includes(text))"""


@dataclass
class Traffic:
    """What a page asks for over HTTP, as Chromium's network panel has it."""

    session: CDPSession
    urls: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, float] = field(default_factory=dict)
    """Those that came, with the bytes of their headers."""
    script_bytes: float = 0.0

    def __post_init__(self) -> None:
        self.session.on("Network.requestWillBeSent", self._asked)
        self.session.on("Network.responseReceived", self._answered)
        self.session.on("Network.loadingFinished", self._ended)
        self.session.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):
            self.urls[event["requestId"]] = event["request"]["url"]

    def _answered(self, event: dict[str, Any]) -> None:
        if "javascript" in event["response"]["mimeType"]:
            self.scripts[event["requestId"]] = event["response"]["encodedDataLength"]

    def _ended(self, event: dict[str, Any]) -> None:
        if (header_bytes := self.scripts.get(event["requestId"])) is not None:
            self.script_bytes += event["encodedDataLength"] - header_bytes


@dataclass(frozen=True)
class Opening:
    shown_seconds: float
    usable_seconds: float
    script_kilobytes: float
    urls: tuple[str, ...]


def opening(browser: Browser, editor: Editor, typed: str) -> Opening:
    """`typed` is new to the text."""
    editor.forget()
    context = editor.context(browser)
    try:
        page = context.new_page()
        page.set_default_timeout(OPEN_SECONDS * 1000)
        traffic = Traffic(context.new_cdp_session(page))
        began = time.perf_counter()
        page.goto(editor.url, wait_until="commit")
        page.wait_for_function(SHOWS, arg=[editor.line, MARK])
        shown = time.perf_counter() - began
        type_until_shown(page, editor, typed)
        usable = time.perf_counter() - began
        return Opening(shown, usable, traffic.script_bytes / 1000, tuple(traffic.urls.values()))
    finally:
        context.close()


def warm_up(browser: Browser, editors: Sequence[Editor]) -> None:
    """What servers and the disk remember, with all pages at once."""
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(contextlib.closing(editor.context(browser))).new_page() for editor in editors]
        for page, editor in zip(pages, editors, strict=True):
            page.set_default_timeout(OPEN_SECONDS * 1000)
            page.goto(editor.url, wait_until="commit")
        for page, editor in zip(pages, editors, strict=True):
            page.wait_for_function(SHOWS, arg=[editor.line, MARK])


def type_until_shown(page: Page, editor: Editor, typed: str) -> None:
    """As a person does who sees that a key had no effect."""
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        page.locator(editor.line).first.click()
        page.keyboard.type(typed)
        try:
            page.wait_for_function(SHOWS, arg=[editor.line, typed], timeout=TYPED_MILLISECONDS)
            return
        except NothingShown:
            assert time.monotonic() < deadline, f"{editor.name} takes no typing"


def measure(browser: Browser, editors: Sequence[Editor], *, rounds: int) -> list[Measure]:
    warm_up(browser, editors)
    found: dict[str, list[Opening]] = {editor.name: [] for editor in editors}
    for number in range(rounds):
        for editor in editors:
            found[editor.name].append(opening(browser, editor, f"z{number}"))
    return [
        compared("open_usable", "s", medians(found, "usable_seconds"), BARS),
        compared("open_shown", "s", medians(found, "shown_seconds"), {}),
        at_most("open_javascript", "KB", medians(found, "script_kilobytes"), BAR_KILOBYTES),
        at_most("open_requests", "requests", middle_counts(found), BAR_REQUESTS),
    ]


def medians(found: dict[str, list[Opening]], what: str) -> dict[str, float]:
    return {name: statistics.median(getattr(each, what) for each in openings) for name, openings in found.items()}


def middle_counts(found: dict[str, list[Opening]]) -> dict[str, float]:
    return {name: statistics.median(len(each.urls) for each in openings) for name, openings in found.items()}
