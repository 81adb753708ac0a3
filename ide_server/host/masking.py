"""Keeps secrets out of what a model's code says, before it is written down: every place of one becomes `***`.

It guards against accidents. Code that wants to tell a secret can always spell it in a way that nobody looks for.
"""

import base64
import codecs
import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import quote, quote_plus

import msgspec

from ide_server.wire import CallEnded, Ended, Log, OperationEvent

MASK = "***"
SHORTEST = 4
"""Characters; what is shorter stands in other words."""
SHORTEST_ENCODED = 8
"""Of base64, whose few letters make short texts common."""
CUT = "\n...\n"
"""What a runner leaves in place of the middle of a long text."""
CUT_CHARACTERS = 1000
"""A text of that many may have been cut at its end."""

Span = tuple[int, int]
Message = TypeVar("Message", bound=msgspec.Struct)
STREAMS: tuple[Literal["stdout"], Literal["stderr"]] = ("stdout", "stderr")


class Mask:
    """Of some secrets; without any it costs nothing."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {needle for secret in secrets for needle in needles(secret)}
        self._needles = sorted(found)
        self._pattern = re.compile(any_of(self._needles)) if found else None

    @property
    def is_empty(self) -> bool:
        return self._pattern is None

    def text(self, text: str) -> str:
        """Also without what is left of a secret where the text was cut: around its middle, and at a long one's end."""
        if self._pattern is None:
            return text
        *cut, last = text.split(CUT)
        ends = [*map(self._cut_from, cut), self._cut_from(last) if len(text) >= CUT_CHARACTERS else len(last)]
        pieces = [*cut, last]
        starts = [0, *map(self._cut_until, pieces[1:])]
        return CUT.join(
            without(piece, merged([(0, start), *self._places(piece), (end, len(piece))]))
            for piece, start, end in zip(pieces, starts, ends, strict=True)
        )

    def message(self, message: Message) -> Message:
        """With its texts masked, wherever its type has one; words of a fixed list stay, and so do keys."""
        if self._pattern is None:
            return message
        changes = {name: self._value(getattr(message, name)) for name in text_fields(type(message))}
        return msgspec.structs.replace(message, **changes)

    def spans(self, text: str) -> list[Span]:
        """Where secrets stand; those that overlap as one."""
        return merged(self._places(text))

    def held_from(self, text: str) -> int:
        """Where the beginning of a secret stands whose rest may be to come; the end of the text if none does."""
        start = len(text)
        if text.endswith("\n"):  # as lines do; no needle holds one
            return start
        for needle in self._needles:
            place = text.find(needle[0], max(0, len(text) - len(needle) + 1))
            while 0 <= place < start:
                if needle.startswith(text[place:]):
                    start = place
                place = text.find(needle[0], place + 1)
        return start

    def _places(self, text: str) -> Iterator[Span]:
        place = 0
        while self._pattern is not None and (match := self._pattern.search(text, place)) is not None:
            yield match.span()
            place = match.start() + 1  # another one may begin inside it

    def _cut_from(self, text: str) -> int:
        """Where the beginning of a secret stands at the end of a text that was cut there."""
        start = self.held_from(text)
        return start if len(text) - start >= SHORTEST else len(text)

    def _cut_until(self, text: str) -> int:
        """Where the end of a secret stands at the beginning of a text that was cut there."""
        lengths = (
            length
            for needle in self._needles
            for length in range(SHORTEST, min(len(needle), len(text) + 1))
            if needle.endswith(text[:length])
        )
        return max(lengths, default=0)

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case list():
                return [*map(self._value, value)]
            case dict():
                return {key: self._value(each) for key, each in value.items()}
            case msgspec.Struct():
                return self.message(value)
        return value


