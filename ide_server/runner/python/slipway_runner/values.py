"""Turns what evaluate returned into named tensors.

Arrays are recognised by what they offer (dtype, shape, tolist), so numpy, torch and others need not be imported here.
"""

import array
import io
import math
import re
from collections.abc import Mapping

from slipway_runner import packed, tensors
from slipway_runner.frames import CHUNK_BYTES
from slipway_runner.tensors import ARRAY_CODES, Tensor

MAX_DEPTH = 32
MAX_FILES = 1000
SLICE_ELEMENTS = 1 << 16
BYTES = (bytes, bytearray, memoryview)
HALVES = ("float16", "bfloat16")
"""Sent as f32."""

ARRAY_TYPES = {
    "bool": "boolean", "float16": "f32", "bfloat16": "f32", "float32": "f32", "float64": "f64",
    "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64",
}  # fmt: skip

FORMATS = {
    "image": ("png", "jpeg", "jpg", "gif", "webp", "svg", "bmp", "avif"),
    "audio": ("wav", "mp3", "ogg", "flac", "m4a"),
    "video": ("mp4", "webm", "mov", "mkv"),
}

EXPECTED = "expected numbers, text, booleans, bytes, an array, lists of these, or {'data': bytes, 'format': 'png'}"


class InvalidOutput(Exception):
    """The code returned something that cannot be shown; the message names what and where."""


def send(named, connection):
    """Every tensor of (name, tensors) pairs: its header with the first of its bytes, then the rest."""
    for name, found in named:
        connection.send({"type": "output", "name": name})
        for tensor in found:
            send_tensor(tensor, connection)


def send_tensor(tensor, connection):
    header = {
        "type": "value",
        "element_type": tensor.element_type,
        "shape": tensor.shape,
        "byte_size": tensor.byte_size,
        "files": [{"format": kind, "byte_size": size} for kind, size in tensor.files],
    }
    for piece in tensor.payload:
        for start in range(0, piece.nbytes, CHUNK_BYTES):
            connection.send(header, piece[start : start + CHUNK_BYTES])
            header = {"type": "elements"}
    if not tensor.byte_size:
        connection.send(header, b"")


def unpacked_values(returned):
    """As `named_values`, of what a model made by the decthings-model package returned."""
    return [(_checked_name(item["name"]), [packed.unpack(data) for data in item["data"]]) for item in returned]


def named_values(returned):
    """A list of (name, list of Tensor): from a mapping, a list of {"name", "data"}, or a bare value named "output"."""
    if isinstance(returned, Mapping) and not _is_media(returned):
        pairs = list(returned.items())
    elif isinstance(returned, (list, tuple)) and returned and all(_is_named(item) for item in returned):
        pairs = [(item["name"], item["data"]) for item in returned]
    else:
        pairs = [] if returned is None else [("output", returned)]
    return [(_checked_name(name), values_of(data, str(name))) for name, data in pairs]


def _is_named(item):
    return isinstance(item, Mapping) and set(item) == {"name", "data"}


def _checked_name(name):
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise InvalidOutput(f"evaluate returned an output named {name!r:.200}; expected text of 1 to 200 characters.")
    return name


def values_of(data, where):
    """A list of arrays or files is several values; any other list is one tensor."""
    if data is None:
        return []
    if isinstance(data, (list, tuple)) and data and all(_is_whole(item) for item in data):
        return [tensor_of(item, f"{where}[{index}]") for index, item in enumerate(data)]
    return [tensor_of(data, where)]


def _is_whole(item):
    return (
        isinstance(item, BYTES)
        or _is_media(item)
        or _is_packable(item)
        or _draws_itself(item)
        or isinstance(item, array.array)
        or bool(getattr(item, "shape", ()))
    )


def tensor_of(data, where):
    if isinstance(data, BYTES):
        said = getattr(data, "format", "") if isinstance(data, bytes) else ""  # a memoryview's is another
        return _media(data, said or format_of(bytes(data[:16])), where)
    if _is_media(data):
        return _media_of_mapping(data, where)
    if _is_packable(data):
        return packed.unpack(data.serialize())
    if _draws_itself(data):
        return _media(_drawn(data), "png", where)
    if hasattr(data, "shape") and hasattr(data, "tolist"):
        return _array(data, where)
    if isinstance(data, array.array) and data.typecode in "bBhHiIlLqQfd":
        return _typed(data)
    return _nested(data, where)


def _is_packable(data):
    """A tensor of the decthings-api package, whose `shape` is a method."""
    return callable(getattr(data, "serialize", None)) and callable(getattr(data, "shape", None))


# --- encoded files ---


def _is_media(data):
    return isinstance(data, Mapping) and {"data", "format"} <= set(data) <= {"data", "format", "type"}


def _draws_itself(data):
    """PIL images and others that a notebook would show as a picture, and matplotlib figures."""
    return (hasattr(data, "_repr_png_") or hasattr(data, "savefig")) and not isinstance(data, type)


def _drawn(data):
    if hasattr(data, "_repr_png_"):
        return data._repr_png_()
    file = io.BytesIO()
    data.savefig(file, format="png")
    return file.getvalue()


def _media_of_mapping(data, where):
    if not isinstance(data["data"], BYTES) or not isinstance(data["format"], str):
        came = f"{type(data['data']).__name__} and {type(data['format']).__name__}"
        raise InvalidOutput(f"{where}: expected bytes as 'data' and text as 'format', got {came}.")
    return _media(data["data"], data["format"].lower().lstrip("."), where, data.get("type"))


