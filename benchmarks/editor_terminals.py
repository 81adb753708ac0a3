"""The terminal of the page: a key until its glyph is drawn, 20 MB of output, Ctrl-C in the midst of it.

The page itself measures: from the time of the key event, as the browser gives it, until xterm has drawn the rows that
hold what is waited for. Slipway's are in the DOM; JupyterLab may draw on a canvas, so its xterm is asked what it draws.
"""

import random
import statistics
import string
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from editor_measures import Measure, at_most, compared
from editor_peers import Editor
from playwright.sync_api import Browser, Page

LINE = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
KEYS_OF_A_LINE = 40
KEYS_TO_WARM_UP = 20
FLOODED_MILLISECONDS = 700
BAR_INTERRUPT_MILLISECONDS = 100
DEADLINE_SECONDS = 120.0
FLOOD_SECONDS_PER_MEGABYTE = 1.5

SLIPWAY_SCREEN = """() => {
  const rows = [...document.querySelectorAll('.xterm-rows')].find((each) => each.offsetParent !== null);
  window.bench = {
    text: () => rows.textContent,
    onDrawn: (drawn) =>
      new MutationObserver(drawn).observe(rows, { subtree: true, childList: true, characterData: true }),
  };
}"""
JUPYTERLAB_SCREEN = """async () => {
  const { content } = await window.jupyterapp.commands.execute('terminal:create-new');
  while (content._term === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
  const terminal = content._term;
  const rows = () => Array.from({ length: terminal.rows },
    (_, row) => terminal.buffer.active.getLine(terminal.buffer.active.viewportY + row)?.translateToString() ?? '');
  window.bench = { text: () => rows().join(''), onDrawn: (drawn) => terminal.onRender(drawn) };
}"""
WATCH = """() => {
  const { bench } = window;
  let pressed = 0;
  let waiting = null;
  const look = () => {
    if (waiting === null || !bench.text().includes(waiting.text)) return;
    waiting.resolve(performance.now() - pressed);
    waiting = null;
  };
  addEventListener('keydown', (event) => { pressed = event.timeStamp; }, true);
  bench.onDrawn(look);
  bench.expect = (text, milliseconds) => {
    bench.drawn = new Promise((resolve) => {
      waiting = { text, resolve };
      setTimeout(() => resolve(null), milliseconds);
    });
  };
}"""


@dataclass(frozen=True)
class Terminal:
    """One on a page."""

    page: Page

    def milliseconds(self, key: str, expected: str) -> float:
        """From a key until what is expected is drawn."""
        drawn = self.milliseconds_at_most(key, expected, seconds=DEADLINE_SECONDS)
        assert drawn is not None, f"not drawn: {expected}; but {self.page.evaluate('() => window.bench.text()')}"
        return drawn

    def milliseconds_at_most(self, key: str, expected: str, *, seconds: float) -> float | None:
        """None: it is not drawn by then."""
        self.page.evaluate(
            "([text, milliseconds]) => window.bench.expect(text, milliseconds)", [expected, seconds * 1000]
        )
        self.page.keyboard.press(key)
        drawn: float | None = self.page.evaluate("() => window.bench.drawn")
        return drawn

    def run(self, command: str, expected: str) -> None:
        """Until what is expected is drawn, which the command itself must not hold."""
        self.page.keyboard.insert_text(command)
        self.milliseconds("Enter", expected)


@contextmanager
def opened(browser: Browser, editor: Editor) -> Iterator[Page]:
    editor.forget()
    with closing(editor.context(browser)) as context:
        page = context.new_page()
        page.set_default_timeout(DEADLINE_SECONDS * 1000)
        page.goto(editor.url, wait_until="commit")
        yield page


def terminal_of(editor: Editor, page: Page) -> Terminal:
    page.locator(editor.line).first.wait_for()
    if editor.name == "slipway":
        page.locator(".xterm-rows:visible").wait_for()
        page.evaluate(SLIPWAY_SCREEN)
    else:
        page.wait_for_function("() => window.jupyterapp !== undefined")
        page.evaluate(JUPYTERLAB_SCREEN)
    page.evaluate(WATCH)
    page.locator(".xterm-helper-textarea:visible").focus()
    terminal = Terminal(page)
    terminal.run("clear; echo rea''dy", "ready")
    return terminal


def keys(terminal: Terminal, *, count: int = KEYS_OF_A_LINE) -> list[float]:
    """Of one line of letters and digits, each typed once the one before is drawn, and a moment later."""
    terminal.run("clear; echo cle''ared", "cleared")
    source = random.Random(1)
    line, found = "", []
    for _ in range(count):
        key = source.choice(string.ascii_lowercase + string.digits)
        line += key
        found.append(terminal.milliseconds(key, f"$ {line}"))
        terminal.page.wait_for_timeout(source.randrange(2, 19))  # the next comes at any time of a frame
    terminal.page.keyboard.press("Control+u")
    return found


def flood_seconds(terminal: Terminal, megabytes: int, number: int) -> float:
    """Until its end is drawn, whose number no flood before had. Where none is drawn: the time it had."""
    terminal.page.keyboard.insert_text(
        f"clear; yes {LINE} | head -c {megabytes}000000; echo; echo the en''d of {number}"
    )
    most = megabytes * FLOOD_SECONDS_PER_MEGABYTE
    found = terminal.milliseconds_at_most("Enter", f"the end of {number}", seconds=most)
    return most if found is None else found / 1000


def interrupt_milliseconds(terminal: Terminal) -> float:
    """From Ctrl-C until the prompt is drawn, in the midst of a flood."""
    terminal.run(f"clear; yes {LINE}", LINE * 3)
    terminal.page.wait_for_timeout(FLOODED_MILLISECONDS)
    found = terminal.milliseconds("Control+c", "$ ")
    terminal.run("clear; echo rea''dy", "ready")
    return found


def measure(
    browser: Browser, editors: Sequence[Editor], *, lines: int, megabytes: int, floods: int, interrupts: int
) -> list[Measure]:
    with ExitStack() as stack:
        pages = [stack.enter_context(opened(browser, editor)) for editor in editors]
        terminals = {editor.name: terminal_of(editor, page) for editor, page in zip(editors, pages, strict=True)}
        pressed: dict[str, list[float]] = {name: [] for name in terminals}
        flooded: dict[str, list[float]] = {name: [] for name in terminals}
        for terminal in reversed(terminals.values()):
            flood_seconds(terminal, 1, -1)
        for terminal in terminals.values():  # meanwhile the other page, busy for a while after its flood, comes to rest
            keys(terminal, count=KEYS_TO_WARM_UP)
        for _ in range(lines):
            for name, terminal in terminals.items():
                pressed[name] += keys(terminal)
        for number in range(floods):
            for name, terminal in terminals.items():
                flooded[name].append(flood_seconds(terminal, megabytes, number))
        for page in pages[1:]:  # this bar is a time, no ratio: another's page, which draws on, has no part in it
            page.close()
        ours = [interrupt_milliseconds(terminals["slipway"]) for _ in range(interrupts)]
    return [
        compared("key_p50", "ms", {name: statistics.median(times) for name, times in pressed.items()}, {}),
        compared("key_p95", "ms", {name: p95(times) for name, times in pressed.items()}, {"jupyterlab": 1}),
        compared(
            "flood", "s", {name: statistics.median(times) for name, times in flooded.items()}, {"jupyterlab": 0.25}
        ),
        Measure("interrupt_p50", "ms", {"slipway": statistics.median(ours)}, {}),
        at_most("interrupt_p95", "ms", {"slipway": p95(ours)}, BAR_INTERRUPT_MILLISECONDS),
    ]


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
