"""Formats of encoded files, by the end of a file's name, and the type that a file of each is."""

import re
from collections.abc import Mapping

from ide_server.errors import InvalidRequest
from ide_server.wire import ElementType

FORMATS: Mapping[ElementType, frozenset[str]] = {
    "image": frozenset(["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "avif"]),
    "audio": frozenset(["wav", "mp3", "ogg", "flac", "m4a", "aac", "opus"]),
    "video": frozenset(["mp4", "webm", "mov", "mkv", "avi", "mpeg"]),
}


def type_of_format(name: str) -> ElementType:
    """ "binary" for all that is no medium."""
    return next((element_type for element_type, formats in FORMATS.items() if name in formats), "binary")


def check_format(name: str) -> None:
    """As host/tensors.py has it. Raises InvalidRequest."""
    if re.fullmatch(r"[a-z0-9.+-]{0,16}", name) is None:
        raise InvalidRequest(f'Expected a format such as "png" or "wav", in small letters, got {name[:40]!r}.')
