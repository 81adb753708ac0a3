"""Values in the bytes that the decthings-model package gives and takes: a type, a shape and the elements.

One byte of type, one of dimensions, the lengths, then the elements. Lengths are one byte below 253, else 253, 254 or
255 and a big-endian number of two, four or eight bytes. Texts and files are each preceded by their length, all of them
together too; a file begins with its format in three letters.
"""

import math

from slipway_runner import tensors
from slipway_runner.tensors import Tensor

TYPES = ("f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
         "string", "binary", "boolean", "image", "audio", "video")  # fmt: skip
SIZES = {"f32": 4, "f64": 8, "i8": 1, "i16": 2, "i32": 4, "i64": 8, "u8": 1, "u16": 2, "u32": 4, "u64": 8, "boolean": 1}
WITH_FORMAT = ("image", "audio", "video")
SHORT_FORMATS = {"jpeg": "jpg", "tiff": "tif", "webp": "wbp", "avif": "avf", "webm": "wbm", "flac": "flc"}
LONG_FORMATS = {"wbp": "webp", "avf": "avif", "wbm": "webm", "flc": "flac"}


def pack(tensor):
    head = bytes([TYPES.index(tensor.element_type) + 1, len(tensor.shape)]) + b"".join(map(_length, tensor.shape))
    if tensor.element_type in SIZES:
        return b"".join([head, *tensor.payload])
    elements = b"".join(_length(len(element)) + element for element in _elements(tensor))
    return b"".join([head, _length(len(elements)), elements])


def _elements(tensor):
    if tensor.element_type == "string":
        return [text.encode("utf-8", "replace") for text in tensors.texts_of(tensor)]
    files = tensors.files_of(tensor)
    if tensor.element_type == "binary":
        return files
    return [_short(file.format).encode() + file for file in files]


def _short(kind):
    return SHORT_FORMATS.get(kind, kind)[:3].ljust(3)


def _length(value):
    if value < 253:
        return bytes([value])
    for marker, size in ((253, 2), (254, 4), (255, 8)):
        if value < 1 << (8 * size):
            return bytes([marker]) + value.to_bytes(size, "big")
    raise ValueError(f"expected a length below 2 ** 64, got {value}")


def unpack(data):
    """A Tensor from the bytes of one. Raises ValueError for bytes that are none."""
    reader = _Reader(data)
    code = reader.take(1)[0]
    if not 1 <= code <= len(TYPES):
        raise ValueError(f"expected a type from 1 to {len(TYPES)}, got {code}")
    element_type = TYPES[code - 1]
    shape = [reader.length() for _ in range(reader.take(1)[0])]
    count = math.prod(shape)
    if element_type in SIZES:
        return Tensor(element_type, shape, [reader.take(count * SIZES[element_type])])
    reader.length()
    elements = [reader.take(reader.length()) for _ in range(count)]
    if element_type == "string":
        return tensors.of_texts(shape, [bytes(element).decode() for element in elements])
    if element_type == "binary":
        return tensors.of_files(element_type, shape, [(element, "") for element in elements])
    return tensors.of_files(element_type, shape, [(element[3:], _format(element)) for element in elements])


def _format(element):
    kind = bytes(element[:3]).decode("ascii", "replace").strip().lower()
    return LONG_FORMATS.get(kind, kind)


class _Reader:
    def __init__(self, data):
        self._view = memoryview(data)
        self._position = 0

    def take(self, size):
        start, self._position = self._position, self._position + size
        if self._position > len(self._view):
            raise ValueError(f"expected {size} more bytes at {start}, got {len(self._view) - start}")
        return self._view[start : self._position]

    def length(self):
        first = self.take(1)[0]
        return first if first < 253 else int.from_bytes(self.take({253: 2, 254: 4, 255: 8}[first]), "big")
