"""How names of a filesystem, which are bytes, are written in messages, which are Unicode. docs/files.md has the rule.

A byte that is not UTF-8 is shown as the private character U+F700 + byte. So that every name has one spelling and every
spelling one name, the bytes of the characters U+F780 to U+F7FF, should a name really hold them, are shown the same way.
"""

FIRST, LAST = 0xF780, 0xF7FF
OFFSET = 0xF700


def to_wire(name: str | bytes) -> str:
    """The spelling of a name, or of a path, given as bytes or as Python's surrogateescape string."""
    text = name.decode(errors="surrogateescape") if isinstance(name, bytes) else name
    return "".join(map(_shown, text)) if not text.isascii() else text


def from_wire(text: str) -> bytes:
    """The bytes that to_wire spelled so."""
    if text.isascii():
        return text.encode()
    return b"".join(map(_meant, text))


def _shown(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return chr(code - 0xDC00 + OFFSET)
    if FIRST <= code <= LAST:
        return "".join(chr(OFFSET + byte) for byte in character.encode())
    return character


def _meant(character: str) -> bytes:
    code = ord(character)
    if FIRST <= code <= LAST:
        return bytes([code - OFFSET])
    return character.encode(errors="surrogateescape")
