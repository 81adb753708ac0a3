"""What train(params, tracker) reports through, and how it learns that it should stop."""

import math
import threading
from collections import Counter
from collections.abc import Mapping

from slipway_runner import packed, state, tensors, values

MAX_ELEMENTS = 10_000


class Tracker:
    def __init__(self, connection, call_soon):
        self._connection = connection
        self._call_soon = call_soon
        self._cancelled = threading.Event()
        self._callbacks = []
        self._steps = Counter()
        self._ended = False
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
        fraction = min(1.0, max(0.0, finite(fraction) or 0.0))
        self._send({"type": "progress", "fraction": fraction})

    def metrics(self, metrics, step=None):
        """Points of curves: [(name, value), ...], {name: value} or [{"name", "value"}]; a value may be an array.

        Without `step` each name counts its own.
        """
        points = []
        for name, value in pairs_of(metrics):
            number = number_of(value)
            at = self._step(name, step)
            if isinstance(number, tensors.Tensor):
                self._send_tensor(name, at, number)
            else:
                points.append([str(name), at, number])
        if points:
            self._send({"type": "metrics", "metrics": points})

    def checkpoint(self, checkpoint):
        """Keep what was learned so far, as bytes or a mapping from key to bytes; it takes the place of the last one.

        A training that does not come to its end can be started again with it as its state.
        """
        self._check_running()
        state.send(checkpoint, "tracker.checkpoint", self._connection, kind="checkpoint")
        self._send({"type": "checkpointed"})

    def failed(self, reason):
        """Let the operation end as failed, for this reason, when train returns."""
        self.failure = str(reason)

    def cancel(self):
        if not self.cancelled:
            self._cancelled.set()
            for callback in list(self._callbacks):
                self._call_soon(callback)

    def end(self):
        """A thread of the code may go on; what it says is no longer of this training."""
        self._ended = True

    def _step(self, name, step):
        if step is None:
            step = self._steps[name]
        self._steps[name] = int(step) + 1
        return int(step)

    def _send_tensor(self, name, step, tensor):
        header = {"type": "metric_tensor", "name": str(name), "step": step, "element_type": tensor.element_type}
        self._send({**header, "shape": tensor.shape}, tensor.joined())

    def _send(self, header, *parts):
        self._check_running()
        self._connection.send(header, *parts)

    def _check_running(self):
        if self._ended:
            raise RuntimeError("A tracker can be used only until train has returned.")


def pairs_of(metrics):
    if isinstance(metrics, Mapping):
        return list(metrics.items())
    return [(item["name"], item["value"]) if isinstance(item, Mapping) else tuple(item) for item in metrics]


def number_of(value):
    """A number that JSON can hold, None for NaN and the infinities; a Tensor of more than one."""
    if isinstance(value, (int, float)):
        return finite(value)
    tensor = packed.unpack(value) if isinstance(value, bytes) else values.tensor_of(value, "a metric")
    if tensor.element_type not in tensors.ARRAY_CODES:
        raise TypeError(f"expected a number or an array of numbers as a metric, got {tensor.element_type}")
    size = math.prod(tensor.shape)
    if size == 1:
        return finite(tensors.nested(tensors.numbers_of(tensor), []))
    if size > MAX_ELEMENTS:
        raise ValueError(f"expected at most {MAX_ELEMENTS} elements in a metric, got {size}")
    return tensor


def finite(value):
    """A number that JSON can hold, None for NaN and the infinities; also from arrays of one element."""
    number = float(value)
    return number if math.isfinite(number) else None
