"""Many sound records at once, at the speed of a compiled decoder; where one is broken, the exact scanner takes over.

Text is cut where a record seems to end: before one that begins as the first one does, or else where the brackets look
so. The guess is right exactly when what lies before the cut decodes, because a JSON prefix decides where brackets and
strings stand. A failed guess is repeated further back, in doubled steps; where none succeeds, the next stretch is left
to the exact scanner, so that a broken record costs little more than itself.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec

from trailkeep.events.reader import Reader

_ENOUGH = 256 << 10
"""Text worth cutting: with less, most of it would be a record whose end is not at hand yet."""

_STRETCH = 64 << 10
"""What the exact scanner is given at first; twice as much each time that no run is found behind it."""

_ELEMENT_ENDS = re.compile(rb"\}\s*(?:,\s*\{|\])")
_LINE_ENDS = re.compile(rb"\}\s*\n")
_HEAD = re.compile(rb'\{\s*"[^"\\\n]{1,64}"\s*:')
_BETWEEN = re.compile(rb"\}\s*,?\s*\Z")
_BLANKS = 64
_OPEN = ord("{")
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_lines = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Run:
    """Sound records one after another: the text that they stand in, and the bytes of each, from ``{`` to ``}``."""

    text: bytes
    records: list[bytes]


class Runs:
    """Finds runs of sound records where ``reader`` stands; each has at most ``longest`` bytes."""

    def __init__(self, reader: Reader, longest: int) -> None:
        self._reader = reader
        self._longest = longest
        self._stretch = _STRETCH
        self._exact_until = 0

    def elements(self) -> Run | None:
        """The next records of an array; None where only the exact scanner can tell."""
        return self._next(_ELEMENT_ENDS, lambda text: _elements.decode(b"[" + text + b"]"))

    def lines(self) -> Run | None:
        """The next records of NDJSON; None where only the exact scanner can tell."""
        return self._next(_LINE_ENDS, _decode_lines)

    def _next(self, ends: re.Pattern[bytes], decode: Callable[[bytes], list[msgspec.Raw]]) -> Run | None:
        reader = self._reader
        if reader.position < self._exact_until:
            return None
        while len(reader.text) - reader.at < _ENOUGH and reader.more():
            pass
        likely = () if reader.ended else _cuts_before_heads(reader.text, reader.at)
        for cut in chain(likely, _cuts(reader.text, reader.at, ends)):
            text = reader.text[reader.at : cut]
            try:
                records = list(map(bytes, decode(text)))
            except (msgspec.DecodeError, RecursionError):
                continue
            if not records or any(record[0] != _OPEN or len(record) > self._longest for record in records):
                break
            reader.at = cut
            self._stretch = _STRETCH
            return Run(text, records)
        self._exact_until = reader.position + self._stretch
        self._stretch *= 2
        return None


def _decode_lines(text: bytes) -> list[msgspec.Raw]:
    """The lines of ``text``; none where one may be an envelope of records, which is not one record."""
    return [] if b'"Records"' in text else _lines.decode_lines(text)


def _cuts_before_heads(text: bytes, start: int) -> Iterator[int]:
    """The last places where a record may end before another that begins with the same name; two of them at most."""
    head = _HEAD.match(text, start)
    at = len(text)
    for _ in range(2):
        at = text.rfind(head[0], start + 1, at) if head else -1
        between = _BETWEEN.search(text, max(start, at - _BLANKS), at) if at > 0 else None
        if between is None:
            return
        yield between.start() + 1


def _cuts(text: bytes, start: int, ends: re.Pattern[bytes]) -> Iterator[int]:
    """Places behind a ``}`` where a record may end: the last one, then one, two, four, eight… further back."""
    skip = step = 0
    cut = text.rfind(b"}", start)
    while cut > start:
        if ends.match(text, cut):
            if skip == 0:
                yield cut + 1
                step = 2 * step or 1
                skip = step
            skip -= 1
        cut = text.rfind(b"}", start, cut)
