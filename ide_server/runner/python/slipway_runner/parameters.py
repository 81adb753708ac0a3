"""The parameters a function is given: a mapping that fetches each value when it is first asked for."""

import json
from collections.abc import Mapping

MEDIA = ("image", "audio", "video", "binary")
NUMPY_TYPES = {
    "f32": "float32", "f64": "float64", "boolean": "bool",
    "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
    "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
}  # fmt: skip


class Media(bytes):
    """An encoded file, exactly its bytes; `format` says which: "png", "wav", ... and "" for plain bytes."""

    format = ""


class Parameters(Mapping):
    def __init__(self, described, fetch):
        self._described = described
        self._fetch = fetch
        self._values = {}

    def __getitem__(self, name):
        if name not in self._values:
            self._values[name] = value_of(self._described[name], self._fetch)
        return self._values[name]

    def __iter__(self):
        return iter(self._described)

    def __len__(self):
        return len(self._described)

    def __repr__(self):
        return "Parameters(%s)" % ", ".join(self._described)


def value_of(described, fetch):
    data = fetch(described["blob"], described["byte_size"])
    if described["type"] in MEDIA:
        value = Media(data)
        value.format = described["format"]
        return value
    value = json.loads(data)
    if described["type"] in ("f32", "f64"):
        value = _floats(value)
    return _array(value, described["type"]) if isinstance(value, list) else value


def _floats(value):
    """JSON has no NaN and no infinities: they come as words."""
    return [_floats(item) for item in value] if isinstance(value, list) else float(value)


def _array(value, element_type):
    """An ndarray where the model's environment has numpy, else the nested lists."""
    if element_type not in NUMPY_TYPES:
        return value
    try:
        import numpy
    except ImportError:
        return value
    return numpy.array(value, dtype=NUMPY_TYPES[element_type])
