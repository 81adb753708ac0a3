"""Values as host and runner exchange them: a header (type, shape, files) and a payload of bytes.

Numbers and booleans are little-endian, one after the other; texts are a JSON list; encoded files follow each other,
each with its format and size in the header. docs/launchers.md has the whole of it.
"""

import array
import functools
import json
import math
import struct
import sys

MEDIA = ("image", "audio", "video", "binary")

ARRAY_CODES = {
    "f32": "f", "f64": "d", "i8": "b", "i16": "h", "i32": "i", "i64": "q",
    "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "boolean": "B",
}  # fmt: skip
NUMPY_TYPES = {
    "f32": "<f4", "f64": "<f8", "i8": "i1", "i16": "<i2", "i32": "<i4", "i64": "<i8",
    "u8": "u1", "u16": "<u2", "u32": "<u4", "u64": "<u8", "boolean": "?",
}  # fmt: skip


class Media(bytes):
    """An encoded file, exactly its bytes; `format` says which: "png", "wav", ... and "" for plain bytes."""

    format = ""


class Tensor:
    """`payload` is a list of bytes-like pieces, `files` are (format, byte size) of each encoded file."""

    def __init__(self, element_type, shape, payload, files=()):
        self.element_type = element_type
        self.shape = list(shape)
        self.payload = [memoryview(piece).cast("B") for piece in payload]
        self.files = list(files)

    @property
    def byte_size(self):
        return sum(piece.nbytes for piece in self.payload)

    def joined(self):
        """The payload in one piece."""
        return self.payload[0] if len(self.payload) == 1 else memoryview(b"".join(self.payload))


def of_numbers(element_type, shape, flat):
    """`flat` are the elements, row-major."""
    return Tensor(element_type, shape, [little_endian(array.array(ARRAY_CODES[element_type], flat))])


def of_texts(shape, flat):
    # Half a surrogate pair is text to Python, but no UTF-8.
    return Tensor("string", shape, [json.dumps(list(flat), ensure_ascii=False).encode("utf-8", "replace")])


def of_files(element_type, shape, files):
    """`files` are (bytes, format)."""
    return Tensor(element_type, shape, [data for data, _ in files], [(kind, len(data)) for data, kind in files])


def little_endian(numbers):
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def decode(data):
    """A Tensor from the bytes the host keeps a parameter's value in; its payload is a view of them."""
    view = memoryview(data)
    start = header_size(view[:4])
    header = json.loads(bytes(view[4:start]))
    files = [(file["format"], file["byte_size"]) for file in header["files"]]
    return Tensor(header["type"], header["shape"], [view[start:]], files)


def cast(tensor, element_type):
    """Numbers as those of another type that can hold them; None: as they are."""
    if element_type in (None, tensor.element_type):
        return tensor
    number = float if element_type in ("f32", "f64") else int
    return of_numbers(element_type, tensor.shape, [number(each) for each in numbers_of(tensor)])


def header_size(start):
    """How many bytes come before the payload, by the first four of them."""
    return 4 + struct.unpack(">I", start)[0]


# --- as the code sees them ---


def value_of(tensor):
    """A scalar as a plain value; an ndarray where the model's environment has numpy, else nested lists."""
    if tensor.element_type in ARRAY_CODES:
        return _numbers(tensor)
    flat = files_of(tensor) if tensor.element_type in MEDIA else texts_of(tensor)
    return nested(flat, tensor.shape)


def texts_of(tensor):
    return json.loads(bytes(tensor.joined()))


def files_of(tensor):
    view, start, found = tensor.joined(), 0, []
    for kind, size in tensor.files:
        media = Media(view[start : start + size])
        media.format = kind
        found.append(media)
        start += size
    return found


def nested(flat, shape):
    """Row-major elements as lists of lists; the only one where the shape is empty."""
    if not shape:
        return flat[0]
    if len(shape) == 1:
        return list(flat)
    step = math.prod(shape[1:])
    return [nested(flat[row * step : (row + 1) * step], shape[1:]) for row in range(shape[0])]


def _numbers(tensor):
    numpy = _numpy() if tensor.shape else None
    if numpy is not None:
        return numpy.ndarray(tensor.shape, NUMPY_TYPES[tensor.element_type], tensor.joined())
    return nested(numbers_of(tensor), tensor.shape)


def numbers_of(tensor):
    """The elements, row-major, as plain numbers or booleans."""
    numbers = array.array(ARRAY_CODES[tensor.element_type])
    numbers.frombytes(tensor.joined())
    flat = little_endian(numbers).tolist()
    return [bool(each) for each in flat] if tensor.element_type == "boolean" else flat


def _numpy():
    """None where there is none."""
    return _found_numpy(tuple(sys.path), "numpy" in sys.modules)


@functools.lru_cache(maxsize=1)
def _found_numpy(path, is_imported):
    """Asked again only where the answer may be another: a search in vain takes as long as a whole short call."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy
