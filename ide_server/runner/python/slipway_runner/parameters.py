"""The parameters a function is given: a mapping that fetches each value when it is first asked for."""

import functools
from collections.abc import Mapping

from slipway_runner import packed, tensors
from slipway_runner.loaders import DataLoader


class Parameters(Mapping):
    """Of code that is plain functions: a parameter of one value is that value, one of many is their DataLoader."""

    def __init__(self, described, blobs):
        self._described = described
        self._loaders = loaders_of(described, blobs)
        self._values = {}

    def __getitem__(self, name):
        loader = self._loaders[name]
        if not self._described[name]["single"]:
            return loader
        if name not in self._values:
            self._values[name] = loader[0]
        return self._values[name]

    def open(self, name):
        """An image, audio, video or binary as a file object that reads what is looked at, for what is large."""
        return self._loaders[name].open()

    def __iter__(self):
        return iter(self._described)

    def __len__(self):
        return len(self._described)

    def __repr__(self):
        return "Parameters(%s)" % ", ".join(self._described)


def loaders_of(described, blobs, convert=None):
    return {
        name: DataLoader(given, blobs, functools.partial(convert or plain_value, cast=given["cast"]))
        for name, given in described.items()
    }


def plain_value(data, cast=None):
    return tensors.value_of(tensors.cast(tensors.decode(data), cast))


def packed_value(data, cast=None):
    return packed.pack(tensors.cast(tensors.decode(data), cast))
