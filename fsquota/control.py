"""The control socket: JSON lines in and out, several clients, each bounded in what it may make the server keep."""

import dataclasses
import itertools
import json
import os
import select
import socket
import time
from collections.abc import Callable, Generator
from typing import Any

from fsquota.aside import Aside, Taken, TooLarge
from fsquota.changes import BATCH_SECONDS, Changes, Event
from fsquota.filesystem import Filesystem
from fsquota.ledger import Full, LimitBelowUse, Usage
from fsquota.loop import Loop
from fsquota.replace import Changed, Missing, Staging, Version
from fsquota.worker import Job

LINE_BYTES = 64 * 1024
OUTPUT_BYTES = 1 << 20
MOST_CLIENTS = 64
MOST_UNANSWERED = 16
USAGE_SECONDS = 0.1
MOST_FOLDERS = 1000
# So many names of what is discarded are removed before others are served.
DISCARDED_AT_ONCE = 200

# A request that has blocking calls to make yields each, and goes on when the worker has made it.
Steps = Generator[Job, None, dict[str, Any]]


class BadRequest(Exception):
    """The request is not one of the documented ones."""


class Client:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.received = bytearray()
        self.output = bytearray()
        self.subscribed = False
        self.behind = False
        """Events were left out; it is told to read everything again once it has taken what it was sent."""
        self.unanswered = 0
        self.closed = False

    @property
    def events(self) -> int:
        """What to wait for. One that does not read its replies is not listened to either."""
        listening = self.unanswered < MOST_UNANSWERED and len(self.output) < OUTPUT_BYTES
        return (select.EPOLLIN if listening else 0) | (select.EPOLLOUT if self.output else 0)


