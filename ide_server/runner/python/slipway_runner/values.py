"""Turns what evaluate returned into named values: tensors with a type and a shape, or encoded files.

Arrays are recognised by what they offer (dtype, shape, tolist), so numpy, torch and others need not be imported here.
"""

import io
import json
import math
from collections.abc import Mapping

MAX_ELEMENTS = 10_000
MAX_TEXT_BYTES = 1 << 20
MAX_DEPTH = 32
BYTES = (bytes, bytearray, memoryview)

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


class Value:
    """One tensor, or one encoded file in `media`. `elements` are flat and row-major."""

    def __init__(self, element_type, shape=(), elements=(), truncated=False, media=None, media_format=""):
        self.element_type = element_type
        self.shape = list(shape)
        self.elements = list(elements)
        self.truncated = truncated
        self.media = media
        self.media_format = media_format


def send(returned, connection):
    """Every value as an `output` frame, after the `blob` frames of its file."""
    for name, values in named_values(returned):
        connection.send({"type": "output", "name": name})
        for value in values:
            _send_value(value, connection)


def _send_value(value, connection):
    if value.media is not None:
        for start in range(0, max(1, len(value.media)), 1 << 20):
            connection.send({"type": "blob"}, value.media[start : start + (1 << 20)])
    elements, cut = _within_text_limit(value.elements)
    connection.send(
        {
            "type": "value",
            "element_type": value.element_type,
            "shape": value.shape,
            "truncated": value.truncated or cut,
            "format": None if value.media is None else value.media_format,
        },
        json.dumps(elements, allow_nan=False).encode(),
    )


def _within_text_limit(elements):
    """Long texts are cut, as the page could not show them anyway."""
    left, kept = MAX_TEXT_BYTES, []
    for element in elements:
        if isinstance(element, str):
            if len(element) > left:
                return [*kept, element[:left]], True
            left -= len(element)
        kept.append(element)
    return kept, False


def named_values(returned):
    """A list of (name, list of Value): from a mapping, a list of {"name", "data"}, or a bare value named "output"."""
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
        return [value_of(item, f"{where}[{index}]") for index, item in enumerate(data)]
    return [value_of(data, where)]


def _is_whole(item):
    return isinstance(item, BYTES) or _is_media(item) or _draws_itself(item) or bool(getattr(item, "shape", ()))


def value_of(data, where):
    if isinstance(data, BYTES):
        return _media(bytes(data), getattr(data, "format", "") or format_of(bytes(data)))
    if _is_media(data):
        return _media_of_mapping(data, where)
    if _draws_itself(data):
        return _media(_drawn(data), "png")
    if hasattr(data, "shape") and hasattr(data, "tolist"):
        return _array(data, where)
    return _nested(data, where)


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
    return _media(bytes(data["data"]), data["format"].lower().lstrip("."), data.get("type"))


def _media(data, media_format, element_type=None):
    known = (kind for kind, formats in FORMATS.items() if media_format in formats)
    return Value(element_type or next(known, "binary"), media=data, media_format=media_format)


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
    element_type = ARRAY_TYPES.get(str(getattr(data, "dtype", "")).rpartition(".")[2])
    if element_type is None:
        return _nested(data.tolist(), where)
    if hasattr(data, "detach"):
        data = data.detach()
    size = math.prod(data.shape)
    flat = data.reshape(-1)[:MAX_ELEMENTS].tolist() if data.shape else [data.tolist()]
    return Value(element_type, data.shape, map(_element, flat), truncated=size > MAX_ELEMENTS)


def _nested(data, where):
    shape, flat = _shape_of(data, where), []
    _flatten(data, shape, where, flat)
    element_type = _common_type(flat, where)
    if element_type == "f64":
        flat = map(float, flat[:MAX_ELEMENTS])
    cut = [_element(element) for element in list(flat)[:MAX_ELEMENTS]]
    return Value(element_type, shape, cut, truncated=math.prod(shape) > MAX_ELEMENTS)


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


def _element(element):
    """JSON has no NaN and no infinities: they go as words."""
    if isinstance(element, float) and not math.isfinite(element):
        return "nan" if element != element else "inf" if element > 0 else "-inf"
    return element


def _named_type(data):
    kind = type(data)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
