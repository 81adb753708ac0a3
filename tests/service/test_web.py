"""Sign-in, the guards and the page's files, with the web app in process; tests of the relay are test_web_relay.py."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from ide_server.catalog import Catalog
from ide_server.settings import Settings
from ide_server.web import assets
from ide_server.web.app import create_app
from tests.support.catalogs import make_catalog

URL = "http://127.0.0.1:8000"
PAGE = (
    '<head><meta name="csp-nonce" content="__CSP_NONCE__">'
    '<script type="module" src="/assets/main-1234.js"></script></head>'
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, run_dir=tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture(autouse=True)
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "assets/main-1234.js").write_text("plain")
    (folder / "assets/main-1234.js.br").write_text("brotli")
    (folder / "assets/main-1234.js.gz").write_text("gzip")
    (folder / "logo.svg").write_text("<svg/>")
    ide = {"file": "assets/ide-1.js", "imports": ["main", "more"], "css": ["assets/ide-2.css"]}
    chunks = {assets.IDE: ide, "main": {"file": "assets/main-1234.js"}, "more": {"file": "assets/more-3.js"}}
    (folder / "manifest.json").write_text(json.dumps(chunks))
    monkeypatch.setattr(assets, "STATIC", folder)
    return folder


@pytest.fixture
def browser(settings: Settings) -> Iterator[TestClient]:
    """Not signed in."""
    with TestClient(create_app(settings), base_url=URL, headers={"Origin": URL}) as client:
        yield client


def sign_in(browser: TestClient, settings: Settings) -> None:
    assert browser.get("/sign-in", params={"token": new_token(settings)}).status_code == 200


def new_token(settings: Settings) -> str:
    async def create() -> str:
        catalog = Catalog.open(settings)
        try:
            return await catalog.sign_in.create_token()
        finally:
            await catalog.close()

    return asyncio.run(create())


# --- sign-in ---


def test_a_reply_to_a_fault_of_ours_has_its_headers_too(settings: Settings) -> None:
    (settings.data_dir / "slipway.db").write_bytes(b"no database")
    with TestClient(create_app(settings), base_url=URL, raise_server_exceptions=False) as browser:
        reply = browser.get("/", headers={"Cookie": "slipway-8000=x"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (500, "internal_error")
    assert reply.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"


def test_a_token_is_traded_for_a_strict_cookie_by_a_page_that_moves_on(browser: TestClient, settings: Settings) -> None:
    reply = browser.get("/sign-in", params={"token": new_token(settings)})
    cookie = reply.headers["set-cookie"]
    assert re.fullmatch(r"slipway-8000=[\w-]{43}; HttpOnly; Max-Age=2592000; Path=/; SameSite=strict", cookie), cookie
    assert '<meta http-equiv="refresh" content="0; url=/">' in reply.text
    assert browser.get("/").text.startswith("<head>")


def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(settings: Settings) -> None:
    public = Settings(data_dir=settings.data_dir, run_dir=settings.run_dir, public_url="https://ide.example")
    with TestClient(create_app(public), base_url="https://ide.example") as browser:
        cookie = browser.get("/sign-in", params={"token": new_token(public)}).headers["set-cookie"]
    assert cookie.startswith("__Host-slipway-8000=")
    assert "; Secure" in cookie


def test_a_token_works_once(browser: TestClient, settings: Settings) -> None:
    token = new_token(settings)
    browser.get("/sign-in", params={"token": token})
    browser.cookies.clear()
    again = browser.get("/sign-in", params={"token": token})
    assert again.status_code == 401
    assert "slipway sign-in" in again.text
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("token", ["", "unknown", "é" * 3])
def test_a_wrong_token_opens_nothing(browser: TestClient, token: str) -> None:
    assert browser.get("/sign-in", params={"token": token}).status_code == 401
    assert browser.get("/").status_code == 401


def test_a_used_link_in_a_signed_in_browser_just_opens_the_page(browser: TestClient, settings: Settings) -> None:
    sign_in(browser, settings)
    reply = browser.get("/sign-in?token=used", follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (303, "/")


def test_signing_out_ends_the_session_also_for_who_kept_the_cookie(browser: TestClient, settings: Settings) -> None:
    sign_in(browser, settings)
    kept = dict(browser.cookies)
    assert browser.post("/sign-out").status_code == 204
    assert dict(browser.cookies) == {}
    browser.cookies.update(kept)
    assert browser.get("/").status_code == 401


@pytest.mark.parametrize("path", ["/", "/models/abc"])
def test_a_page_without_a_session_says_how_to_sign_in(browser: TestClient, path: str) -> None:
    reply = browser.get(path)
    assert reply.status_code == 401
    assert "slipway sign-in" in reply.text


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE"])
def test_the_api_without_a_session_is_an_error_reply(browser: TestClient, method: str) -> None:
    reply = browser.request(method, "/api/v1/models")
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "not_signed_in")


def test_a_socket_without_a_session_closes_with_4401(browser: TestClient) -> None:
    assert close_code(browser, {"Origin": URL}) == 4401


# --- guards ---


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "192.0.2.7", "LOCALHOST"])
def test_addresses_and_localhost_are_names_we_answer_to(browser: TestClient, host: str) -> None:
    assert browser.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "", "[", "localhost.evil.example"])
def test_other_names_are_refused_as_dns_may_have_been_rebound(browser: TestClient, host: str) -> None:
    reply = browser.get("/healthz", headers={"Host": host})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden_origin")


FOREIGN_ORIGINS = [None, "null", "http://evil.example", "https://127.0.0.1:8000", "http://127.0.0.1:8001"]


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize("path", ["/api/v1/models", "/sign-out"])
def test_a_change_asked_for_by_another_site_is_refused(settings: Settings, path: str, origin: str | None) -> None:
    with TestClient(create_app(settings), base_url=URL) as browser:
        sign_in(browser, settings)
        reply = browser.post(path, headers={} if origin is None else {"Origin": origin})
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden_origin")
        assert browser.get("/").status_code == 200  # still signed in


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_socket_opened_by_another_site_closes_with_4403(settings: Settings, origin: str | None) -> None:
    with TestClient(create_app(settings), base_url=URL) as browser:
        sign_in(browser, settings)
        assert close_code(browser, {} if origin is None else {"Origin": origin}) == 4403


def test_behind_a_proxy_the_public_url_is_an_origin_of_ours(settings: Settings) -> None:
    public = Settings(data_dir=settings.data_dir, run_dir=settings.run_dir, public_url="https://ide.example/")
    with TestClient(create_app(public), base_url=URL, headers={"Origin": "https://ide.example"}) as browser:
        assert browser.post("/sign-out", headers={"Host": "ide.example"}).status_code == 204
        assert browser.post("/sign-out").status_code == 204  # a proxy that does not pass Host on


@pytest.mark.parametrize("destination", ["script", "style", "worker", "serviceworker"])
def test_a_models_file_is_never_given_as_code(browser: TestClient, settings: Settings, destination: str) -> None:
    sign_in(browser, settings)
    reply = browser.get("/api/v1/models/m/files/evil.js", headers={"Sec-Fetch-Dest": destination})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden_origin")


# --- headers and files ---


def test_the_page_allows_scripts_from_files_only_and_styles_by_a_fresh_nonce(
    browser: TestClient, settings: Settings
) -> None:
    sign_in(browser, settings)
    first, second = browser.get("/"), browser.get("/models/abc")
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"style-src 'self' 'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert f'content="{nonce[1]}"' in first.text
    assert nonce[1] not in second.text
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/logo.svg", "/api/v1/models", "/nothing"])
def test_every_reply_carries_the_security_headers(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [
        ("gzip, deflate, br", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", "gzip"),
        ("identity", None, "plain"),
        ("", None, "plain"),
    ],
)
def test_a_hashed_file_is_immutable_and_comes_in_the_best_encoding_accepted(
    browser: TestClient, accepted: str, encoding: str | None, body: str
) -> None:
    with browser.stream("GET", "/assets/main-1234.js", headers={"Accept-Encoding": accepted}) as reply:
        raw = b"".join(reply.iter_raw())
    assert (raw.decode(), reply.headers.get("content-encoding")) == (body, encoding)
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["vary"] == "Accept-Encoding"
    assert "javascript" in reply.headers["content-type"]


def test_the_page_of_a_model_asks_for_what_it_needs_at_once(settings: Settings, browser: TestClient) -> None:
    sign_in(browser, settings)
    links = re.findall("<link.*?>", browser.get("/models/m").text)
    assert links == [
        '<link rel="modulepreload" crossorigin href="/assets/ide-1.js">',
        '<link rel="modulepreload" crossorigin href="/assets/more-3.js">',
        '<link rel="preload" as="style" crossorigin href="/assets/ide-2.css">',
    ]
    assert "ide-1.js" not in browser.get("/").text


def test_other_files_are_asked_for_again(browser: TestClient) -> None:
    assert browser.get("/logo.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/index.html", "/../slipway.db", "/%2e%2e/slipway.db", "/assets", "/assets/"])
def test_only_built_files_are_served(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_tree_whose_page_is_not_built_says_so(settings: Settings, static: Path) -> None:
    (static / "index.html").unlink()
    with TestClient(create_app(settings), base_url=URL) as browser:
        sign_in(browser, settings)
        reply = browser.get("/")
    assert reply.status_code == 503
    assert "scripts/run" in reply.text


def close_code(browser: TestClient, headers: dict[str, str]) -> int:
    with (
        browser.websocket_connect("ws://127.0.0.1:8000/api/v1/models/m/events", headers=headers) as websocket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        websocket.receive_text()
    return closed.value.code
