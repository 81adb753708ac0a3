"""Parameters, and the values they are given and answered with."""

from typing import Any

from ide_server.wire.base import ElementType, Message, Request


class ParameterDefinition(Message, frozen=True):
    """A row of slipway.toml. shape: -1 is any length, [] a scalar."""

    name: str
    types: list[ElementType]
    shape: list[int] = []
    required: bool = True
    display_name: str = ""
    description: str = ""
    default: Any = None
    choices: list[Any] = []
    minimum: float | None = None
    maximum: float | None = None


class ParameterDefinitions(Message, frozen=True):
    create_state: list[ParameterDefinition] = []
    train: list[ParameterDefinition] = []
    evaluate_input: list[ParameterDefinition] = []
    evaluate_output: list[ParameterDefinition] = []


class MediaValue(Request, frozen=True):
    """An encoded file as an input: image, audio, video or binary (format "")."""

    format: str
    base64: str


class Values(Request, frozen=True):
    """Many values as an input, each of which fits the definition."""

    values: list[Any]


class DatasetValue(Request, frozen=True):
    """The entries of a dataset's key as an input of many values."""

    dataset: str
    """Its id, or its name."""
    key: str
    entries: int | None = None
    """Only the first so many; None: all that there are when it is asked for."""


class Blob(Message, frozen=True):
    """An encoded file of a result, fetched by index. Of a tensor that is cut: all of it, as npy or, of texts, json."""

    index: int
    format: str
    byte_size: int


class OutputValue(Message, frozen=True):
    """A tensor. elements: flat, row-major, empty for media; NaN and infinities as strings; cut when `truncated`."""

    type: ElementType
    shape: list[int]
    elements: list[Any]
    blobs: list[Blob]
    truncated: bool = False


class Output(Message, frozen=True):
    name: str
    values: list[OutputValue]


class Result(Message, frozen=True):
    outputs: list[Output]