def _media(data, media_format, where, element_type=None):
    if not re.fullmatch("[a-z0-9.+-]{0,16}", media_format):
        raise InvalidOutput(f"{where}: expected a format like 'png', got {media_format!r:.60}.")
    known = (kind for kind, formats in FORMATS.items() if media_format in formats)
    element_type = element_type or next(known, "binary")
    if element_type not in tensors.MEDIA:
        raise InvalidOutput(f"{where}: expected one of {', '.join(tensors.MEDIA)} as 'type', got {element_type!r:.60}.")
    return tensors.of_files(element_type, [], [(memoryview(data).cast("B"), media_format)])


def format_of(data):
    """The format that the first bytes of an encoded file give away; "" if none does."""
    riff = {b"WAVE": "wav", b"WEBP": "webp"}
    starts = {
        b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"fLaC": "flac", b"OggS": "ogg",
        b"ID3": "mp3", b"\x1a\x45\xdf\xa3": "webm",
    }  # fmt: skip
    if data[:4] == b"RIFF":
        return riff.get(data[8:12], "")
    if data[4:8] == b"ftyp":
        return "mp4"
    return next((name for start, name in starts.items() if data.startswith(start)), "")


# --- tensors ---


def _array(data, where):
    dtype = str(getattr(data, "dtype", "")).rpartition(".")[2]
    element_type = ARRAY_TYPES.get(dtype)
    if element_type is None:
        return _nested(data.tolist(), where)
    for move in ("detach", "cpu"):  # of torch: out of the graph, off the GPU
        data = getattr(data, move)() if hasattr(data, move) else data
    return Tensor(element_type, data.shape, [_elements(data, dtype, element_type)])


def _typed(data):
    """The standard library's own array: one dimension, of sizes that depend on the machine."""
    kind = "f" if data.typecode in "fd" else "i" if data.typecode.islower() else "u"
    return Tensor(f"{kind}{8 * data.itemsize}", [len(data)], [tensors.little_endian(data[:])])


def _elements(data, dtype, element_type):
    """All elements, row-major and little-endian: as they lie in memory where they can be had so."""
    size, flat = math.prod(data.shape), data.reshape(-1)
    if size and dtype not in HALVES:
        try:
            lying = flat.numpy() if hasattr(flat, "numpy") else flat
            view = memoryview(lying)
            return view if view.c_contiguous else memoryview(lying.copy())
        except (TypeError, RuntimeError):
            pass  # no buffer, or one of torch's where numpy is not installed: element by element
    numbers = array.array(ARRAY_CODES[element_type])
    for start in range(0, size, SLICE_ELEMENTS):
        numbers.extend(flat[start : start + SLICE_ELEMENTS].tolist())
    return tensors.little_endian(numbers)


def _nested(data, where):
    shape, flat = _shape_of(data, where), []
    _flatten(data, shape, where, flat)
    element_type = _common_type(flat, where)
    if element_type == "string":
        return tensors.of_texts(shape, flat)
    return tensors.of_numbers(element_type, shape, flat)


def _shape_of(data, where):
    shape = []
    while isinstance(data, (list, tuple)) or getattr(data, "shape", ()):
        shape.append(len(data))
        if len(shape) > MAX_DEPTH:
            raise InvalidOutput(f"{where}: expected at most {MAX_DEPTH} levels of lists.")
        if not len(data):
            break
        data = data[0]
    return shape


def _flatten(data, shape, where, flat):
    if not shape:
        flat.append(_scalar(data, where))
        return
    if not (isinstance(data, (list, tuple)) or getattr(data, "shape", ())):
        raise InvalidOutput(f"{where}: expected a list of {shape[0]}, as beside it, got {_named_type(data)}.")
    if len(data) != shape[0]:
        raise InvalidOutput(
            f"{where}: expected {shape[0]} elements, as beside it, got {len(data)}. A tensor's rows are equally long."
        )
    for index, item in enumerate(data):
        _flatten(item, shape[1:], f"{where}[{index}]", flat)


def _scalar(data, where):
    if hasattr(data, "shape") and hasattr(data, "tolist"):
        data = data.tolist()
    if not isinstance(data, (bool, int, float, str)):
        raise InvalidOutput(f"{where}: {EXPECTED}, got {_named_type(data)}.")
    return data


def _common_type(flat, where):
    kinds = {bool if isinstance(item, bool) else str if isinstance(item, str) else type(item) for item in flat}
    if kinds == {bool}:
        return "boolean"
    if kinds == {str}:
        return "string"
    if bool in kinds or str in kinds:
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise InvalidOutput(f"{where}: expected elements of one type, got {names}.")
    if kinds and all(issubclass(kind, int) for kind in kinds):
        return _integer_type(flat, where)
    return "f64"


def _integer_type(flat, where):
    lowest, highest = min(flat), max(flat)
    if lowest >= -(1 << 63) and highest < 1 << 63:
        return "i64"
    if lowest >= 0 and highest < 1 << 64:
        return "u64"
    raise InvalidOutput(
        f"{where}: expected integers of at most 64 bits, got {lowest} to {highest}. Return floats or text."
    )


def _named_type(data):
    kind = type(data)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
