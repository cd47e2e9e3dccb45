"""Cursors: where a page ended, signed, and bound to the question and to who asked it.

A cursor names the last event given (time and identity), not a count, so writers may write meanwhile; the window is in
it, since a default window moves; and ``as_of``, so that later pages see what the first one saw.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, replace
from hashlib import sha256

import msgspec

from trailkeep.errors import InvalidNextToken
from trailkeep.lookup.question import Question

_VERSION = 1
_SIGNATURE_BYTES = 16
_MAX_LENGTH = 1024


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


def seal(key: bytes, bound_to: bytes, payload: bytes) -> str:
    """A token that carries ``payload``, readable but signed, for those who know what it is ``bound_to``."""
    return _encode(_signature(key, bound_to, payload) + payload)


def unseal(key: bytes, bound_to: bytes, token: str) -> bytes:
    """What a token carries; :class:`InvalidNextToken` unless :func:`seal` made it, for the same."""
    raw = _decode(token)
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(key, bound_to, payload)):
        raise InvalidNextToken("nextToken is not of this question and this token")
    return payload


def _signature(key: bytes, bound_to: bytes, payload: bytes) -> bytes:
    return hmac.new(key, bound_to + payload, sha256).digest()[:_SIGNATURE_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    """Only the one spelling that :func:`_encode` gives: no padding, no stray bits, no other alphabet."""
    if len(token) <= _MAX_LENGTH and token.isascii():
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) > _SIGNATURE_BYTES and _encode(raw) == token:
            return raw
    raise InvalidNextToken("nextToken is damaged")
