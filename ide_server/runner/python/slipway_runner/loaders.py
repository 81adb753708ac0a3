"""What a function is given to read, from the host only when asked for: parameters of many values, and states."""

import array
import functools
import io
import math
from collections.abc import Sequence

from slipway_runner import tensors

READ_AHEAD_BYTES = 1 << 20
PAGE_ENDS = 8192
HEADER_BYTES = 4096
"""More than most headers of a value have; a longer one is read again."""


class Blobs:
    """The host's bytes that one call may read; once the call has ended, nothing."""

    def __init__(self, read_into, inlined=None):
        """`inlined`: bytes that came with the call, by blob."""
        self._read_into = read_into
        self._inlined = inlined or {}
        self._open = True

    def read(self, blob, start, size):
        """A bytearray."""
        data = bytearray(size)
        self.read_into(blob, start, memoryview(data))
        return data

    def read_into(self, blob, start, view):
        if not self._open:
            raise RuntimeError("Data can be read only until the function that was given it has returned.")
        inlined = self._inlined.get(blob)
        if inlined is None:
            self._read_into(blob, start, view)
        else:
            view[:] = inlined[start : start + len(view)]

    def close(self):
        self._open = False


class Batch(list):
    """A list that may also be awaited, as the next values of the contract are."""

    def __await__(self):
        yield from ()
        return self


class ReadBytes(bytes):
    """Bytes that may also be awaited."""

    def __await__(self):
        yield from ()
        return self


class DataLoader(Sequence):
    """The values of one parameter, in order or shuffled, read in portions: also a sequence of them."""

    def __init__(self, given, blobs, convert):
        self._given = given
        self._blobs = blobs
        self._convert = convert
        self._order = None
        self._position = 0
        if given["ends"] is not None:
            self._page = functools.lru_cache(maxsize=16)(self._read_page)

    def size(self):
        return self._given["count"]

    def total_byte_size(self):
        return self._given["byte_size"]

    def position(self):
        return self._position

    def set_position(self, position):
        if not isinstance(position, (int, float)):
            raise TypeError(f"expected a position as int or float, got {type(position).__name__}")
        position = max(0, math.floor(position))
        if position > self.size():
            raise ValueError(f"expected a position of at most {self.size()}, the number of values, got {position}")
        self._position = position

    def remaining(self):
        return self.size() - self._position

    def has_next(self, amount=1):
        return self.remaining() >= math.floor(amount)

    def next(self, amount=1):
        """The next values, fewer at the end. May be awaited."""
        start = self._position
        self._position = min(self.size(), start + max(0, math.floor(amount)))
        return Batch(self._read(range(start, self._position)))

    def shuffle(self):
        """Another order from here on; the position stays."""
        self.shuffle_in_group([])

    def shuffle_in_group(self, others):
        """The same new order for this and all others: they hold equally many values."""
        import random  # slow to import, and seldom asked for

        order = array.array("Q", range(self.size()))
        for other in others:
            if other.size() != self.size():
                raise ValueError(f"expected loaders of {self.size()} values each, got one of {other.size()}")
        random.shuffle(order)
        for loader in (self, *others):
            loader._order = order

    def __len__(self):
        return self.size()

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._read(range(self.size())[index])
        return self._read([range(self.size())[index]])[0]

    def __iter__(self):
        step = max(1, READ_AHEAD_BYTES * self.size() // max(1, self.total_byte_size()))
        for start in range(0, self.size(), step):
            yield from self._read(range(start, min(self.size(), start + step)))

    def __repr__(self):
        return f"DataLoader({self.size()} values)"

    def _read(self, positions):
        places = positions if self._order is None else [self._order[position] for position in positions]
        if isinstance(places, range) and places.step == 1 and len(places):
            return self._read_run(places)
        return [self._convert(self._value(place)) for place in places]

    def _read_run(self, places):
        """Values that lie beside each other, in one go."""
        first, end = self._start(places.start), self._end(places[-1])
        data = memoryview(self._blobs.read(self._given["blob"], first, end - first))
        return [self._convert(data[self._start(place) - first : self._end(place) - first]) for place in places]

    def _value(self, place):
        start = self._start(place)
        return self._blobs.read(self._given["blob"], start, self._end(place) - start)

    def open(self, index=0):
        """The file at `index`, not yet read, as a binary file object that can seek."""
        place = range(self.size())[index]
        place = place if self._order is None else self._order[place]
        start, end = self._start(place), self._end(place)
        head = self._blobs.read(self._given["blob"], start, min(HEADER_BYTES, end - start))
        start += tensors.header_size(head[:4])
        return io.BufferedReader(_BlobFile(self._blobs, self._given["blob"], start, end), READ_AHEAD_BYTES)

    def _start(self, place):
        return self._end(place - 1) if place else 0

    def _end(self, place):
        if self._given["ends"] is None:  # all are equally long
            return self._given["byte_size"] // self._given["count"] * (place + 1)
        return self._page(place // PAGE_ENDS)[place % PAGE_ENDS]

    def _read_page(self, page):
        first = page * PAGE_ENDS
        size = 8 * min(PAGE_ENDS, self.size() - first)
        ends = array.array("Q")
        ends.frombytes(self._blobs.read(self._given["ends"], 8 * first, size))
        return tensors.little_endian(ends)


class _BlobFile(io.RawIOBase):
    def __init__(self, blobs, blob, start, end):
        self._blobs = blobs
        self._blob = blob
        self._start = start
        self._size = end - start
        self._position = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def readinto(self, buffer):
        view = memoryview(buffer)[: max(0, self._size - self._position)]
        self._blobs.read_into(self._blob, self._start + self._position, view)
        self._position += len(view)
        return len(view)

    def seek(self, offset, whence=io.SEEK_SET):
        self._position = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence])
        return self._position

    def tell(self):
        return self._position


class StateLoader:
    """What one key of a state holds."""

    def __init__(self, kept, blobs):
        self._kept = kept
        self._blobs = blobs

    def byte_size(self):
        return self._kept["byte_size"]

    def read(self):
        """The bytes. May be awaited."""
        return ReadBytes(self._blobs.read(self._kept["blob"], 0, self.byte_size()))
