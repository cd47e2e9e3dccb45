"""A position in text that comes in pieces: what lies behind the position is dropped, what is needed is fetched."""

import re
from collections.abc import Iterator

from trailkeep.events.reasons import Unreadable

FETCH_BYTES = 1 << 20
"""Text fetched at once, or as much as is still held: however small the pieces, joining them stays linear."""

_BLANKS = re.compile(rb"(?>(?:[ \t\r\n,]++|\xef\xbb\xbf)*)")
_JUNK = re.compile(rb"[^\n,{}\[\]]*+")
_STRING_ITEM = re.compile(rb'"(?>(?:[^"\\\n]++|\\[^\n])*)"(?=[ \t\r]*+[,\n\]])')
_LONGEST_ITEM = 64 << 10
_RECORDS = re.compile(rb'\{\s*"Records"\s*:\s*\[')
_RECORDS_HEAD = 64
"""More than any writer puts between ``{`` and the first record."""

_MARK_BYTES = 4
"""The longest byte order mark; a shorter start of UTF-16 or UTF-32 without one holds a zero byte."""


class Reader:
    """The text at hand (``text``), the position in it (``at``), and the source's failure once it is met."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = (
            piece[start : start + FETCH_BYTES] for piece in pieces for start in range(0, len(piece), FETCH_BYTES)
        )
        self._dropped = 0
        self.text = b""
        self.at = 0
        self.ended = False
        self.failure: Unreadable | None = None
        self.is_empty = True
        self.more()

    @property
    def position(self) -> int:
        """The position counted from the start of the whole text."""
        return self._dropped + self.at

    def more(self) -> bool:
        """Fetch text; False at the end. The source's failure is an end too, kept until the text is used up."""
        if self.ended:
            return False
        parts = [self.text[self.at :]]
        missing = max(FETCH_BYTES, len(parts[0]))
        try:
            while missing > 0 and (piece := next(self._pieces, None)) is not None:
                parts.append(piece)
                missing -= len(piece)
        except Unreadable as failure:
            self.failure = failure
        self.ended = missing > 0
        self._dropped += self.at
        self.text = b"".join(parts)
        self.at = 0
        return len(self.text) > len(parts[0])

    def is_utf8(self) -> bool:
        """Whether the text can be UTF-8: told by its first bytes, before anything is read from it."""
        while len(self.text) < _MARK_BYTES and self.more():
            pass
        return not (self.text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in self.text[:_MARK_BYTES])

    def peek(self) -> int | None:
        """Move to the next byte that is no blank, comma or byte order mark and give it; None at the end of the text."""
        while True:
            blanks = _BLANKS.match(self.text, self.at)
            self.at = blanks.end() if blanks else self.at
            if len(self.text) - self.at > 2 or not self.more():
                break
        if self.at == len(self.text):
            return None
        self.is_empty = False
        return self.text[self.at]

    def enter_records(self) -> bool:
        """Move into the list of an object that starts with ``Records``; False where it does not."""
        self._look_ahead(_RECORDS_HEAD)
        head = _RECORDS.match(self.text, self.at, self.at + _RECORDS_HEAD)
        if head:
            self.at = head.end()
        return head is not None

    def _look_ahead(self, size: int) -> None:
        while len(self.text) - self.at <= size and self.more():
            pass

    def skip_junk(self) -> None:
        """Move behind something that is no record: a whole string, or up to the line's end, a comma or a bracket."""
        self._look_ahead(_LONGEST_ITEM)
        if item := _STRING_ITEM.match(self.text, self.at, self.at + _LONGEST_ITEM):
            self.at = item.end()
            return
        self.at += 1
        while True:
            junk = _JUNK.match(self.text, self.at)
            self.at = junk.end() if junk else self.at
            if self.at < len(self.text) or not self.more():
                return
