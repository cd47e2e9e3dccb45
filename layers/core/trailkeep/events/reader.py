"""A position in text that comes in pieces: what lies behind the position is dropped, what is needed is fetched."""

import re
from collections.abc import Iterator

from trailkeep.events.reasons import Reason, Unreadable

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANKS = re.compile(rb"[ \t\r\n,]*")
_JUNK = re.compile(rb"[^\n,{}\[\]]*")
_RECORDS = re.compile(rb'\{\s*"Records"\s*:\s*\[')
_RECORDS_HEAD = 64
"""More than any writer puts between ``{`` and the first record."""


class Reader:
    """The text at hand (``text``), the position in it (``at``), and the source's failure once it is met."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.text = b""
        self.at = 0
        self.ended = False
        self.failure: Unreadable | None = None
        self.is_empty = True
        self.exact_until = 0
        while len(self.text) < _RECORDS_HEAD and self.more():
            pass
        if self.text.startswith(_BYTE_ORDER_MARK):
            self.at = len(_BYTE_ORDER_MARK)

    def more(self) -> bool:
        """Fetch a piece; False at the end. The source's failure is an end too, kept until the text is used up."""
        if self.ended:
            return False
        try:
            piece = next(self._pieces, None)
        except Unreadable as failure:
            self.failure, piece = failure, None
        if piece is None:
            self.ended = True
            return False
        self.exact_until -= self.at
        self.text = self.text[self.at :] + piece
        self.at = 0
        return True

    def peek(self) -> int | None:
        """Move to the next byte that is neither blank nor a comma and give it; None at the end of the text."""
        while True:
            blanks = _BLANKS.match(self.text, self.at)
            self.at = blanks.end() if blanks else self.at
            if self.at < len(self.text):
                self.is_empty = False
                return self.text[self.at]
            if not self.more():
                return None

    def enter_records(self) -> bool:
        """Move into the list of an object that starts with ``Records``; False where it does not."""
        while len(self.text) - self.at < _RECORDS_HEAD and self.more():
            pass
        head = _RECORDS.match(self.text, self.at)
        if head:
            self.at = head.end()
        return head is not None

    def skip_junk(self) -> None:
        """Move behind something that is no record: to the end of its line, a comma or a bracket."""
        self.at += 1
        while True:
            junk = _JUNK.match(self.text, self.at)
            self.at = junk.end() if junk else self.at
            if self.at < len(self.text) or not self.more():
                return

    def why_not_json(self) -> Unreadable:
        """The reason for a text that does not start as JSON does; the rest of it is not looked at."""
        self.failure = None
        if self.text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in self.text[:4]:
            return Unreadable(Reason.NOT_UTF8, "the text is UTF-16 or UTF-32; log objects are UTF-8")
        return Unreadable(Reason.NOT_JSON, "the text is neither an array, an object nor lines of objects")
