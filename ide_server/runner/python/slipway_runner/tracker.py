"""What train(params, tracker) reports through, and how it learns that it should stop."""

import math
import threading
from collections import Counter
from collections.abc import Mapping


class Tracker:
    def __init__(self, send, call_soon):
        self._send = send
        self._call_soon = call_soon
        self._cancelled = threading.Event()
        self._callbacks = []
        self._steps = Counter()
        self.failure = None

    @property
    def cancelled(self):
        """True once the person has pressed Stop: return soon, or the launcher is ended."""
        return self._cancelled.is_set()

    def on_cancel(self, callback):
        """Call `callback()` when the person presses Stop; at once if they already have."""
        self._callbacks.append(callback)
        if self.cancelled:
            self._call_soon(callback)

    def progress(self, fraction):
        """How much is done, from 0 to 1."""
        self._send({"type": "progress", "fraction": min(1.0, max(0.0, finite(fraction) or 0.0))})

    def metrics(self, metrics, step=None):
        """Points of curves: [(name, value), ...] or {name: value}. Without `step` each name counts its own."""
        pairs = metrics.items() if isinstance(metrics, Mapping) else metrics
        self._send({"type": "metrics", "metrics": [self._point(name, value, step) for name, value in pairs]})

    def failed(self, reason):
        """Let the operation end as failed, for this reason, when train returns."""
        self.failure = str(reason)

    def cancel(self):
        if not self.cancelled:
            self._cancelled.set()
            for callback in list(self._callbacks):
                self._call_soon(callback)

    def _point(self, name, value, step):
        if step is None:
            step = self._steps[name]
        self._steps[name] = int(step) + 1
        return [str(name), int(step), finite(value)]


def finite(value):
    """A number that JSON can hold, None for NaN and the infinities; also from arrays of one element."""
    number = float(value)
    return number if math.isfinite(number) else None
