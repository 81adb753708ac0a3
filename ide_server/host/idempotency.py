"""A POST with an Idempotency-Key is worked on once: the same request again gets the reply that the first one got."""

import hashlib

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ide_server.catalog import Catalog
from ide_server.errors import IdempotencyKeyReused, InvalidRequest, RequestUnderWay, SlipwayError
from ide_server.replies import error_reply

KEY_CHARACTERS = 200
BODY_BYTES = 1 << 20
"""Of a longer body only the length is compared: uploads are never held in memory."""
REPLY_BYTES = 1 << 20


class Idempotency:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get("idempotency-key") if is_kept(scope) else None
        if key is None:
            return await self._app(scope, receive, send)
        try:
            await self._once(key, scope, receive, send)
        except SlipwayError as error:
            await error_reply(error)(scope, receive, send)

    async def _once(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        if not key or len(key) > KEY_CHARACTERS or not key.isprintable():
            raise InvalidRequest(f"Expected an Idempotency-Key of 1 to {KEY_CHARACTERS} characters, got {key[:80]!r}.")
        body = await read_ahead(receive)
        catalog: Catalog = scope["state"]["catalog"]
        known = await catalog.replies.begin(key, fingerprint(scope, body))
        if known is None:
            return await self._work(key, scope, replayed(body, receive), send, catalog)
        if known.fingerprint != fingerprint(scope, body):
            raise IdempotencyKeyReused("This Idempotency-Key came with another request before. Use a new one.")
        if known.status is None:
            raise RequestUnderWay(
                "A request with this Idempotency-Key has begun. Ask again in a moment. If this stays so the server "
                "ended while it worked on it: look whether it was done, and use a new key."
            )
        await send_again(send, known.status, known.body or b"")
        return None

    async def _work(self, key: str, scope: Scope, receive: Receive, send: Send, catalog: Catalog) -> None:
        reply = Reply(send)
        try:
            await self._app(scope, receive, reply.send)
        finally:
            with anyio.CancelScope(shield=True):
                # A fault of ours, or of the moment, is no answer: the same request may be tried again.
                if reply.is_whole and reply.status < 500:
                    await catalog.replies.keep(key, status=reply.status, body=bytes(reply.body))
                else:
                    await catalog.replies.forget(key)


class Reply:
    """What is sent, remembered."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.body = bytearray()
        self.is_whole = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")
            self.is_whole = not message.get("more_body", False) and len(self.body) <= REPLY_BYTES
        await self._send(message)


def is_kept(scope: Scope) -> bool:
    """Not of the inference protocol, whose replies are more than a body of JSON."""
    return (scope["type"], scope.get("method")) == ("http", "POST") and not scope["path"].startswith("/v2/")


async def read_ahead(receive: Receive) -> list[Message]:
    """The messages of a body, as far as BODY_BYTES."""
    messages: list[Message] = []
    size = 0
    while size <= BODY_BYTES:
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
        if not messages[-1].get("more_body", False):
            break
    return messages


def replayed(messages: list[Message], receive: Receive) -> Receive:
    """What was read, then what comes."""
    left = iter(messages)

    async def again() -> Message:
        for message in left:
            return message
        return await receive()

    return again


def fingerprint(scope: Scope, body: list[Message]) -> str:
    digest = hashlib.sha256(b"\0".join((scope["raw_path"], scope["query_string"], b"")))
    if body[-1].get("more_body", False):
        digest.update(Headers(scope=scope).get("content-length", "").encode())
    else:
        for message in body:
            digest.update(message.get("body", b""))
    return digest.hexdigest()


async def send_again(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"idempotent-replayed", b"true"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
