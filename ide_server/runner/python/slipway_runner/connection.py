"""The runner's end of the socket to the host.

A thread of its own reads it, so that a cancel arrives while the person's code blocks the main thread. Frames are sent
from whichever thread has something to say.
"""

import itertools
import os
import queue
import socket
import threading
import time

from slipway_runner import frames

SECONDS_TO_END = 5.0
BEFORE_AN_ANSWER = ("output", "value", "elements")
SHORT_BYTES = 16 << 10
MAX_UNSENT = 16


class Connection:
    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)  # programs the person's code starts must not hold the socket
        self._socket = socket.socket(fileno=descriptor)
        self._sending = threading.Lock()
        self._unsent = []
        self._requests = queue.SimpleQueue()
        self._reads = {}
        self._read_ids = itertools.count(1)
        self._forked = False
        self.cancel = lambda request_id: None
        os.register_at_fork(after_in_child=self._abandon)
        threading.Thread(target=self._receive, name="slipway-connection", daemon=True).start()

    def send(self, header, *parts):
        """What is short of an answer goes with what follows it."""
        data = frames.encode(header, parts)
        if self._forked:
            return
        with self._sending:
            self._unsent.append(data)
            if header["type"] not in BEFORE_AN_ANSWER or len(data) > SHORT_BYTES or len(self._unsent) == MAX_UNSENT:
                data = b"".join(self._unsent)
                self._unsent.clear()
                self._socket.sendall(data)

    def requests(self):
        """What the host asks, in order, until it closes the socket."""
        return iter(self._requests.get, None)

    def read_into(self, blob, offset, view):
        """Fill `view` with bytes of something the host holds, chunk by chunk."""
        filled = 0
        while filled < len(view):
            chunk = self._read_chunk(blob, offset + filled, min(frames.CHUNK_BYTES, len(view) - filled))
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)

    def hand_over(self):
        """Let the program that replaces this one have the socket."""
        os.set_inheritable(self._socket.fileno(), True)

    def _read_chunk(self, blob, offset, size):
        read_id, reply = next(self._read_ids), queue.SimpleQueue()
        self._reads[read_id] = reply
        self.send({"type": "read", "id": read_id, "blob": blob, "offset": offset, "size": size})
        chunk = reply.get()
        if not chunk:
            raise frames.ConnectionEnded
        return chunk

    def _receive(self):
        try:
            while True:
                header, parts = frames.read(self._socket)
                self._dispatch(header, parts)
        except (frames.ConnectionEnded, OSError):
            self._end()

    def _dispatch(self, header, parts):
        kind = header["type"]
        if kind == "data":
            self._reads.pop(header["id"]).put(parts[0])
        elif kind == "cancel":
            self.cancel(header["id"])
        else:
            header["inlined"] = dict(zip(header.get("inline", ()), parts))
            self._requests.put(header)

    def _end(self):
        self._requests.put(None)
        for reply in list(self._reads.values()):
            reply.put(None)
        time.sleep(SECONDS_TO_END)
        os._exit(1)  # code that still blocks the main thread has nobody left to answer

    def _abandon(self):
        """A forked child has no reading thread and must not speak for its parent."""
        self._forked = True
        os.close(self._socket.detach())
