"""Many sound records at once, at the speed of a compiled decoder; where one is broken, the exact scanner takes over.

Text is cut where a record seems to end. The guess is right exactly when what lies before the cut decodes, because a
JSON prefix decides where brackets and strings stand. A failed guess is repeated further back, in doubled steps; where
none succeeds, the next stretch is left to the exact scanner, so that a broken record costs little more than itself.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from trailkeep.events.reader import Reader

_EXACT_STRETCH = 64 << 10
_ELEMENT_ENDS = re.compile(rb"\}\s*(?:,\s*\{|\])")
_LINE_ENDS = re.compile(rb"\}\s*\n")
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_lines = msgspec.json.Decoder(msgspec.Raw)


def run_of_elements(reader: Reader) -> list[bytes]:
    """The next records of an array; empty where only the exact scanner can tell."""
    return _run(reader, _ELEMENT_ENDS, lambda text: _elements.decode(b"[" + text + b"]"))


def run_of_lines(reader: Reader) -> list[bytes]:
    """The next records of NDJSON; empty where only the exact scanner can tell."""
    return _run(reader, _LINE_ENDS, _lines.decode_lines)


def _run(reader: Reader, ends: re.Pattern[bytes], decode: Callable[[bytes], list[msgspec.Raw]]) -> list[bytes]:
    if reader.at < reader.exact_until:
        return []
    for cut in _cuts(reader.text, reader.at, ends):
        text = reader.text[reader.at : cut]
        if b'"Records"' in text and decode == _lines.decode_lines:
            break
        try:
            records = [bytes(raw) for raw in decode(text)]
        except (msgspec.DecodeError, RecursionError):
            continue
        reader.at = cut
        return records
    reader.exact_until = reader.at + _EXACT_STRETCH
    return []


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
