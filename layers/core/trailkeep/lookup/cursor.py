"""Cursors: where a page ended, signed, and bound to the question and to who asked it.

A cursor names the last event given (time and identity), not a count, so writers may write meanwhile; the window is in
it, since a default window moves; and ``as_of``, so that later pages see what the first one saw.
"""

from dataclasses import dataclass, replace
from hashlib import sha256

import msgspec

from trailkeep.access.seals import seal, unseal
from trailkeep.errors import InvalidNextToken
from trailkeep.lookup.question import Question

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Position:
    """A place between events: behind the event of this time (microseconds) and identity, in the page's direction."""

    time: int
    uid: bytes


class _Payload(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    time: int
    uid: bytes
    start: int
    end: int
    as_of: int


class CursorSigner:
    """Makes and reads the cursors of one principal's questions about one dataset."""

    def __init__(self, key: bytes, token_id: str, dataset: str) -> None:
        self._key = key
        self._bound_to = f"{token_id}\0{dataset}\0"

    def write(self, question: Question, position: Position, as_of: int) -> str:
        """The ``nextToken`` for the page behind ``position``."""
        payload = msgspec.json.encode(
            _Payload(_VERSION, position.time, position.uid, question.start, question.end, as_of)
        )
        return seal(self._key, self._bound(question), payload)

    def read(self, token: str, question: Question) -> tuple[Question, Position, int]:
        """The question with the window of its first page, where to go on, and the first page's ``as_of``."""
        payload = unseal(self._key, self._bound(question), token)
        try:
            read = msgspec.json.decode(payload, type=_Payload)
        except msgspec.DecodeError as error:
            raise InvalidNextToken("nextToken is of another version") from error
        if read.version != _VERSION:
            raise InvalidNextToken("nextToken is of another version")
        return replace(question, start=read.start, end=read.end), Position(read.time, read.uid), read.as_of

    def _bound(self, question: Question) -> bytes:
        """What must not change between pages; the window is in the payload, the page size may change."""
        asked = repr((question.regions, question.newest_first, question.filters, question.asked_window))
        return self._bound_to.encode() + sha256(asked.encode()).digest()
