"""How names of a filesystem, which are bytes, are written in messages, which are Unicode. docs/files.md has the rule.

A byte that is a control character or not UTF-8 is shown as the private character U+F700 + byte. The characters U+F700
to U+F7FF, should a name really hold them, are shown byte by byte too, so that no two names are spelled alike.
"""

FIRST, LAST = 0xF700, 0xF7FF
ESCAPES = 0xDC00
"""Python's surrogateescape: U+DC00 + byte for a byte that is not UTF-8."""


def to_wire(name: str | bytes) -> str:
    """The spelling of a name, or of a path, given as bytes or as Python's surrogateescape string."""
    text = name.decode(errors="surrogateescape") if isinstance(name, bytes) else name
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def from_wire(text: str) -> bytes:
    """The bytes that to_wire spelled so."""
    if text.isascii():
        return text.encode()
    return b"".join(map(_meant, text))


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return chr(FIRST + code)
    if ESCAPES <= code <= ESCAPES + 0xFF:
        return chr(FIRST + code - ESCAPES)
    if FIRST <= code <= LAST:
        return "".join(chr(FIRST + byte) for byte in character.encode())
    return character


def _meant(character: str) -> bytes:
    code = ord(character)
    if FIRST <= code <= LAST:
        return bytes([code - FIRST])
    return character.encode(errors="surrogateescape")
