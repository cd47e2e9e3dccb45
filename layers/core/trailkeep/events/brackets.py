"""Where a JSON value ends: a scanner that knows strings and brackets, and copes with records broken in between."""

import re
from dataclasses import dataclass
from enum import Enum, auto

_STRING_REST = rb'[^"\\\n]*(?:\\[^\n][^"\\\n]*)*("|\\?(?=\n|\Z))'
_TOKEN = re.compile(rb'"' + _STRING_REST + rb"|[{}\[\]]")
_IN_STRING = re.compile(_STRING_REST)
_CLOSING = {ord("{"): ord("}"), ord("["): ord("]")}
_QUOTE, _NEWLINE, _BACKSLASH = b'"\n\\'


class End(Enum):
    """How a scan ended."""

    COMPLETE = auto()
    BROKEN = auto()
    NEEDS_MORE = auto()


@dataclass(frozen=True, slots=True)
class Scan:
    """How a scan ended, and where: behind the value, behind its broken part, or where to go on with more text."""

    end: End
    at: int


class ValueScanner:
    """Finds the end of one bracketed value in text that comes in pieces.

    :meth:`scan` starts at the value's opening bracket; after :attr:`End.NEEDS_MORE` it goes on where it said, and what
    lies before that place may be dropped. A value is broken where a string holds a bare newline, where a bracket does
    not match, or where a line starts a new object although the grammar allows none: so a torn line of NDJSON does
    not swallow its neighbours.
    """

    __slots__ = ("_broken", "_expected", "_in_string")

    def __init__(self) -> None:
        self._expected: list[int] = []
        self._in_string = False
        self._broken = False

    def scan(self, text: bytes, start: int, *, at_end: bool) -> Scan:
        """Go on from ``start``; ``at_end`` says that no text follows ``text``."""
        if self._in_string:
            rest = _IN_STRING.match(text, start)
            if rest is None or rest[1] != b'"':
                return self._open_string(text, rest.end() if rest else start, at_end)
            self._in_string = False
            start = rest.end()
        expected = self._expected
        for token in _TOKEN.finditer(text, start):
            position = token.start()
            byte = text[position]
            if byte == _QUOTE:
                if token[1] != b'"':
                    return self._open_string(text, token.end(), at_end)
            elif byte in _CLOSING:
                if expected and _starts_anew(text, position, expected[-1]):
                    return Scan(End.BROKEN, position)
                expected.append(_CLOSING[byte])
            elif byte in expected:
                self._broken |= expected[-1] != byte
                while expected.pop() != byte:
                    pass
                if not expected:
                    return Scan(End.BROKEN if self._broken else End.COMPLETE, position + 1)
            else:
                return Scan(End.BROKEN, position)
        return Scan(End.BROKEN if at_end else End.NEEDS_MORE, len(text))

    def _open_string(self, text: bytes, stopped: int, at_end: bool) -> Scan:
        if stopped < len(text) or at_end:
            return Scan(End.BROKEN, stopped)
        self._in_string = True
        return Scan(End.NEEDS_MORE, stopped - 1 if text[stopped - 1] == _BACKSLASH and _is_open(text) else stopped)


def _is_open(text: bytes) -> bool:
    """Whether the backslashes that end ``text`` are odd in number: the last one waits for what it escapes."""
    return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1


def _starts_anew(text: bytes, position: int, closing: int) -> bool:
    """Whether the ``{`` at ``position``, first in its line, cannot belong to the value before it."""
    if text[position] != ord("{") or position == 0 or text[position - 1] != _NEWLINE:
        return False
    before = text[:position].rstrip()[-1:]
    return before not in ((b":",) if closing == ord("}") else (b"[", b","))