class Control:
    """`drop_cache(inode number)` tells the kernel to forget a file's content, `drop_name(folder's number, name)` what
    it knows of a name; they may block, so a worker calls them."""

    def __init__(
        self,
        loop: Loop,
        listener: socket.socket,
        *,
        drop_cache: Callable[[int], None],
        drop_name: Callable[[int, bytes], None],
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._drop_cache = drop_cache
        self._drop_name = drop_name
        self._clients: dict[int, Client] = {}
        self._filesystem: Filesystem
        self._staging: Staging
        self._aside: Aside
        self._changes: Changes
        self._usage_sent: Usage | None = None
        self._usage_due = 0.0
        self._changes_due: float | None = None

    def serve(self, filesystem: Filesystem, staging: Staging, aside: Aside) -> None:
        self._filesystem = filesystem
        self._staging = staging
        self._aside = aside
        self._changes = filesystem.changes
        self._listener.setblocking(False)
        self._loop.watch(self._listener.fileno(), select.EPOLLIN, self._accept)
        self._loop.before_wait = self.tell_what_is_due

    def close(self) -> None:
        for client in list(self._clients.values()):
            self._close(client)
        self._loop.unwatch(self._listener.fileno())
        self._listener.close()

    # --- events ---

    def broadcast(self, event: Event) -> None:
        line = encoded(event)
        for client in list(self._clients.values()):
            if client.subscribed:
                self._send_event(client, line)

    def tell_what_is_due(self) -> float | None:
        """Delivers changes and usage as they fall due; answers in how many seconds something will be."""
        if not self._changes.wanted:
            return None
        now = time.monotonic()
        due = self._deliver_changes(now)
        usage = self._filesystem.ledger.usage
        if usage != self._usage_sent:
            if now >= self._usage_due:
                self._usage_sent = usage
                self._usage_due = now + USAGE_SECONDS
                self.broadcast({"event": "usage", **dataclasses.asdict(usage)})
            else:
                due = min(due or self._usage_due, self._usage_due)
        return None if due is None else max(0.0, due - now)

    def _deliver_changes(self, now: float) -> float | None:
        if not self._changes.are_pending:
            self._changes_due = None
        elif self._changes_due is None:
            self._changes_due = now + BATCH_SECONDS
        elif now >= self._changes_due:
            self._changes.flush()
            self._changes_due = None
        return self._changes_due

    def _send_event(self, client: Client, line: bytes) -> None:
        if client.behind or len(client.output) + len(line) > OUTPUT_BYTES:
            client.behind = True
        else:
            self._send(client, line)

    def _catch_up(self, client: Client) -> None:
        client.behind = False
        usage = {"event": "usage", **dataclasses.asdict(self._filesystem.ledger.usage)}
        self._send(client, encoded({"event": "rescan", "path": ""}) + encoded(usage))

    # --- clients ---

    def _accept(self, _: int) -> None:
        try:
            connection, _address = self._listener.accept()
        except BlockingIOError:
            return  # it has gone again
        if len(self._clients) >= MOST_CLIENTS:
            connection.close()
            return
        connection.setblocking(False)
        client = Client(connection)
        self._clients[connection.fileno()] = client
        self._loop.watch(connection.fileno(), select.EPOLLIN, lambda events: self._ready(client, events))

    def _ready(self, client: Client, events: int) -> None:
        try:
            if events & select.EPOLLIN:
                self._receive(client)
            elif events & (select.EPOLLHUP | select.EPOLLERR):
                self._close(client)
            if events & select.EPOLLOUT and not client.closed:
                self._flush(client)
        except (ConnectionError, BadRequest):
            self._close(client)

    def _receive(self, client: Client) -> None:
        received = client.connection.recv(LINE_BYTES)
        if not received:
            self._close(client)
            return
        client.received += received
        self._handle_lines(client)

    def _handle_lines(self, client: Client) -> None:
        while not client.closed and client.unanswered < MOST_UNANSWERED:
            line, newline, rest = client.received.partition(b"\n")
            if not newline:
                break
            client.received = rest
            self._handle(client, bytes(line))
        if len(client.received) > 2 * LINE_BYTES:
            raise BadRequest("a line is too long")
        self._update(client)

    def _close(self, client: Client) -> None:
        if client.closed:
            return
        client.closed = True
        self._loop.unwatch(client.connection.fileno())
        del self._clients[client.connection.fileno()]
        client.connection.close()
        self._changes.wanted = any(other.subscribed for other in self._clients.values())

    def _send(self, client: Client, line: bytes) -> None:
        if client.closed:
            return
        client.output += line
        try:
            self._flush(client)
        except ConnectionError:
            self._close(client)

    def _flush(self, client: Client) -> None:
        try:
            sent = client.connection.send(client.output)
        except BlockingIOError:
            sent = 0
        del client.output[:sent]
        if client.behind and not client.output:
            self._catch_up(client)
        self._update(client)

    def _update(self, client: Client) -> None:
        if not client.closed:
            self._loop.change(client.connection.fileno(), client.events)

    # --- requests ---

    def _handle(self, client: Client, line: bytes) -> None:
        """Raises BadRequest for a line that is no request: such a client is not worth an answer."""
        try:
            request = json.loads(line)
        except ValueError as error:
            raise BadRequest("not JSON") from error
        if not isinstance(request, dict) or not isinstance(request.get("id"), int):
            raise BadRequest("not an object with an id")
        client.unanswered += 1
        identity = request.pop("id")
        try:
            self._advance(client, identity, self._steps(client, request))
        except REFUSALS as refusal:
            self._answer(client, identity, error=described(refusal))

    def _advance(self, client: Client, identity: int, steps: Steps, error: BaseException | None = None) -> None:
        try:
            job = next(steps) if error is None else steps.throw(error)
        except StopIteration as end:
            self._answer(client, identity, ok=end.value)
        except REFUSALS as refusal:
            self._answer(client, identity, error=described(refusal))
        else:
            self._loop.submit(job, lambda error: self._advance(client, identity, steps, error))

    def _answer(self, client: Client, identity: int, **reply: Any) -> None:
        client.unanswered -= 1
        self._send(client, encoded({"id": identity, **reply}))
        if client.received and not client.closed and client.unanswered == MOST_UNANSWERED - 1:
            try:
                self._handle_lines(client)
            except BadRequest:
                self._close(client)

    def _steps(self, client: Client, request: dict[str, Any]) -> Steps:
        match request:
            case {"operation": "usage", **rest} if not rest:
                return done(self._usage())
            case {"operation": "resize", "limit_bytes": int(limit_bytes), "limit_files": int(limit_files), **rest} if (
                not rest and limit_bytes >= 0 and limit_files >= 0
            ):
                self._filesystem.ledger.resize(limit_bytes=limit_bytes, limit_files=limit_files)
                return done(self._usage())
            case {
                "operation": "resize",
                "limit_bytes": int(limit_bytes),
                "limit_files": int(limit_files),
                "below_use": True,
                **rest,
            } if not rest and limit_bytes >= 0 and limit_files >= 0:
                self._filesystem.ledger.set_limits(limit_bytes=limit_bytes, limit_files=limit_files)
                return done(self._usage())
            case {"operation": "largest_folders", "count": int(count), **rest} if not rest and count >= 0:
                return done({"folders": self._largest_folders(count)})
            case {"operation": "subscribe", **rest} if not rest:
                return self._subscribe(client)
            case {
                "operation": "replace",
                "inode": int(number),
                "staged": str(staged),
                "expected": {"modified_ns": int(modified_ns), "byte_size": int(byte_size)} as expected,
                **rest,
            } if not rest and len(expected) == 2:
                return self._replace(number, staged, Version(modified_ns, byte_size))
            case {"operation": "replace", "inode": int(number), "staged": str(staged), "expected": None, **rest} if (
                not rest
            ):
                return self._replace(number, staged, None)
            case {
                "operation": "set_aside",
                "folder": int(number),
                "name": str(name),
                "most_bytes": int(most_bytes),
                "most_files": int(most_files),
                **rest,
            } if not rest:
                return self._set_aside(number, name_of(name), most_bytes=most_bytes, most_files=most_files)
            case {"operation": "put_back", "key": str(key), "folder": int(number), "name": str(name), **rest} if (
                not rest
            ):
                return self._put_back(key, number, name_of(name))
            case {"operation": "discard", "key": str(key), **rest} if not rest:
                return self._discard(key)
        expected_operations = (
            "usage, resize, largest_folders, replace, set_aside, put_back, discard or subscribe with their arguments"
        )
        raise BadArguments(f"expected {expected_operations}, got {json.dumps(request)[:200]}")

    def _usage(self) -> dict[str, Any]:
        return dataclasses.asdict(self._filesystem.ledger.usage)

    def _largest_folders(self, count: int) -> list[dict[str, Any]]:
        tree = self._filesystem.tree
        totals = tree.folder_totals()
        totals.sort(key=lambda total: (-total.used_bytes, -total.used_files))
        return [
            {
                "path": (tree.path(*total.folder.links[0]) or b"").decode(errors="replace"),
                "used_bytes": total.used_bytes,
                "used_files": total.used_files,
            }
            for total in totals[: min(count, MOST_FOLDERS)]
        ]

    def _subscribe(self, client: Client) -> Steps:
        """The reply comes before the first event; changes from before it are not told."""
        self._changes.flush()
        client.subscribed = self._changes.wanted = True
        self._usage_sent = None
        return done({})

    def _replace(self, number: int, staged: str, expected: Version | None) -> Steps:
        descriptor = self._staging.open(staged)
        try:
            self._staging.check(self._staging.target(number), os.fstat(descriptor).st_size, expected)
            yield lambda: os.fsync(descriptor)
            version = self._staging.commit(number, staged, descriptor, expected)
        except BaseException:
            os.close(descriptor)
            raise
        folders = self._staging.parent_descriptors(number)
        yield lambda: self._settle(number, folders)
        return dataclasses.asdict(version)

    def _set_aside(self, number: int, name: bytes, *, most_bytes: int, most_files: int) -> Steps:
        kept = self._aside.set_aside(number, name, most_bytes=most_bytes, most_files=most_files)
        yield lambda: self._forget_name(number, name)
        return {"key": kept.key, "used_bytes": kept.used_bytes, "used_files": kept.used_files}

    def _put_back(self, key: str, number: int, name: bytes) -> Steps:
        self._aside.put_back(key, number, name)
        yield lambda: self._forget_name(number, name)
        return {}

    def _discard(self, key: str) -> Steps:
        removing = self._aside.discard(key)
        while any(True for _ in itertools.islice(removing, DISCARDED_AT_ONCE)):
            yield lambda: None
        return {}

    def _forget_name(self, number: int, name: bytes) -> None:
        self._drop_name(number, name)
        self._drop_cache(number)

    def _settle(self, number: int, folders: list[int]) -> None:
        for folder in folders:
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        self._drop_cache(number)


class BadArguments(Exception):
    """A request of an unknown operation or with wrong arguments."""


REFUSALS = (BadArguments, Changed, Full, LimitBelowUse, Missing, Taken, TooLarge, OSError)


def done(reply: dict[str, Any]) -> Steps:
    return reply
    yield  # makes this a generator: it has no blocking call to make


def described(refusal: BaseException) -> dict[str, Any]:
    """The error of a reply: a code, a message for people and the numbers a program can act on."""
    message = str(refusal)
    match refusal:
        case Full(needed_bytes=needed, usage=usage):
            free = max(0, usage.limit_bytes - usage.used_bytes)
            numbers = {"needed_bytes": needed, "free_bytes": free, "limit_bytes": usage.limit_bytes}
            return {"code": "full", "message": message, **numbers}
        case LimitBelowUse(limit_bytes=limit_bytes, limit_files=limit_files, usage=usage):
            numbers = dataclasses.asdict(usage) | {"limit_bytes": limit_bytes, "limit_files": limit_files}
            return {"code": "limit_below_use", "message": message, **numbers}
        case Changed(version=version):
            return {"code": "changed", "message": message, **dataclasses.asdict(version)}
        case Missing():
            return {"code": "not_found", "message": message}
        case Taken():
            return {"code": "exists", "message": message}
        case TooLarge(used_bytes=used_bytes, used_files=used_files):
            return {"code": "too_large", "message": message, "used_bytes": used_bytes, "used_files": used_files}
        case OSError():
            return {"code": "io_error", "message": message}
    return {"code": "invalid_request", "message": message}


def name_of(text: str) -> bytes:
    """A name is bytes; those that are no UTF-8 come as Python's surrogateescape has them."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError as error:
        raise BadArguments(f"expected a name, got {text!r}") from error


def encoded(message: Event) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
