"""The whole of `slipway serve`, with real processes."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.server import Server, command_of


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def test_the_printed_link_signs_in_and_the_api_answers(server: Server) -> None:
    with httpx.Client(base_url=server.url) as browser:
        assert browser.get("/").status_code == 401
        assert browser.get(server.sign_in_url).status_code == 200
        assert browser.get("/api/v1/host").json()["version"]


def test_a_second_server_on_the_data_is_refused_and_names_the_first(server: Server) -> None:
    second = subprocess.run([*server.command("serve"), "--port=0"], capture_output=True, text=True, timeout=30)
    assert second.returncode == 3
    assert f"in use by another server, process {server.process.pid}." in second.stderr


def test_a_killed_web_process_comes_back_and_a_connection_made_meanwhile_waits(
    server: Server, client: httpx.Client
) -> None:
    killed = server.kill("web")
    # No retry: the listening socket is the supervisor's, so this waits for the new web process.
    with httpx.Client(headers=client.headers, cookies=client.cookies) as fresh:
        reply = fresh.get(f"{server.url}/api/v1/models", timeout=30)
    assert reply.status_code == 200
    assert server.child("web") not in (killed, None)
    assert f"the web process ({killed}) was killed by SIGKILL" in server.log


def test_a_killed_host_process_comes_back_and_the_page_stays_signed_in(server: Server, client: httpx.Client) -> None:
    killed = server.kill("host")

    def answered() -> httpx.Response | None:
        reply = client.get("/api/v1/models")
        assert reply.status_code in (200, 503)
        return reply if reply.status_code == 200 else None

    server.wait_for(answered)
    assert server.child("host") not in (killed, None)


def test_the_hosts_socket_is_for_our_user_alone(server: Server) -> None:
    assert (server.run_dir / "host.sock").stat().st_mode & 0o777 == 0o600


def test_neither_settings_nor_secrets_are_in_a_command_line(server: Server) -> None:
    for name in ("web", "host"):
        arguments = Path(f"/proc/{server.child(name)}/cmdline").read_text().split("\0")
        assert [argument for argument in arguments if re.search(r"database|token|data-dir", argument)] == []


def test_a_stopped_server_ends_with_0_and_leaves_its_port(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        port = int(server.url.rpartition(":")[2])
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(45) == 0
        with socket.create_server(("127.0.0.1", port)):
            pass
        assert not (server.data_dir / "server.json").exists()
        assert sign_in_without_a_server(server) == (1, f"No server is ready on {server.data_dir}.")


def test_the_children_of_a_killed_supervisor_end_and_a_new_one_starts_after_them(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.start()
    children = [server.child("web"), server.child("host")]
    server.process.kill()
    server.process.wait()
    server.reader.join()
    with Server(tmp_path) as again:
        assert again.process.pid != server.process.pid
        for pid in children:
            assert pid is not None
            assert command_of(pid) in ([], [""])  # gone, or ended and not reaped yet by process 1


def test_an_environments_toml_that_is_wrong_is_named_and_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "environments.toml").write_text("[packages")
    command = (sys.executable, "-m", "ide_server", "serve", "--port=0", f"--data-dir={tmp_path}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"{tmp_path / 'environments.toml'} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def sign_in_without_a_server(server: Server) -> tuple[int, str]:
    done = subprocess.run(server.command("sign-in"), capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr.partition(" Start one")[0]