class MaskedStream:
    """Text that comes in pieces, masked as if it came in one; holds back what may be the beginning of a secret."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = ""
        self._told = 0
        """How much of what is held belongs to a secret that stands as a mask already."""

    def feed(self, piece: str) -> str:
        if self._mask.is_empty:
            return piece
        text = self._held + piece
        spans = merged([(0, self._told), *self._mask.spans(text)])
        held_from = self._mask.held_from(text)
        masked = self._until(held_from, text, spans)
        if held_from > 0:
            self._told = max([end - held_from for start, end in spans if start < held_from < end], default=0)
        self._held = text[held_from:]
        return masked

    def end(self) -> str:
        """What is held now that no more comes."""
        text, self._held = self._held, ""
        masked = self._until(len(text), text, merged([(0, self._told), *self._mask.spans(text)]))
        self._told = 0
        return masked

    def _until(self, end: int, text: str, spans: list[Span]) -> str:
        cut = [(start, min(stop, end)) for start, stop in spans if start < end]
        masked = without(text[:end], cut)
        return masked.removeprefix(MASK) if self._told and cut else masked


class MaskedUtf8:
    """As MaskedStream, of bytes; those that are no UTF-8 become U+FFFD where there is something to mask."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._stream = MaskedStream(mask)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, piece: bytes) -> bytes:
        return piece if self._mask.is_empty else self._stream.feed(self._decoder.decode(piece)).encode()

    def end(self) -> bytes:
        return (self._stream.feed(self._decoder.decode(b"", final=True)) + self._stream.end()).encode()


class MaskedEvents:
    """The events of one operation, as they may be written down."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.mask = Mask(secrets)
        self._streams = {name: MaskedStream(self.mask) for name in STREAMS}

    def of(self, event: OperationEvent) -> Sequence[OperationEvent]:
        """None while the event is held back, more than one when it lets go what was."""
        if self.mask.is_empty:
            return (event,)
        match event:
            case Log():
                text = self._streams[event.stream].feed(event.text)
                return (msgspec.structs.replace(event, text=text),) if text else ()
            case CallEnded() | Ended():
                return (*self._held(event.time), self.mask.message(event))
        return (self.mask.message(event),)

    def _held(self, time: float) -> Iterator[Log]:
        for name, stream in self._streams.items():
            if text := stream.end():
                yield Log(time, name, text)


@functools.cache
def text_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(name for name, type_ in get_type_hints(kind).items() if holds_text(type_))


def holds_text(kind: Any) -> bool:
    if kind in (str, Any) or (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return True
    return get_origin(kind) is not Literal and any(map(holds_text, get_args(kind)))


def needles(secret: str) -> set[str]:
    """What to look for. None holds a line break: a log comes in lines, and a secret of many is shown as such."""
    found = {form for part in parts(secret) for form in (part, *written(part))}
    return found | {form for text in (secret, *parts(secret)) for form in in_base64(text)}


def parts(secret: str) -> list[str]:
    """Its lines, but for those too short to be looked for."""
    return [line for line in map(str.strip, secret.splitlines()) if len(line) >= SHORTEST]


def written(text: str) -> Iterator[str]:
    """As other texts quote it: Python's repr, JSON, URLs."""
    yield repr(text)[1:-1]
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield quote(text)
    yield quote(text, safe="")
    yield quote_plus(text)


def in_base64(text: str) -> Iterator[str]:
    """As it stands in the base64 of any text around it, as of `user:password`: three bytes become four characters."""
    data = text.encode()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).decode()
        first = -(-offset * 8 // 6)  # characters that hold bits of what stands before
        last = (offset + len(data)) * 8 // 6
        if last - first >= SHORTEST_ENCODED:
            yield encoded[first:last]
            yield encoded[first:last].translate(str.maketrans("+/", "-_"))


def any_of(needles: Sequence[str]) -> str:
    """A pattern of sorted texts that tries those of one first character only; of two that fit, the longer one."""
    groups = itertools.groupby(needles, key=lambda needle: needle[0])
    return "|".join(
        f"{re.escape(first)}(?:{'|'.join(re.escape(each[1:]) for each in sorted(group, key=len, reverse=True))})"
        for first, group in groups
    )


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, empty ones left out."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def without(text: str, spans: Iterable[Span]) -> str:
    pieces, place = [], 0
    for start, end in spans:
        pieces += [text[place:start], MASK]
        place = end
    return "".join(pieces) + text[place:]
