"""The headers that tell a browser what our replies may do; every reply carries them."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Mapping[str, str] = {
    # A reply opened as a page of its own, such as a model's HTML file, runs nothing and has no origin.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}

ENCODED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def page_policy(nonce: str) -> str:
    """The Content-Security-Policy of a page of ours. Scripts come from files of ours only."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            # CodeMirror, xterm.js and dockview insert style elements, which carry the nonce.
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Adds each header that a reply does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                own = {name for name, _ in headers}
                message["headers"] = [*headers, *(each for each in ENCODED if each[0] not in own)]
            await send(message)

        await self.app(scope, receive, send_with_headers)
