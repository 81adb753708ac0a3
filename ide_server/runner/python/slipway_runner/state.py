"""A state as the person's code gives and takes it: bytes, a mapping from key to bytes, or key by key to a provider.

On the way to the host every state is a mapping; the empty key stands for a state that is just bytes.
"""

import io
from collections.abc import Mapping

from slipway_runner.frames import CHUNK_BYTES
from slipway_runner.loaders import StateLoader
from slipway_runner.values import InvalidOutput

BYTES = (bytes, bytearray, memoryview)
MAX_KEYS = 100
MAX_KEY_BYTES = 80
MAX_VALUE_BYTES = 1 << 30


class Provider:
    """Takes a state key by key, and sends it on at once."""

    def __init__(self, source, connection):
        self._source = source
        self._connection = connection
        self._keys = set()

    @property
    def was_used(self):
        return bool(self._keys)

    def provide(self, key, data):
        """Raises InvalidOutput for a key given twice, too many of them or too much in one."""
        self.provide_all([{"key": key, "data": data}])

    def provide_all(self, data):
        for item in data:
            key = _checked_key(item["key"], self._source)
            if key in self._keys:
                raise InvalidOutput(f"{self._source} provided the key {key!r} twice; keys are given once.")
            if len(self._keys) == MAX_KEYS:
                raise InvalidOutput(f"{self._source} provided more than {MAX_KEYS} keys; a state has at most so many.")
            segments = _segments(item["data"], f"{self._source}, key {key!r},")
            self._keys.add(key)
            send_key(key, segments, self._connection)


def send(state, source, connection, kind="state"):
    for key, segments in segments_of(state, source).items():
        send_key(key, segments, connection, kind)


def send_key(key, segments, connection, kind="state"):
    for chunk in chunks_of(segments):
        connection.send({"type": kind, "key": key}, chunk)


def segments_of(state, source):
    """Key -> list of bytes-like segments. Raises InvalidOutput, naming what `source` returned."""
    if not isinstance(state, Mapping):
        return {"": _segments(state, source)}
    if len(state) > MAX_KEYS:
        raise InvalidOutput(f"{source} returned {len(state)} keys; a state has at most {MAX_KEYS}.")
    return {_checked_key(key, source): _segments(value, f"{source}, key {key!r},") for key, value in state.items()}


def _checked_key(key, source):
    if not isinstance(key, str) or not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        raise InvalidOutput(f"{source} returned the key {key!r}; expected text of 1 to {MAX_KEY_BYTES} bytes.")
    return key


def _segments(value, source):
    segments = list(value) if isinstance(value, (list, tuple)) else [value]
    for segment in segments:
        if not isinstance(segment, BYTES):
            raise InvalidOutput(
                f"{source} returned {type(segment).__name__}; expected bytes, or a mapping from key to bytes. "
                "Turn it into bytes first, for example with json.dumps(...).encode()."
            )
    views = [memoryview(segment).cast("B") for segment in segments]
    size = sum(view.nbytes for view in views)
    if size > MAX_VALUE_BYTES:
        raise InvalidOutput(f"{source} returned {size} bytes; one key holds at most {MAX_VALUE_BYTES}.")
    return views


def chunks_of(views):
    """At least one chunk, so that an empty value exists too."""
    if not any(view.nbytes for view in views):
        yield b""
    for view in views:
        for start in range(0, view.nbytes, CHUNK_BYTES):
            yield view[start : start + CHUNK_BYTES]


def fetch(described, blobs):
    """The state as the code returned it; None if there is none."""
    if described is None:
        return None
    values = {key: _read(kept, blobs) for key, kept in described.items()}
    return values[""] if set(values) == {""} else values


def _read(kept, blobs):
    """In a BytesIO, which gives out what it has gathered without a copy: it may be a gigabyte."""
    file, size = io.BytesIO(), kept["byte_size"]
    for start in range(0, size, CHUNK_BYTES):
        file.write(blobs.read(kept["blob"], start, min(CHUNK_BYTES, size - start)))
    return file.getvalue()


def loaders_of(described, blobs):
    return {key: StateLoader(kept, blobs) for key, kept in (described or {}).items()}
