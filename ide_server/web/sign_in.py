"""Signing in, by trading a one-time token for a session, and out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ide_server.web import pages, sessions
from ide_server.web.sessions import SessionCookie
from ide_server.web.state import WebState


async def open_session(request: Request[WebState]) -> Response:
    cookie = SessionCookie.of(request)
    token = request.query_params.get("token", "")
    session = await request.state["catalog"].sign_in.open_session(token, seconds=cookie.seconds)
    if session is not None:
        reply = pages.signed_in()
        cookie.set(reply, session)
        return reply
    return RedirectResponse("/", 303) if await sessions.is_open(request) else pages.token_refused()


async def close_session(request: Request[WebState]) -> Response:
    cookie = SessionCookie.of(request)
    if session := request.cookies.get(cookie.name):
        await request.state["catalog"].sign_in.close_session(session)
        request.state["sign_outs"].announce()
    reply = Response(status_code=204)
    cookie.clear(reply)
    return reply
