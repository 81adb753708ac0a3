"""The HTML that the server itself answers with: the workbench, and the short pages around sign-in."""

import secrets
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ide_server.web import sessions
from ide_server.web.headers import page_policy
from ide_server.web.state import WebState

NONCE_MARK = "__CSP_NONCE__"
"""Where the built index.html wants the nonce of each reply."""

NOTE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
{head}<title>{title} - Slipway</title>
<style nonce="__CSP_NONCE__">
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto; padding: 0 1rem }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


async def workbench(request: Request[WebState]) -> Response:
    if not await sessions.is_open(request):
        return sign_in_first()
    assets = request.state["assets"]
    html = assets.ide if "model" in request.path_params else assets.index
    return page(html) if html is not None else frontend_missing()


def page(html: str, *, status: int = 200) -> Response:
    nonce = secrets.token_urlsafe(16)
    headers = {"Content-Security-Policy": page_policy(nonce)}
    return HTMLResponse(html.replace(NONCE_MARK, nonce), status, headers)


def note(title: str, body: str, *, status: int, head: str = "") -> Response:
    return page(NOTE.format(title=escape(title), body=body, head=head), status=status)


def signed_in() -> Response:
    """Moves on by itself instead of by a redirect: a browser that came here from another site's link
    sends a SameSite=Strict cookie only with a request that begins on a page of ours."""
    return note(
        "Signed in",
        '<p><a href="/">Open Slipway</a></p>',
        status=200,
        head='<meta http-equiv="refresh" content="0; url=/">\n',
    )


def token_refused() -> Response:
    return note(
        "This sign-in link no longer works",
        "<p>A link opens one session and is good for an hour. On the server, this prints a new one:</p>\n"
        "<pre><code>slipway sign-in</code></pre>\n"
        '<p>If this browser is signed in already, just <a href="/">open Slipway</a>.</p>',
        status=401,
    )


def sign_in_first() -> Response:
    return note(
        "Sign in",
        "<p>Open the link the server printed when it started. On the server, this prints a new one:</p>\n"
        "<pre><code>slipway sign-in</code></pre>",
        status=401,
    )


def preview_not_open() -> Response:
    return note(
        "This server is shown to those who are signed in",
        "<p>Open the port from the model's page in Slipway, in this browser.</p>",
        status=401,
    )


def preview_wrong_origin() -> Response:
    return note("Not from here", "<p>This request was made by a page of another origin.</p>", status=403)


def preview_failed(message: str) -> Response:
    return note("Nothing answers here", f"<p>{escape(message)}</p>", status=502)


def frontend_missing() -> Response:
    return note(
        "The page is not built",
        "<p>This server runs from a source tree whose frontend was never built. Build it, then restart:</p>\n"
        "<pre><code>scripts/run</code></pre>",
        status=503,
    )
