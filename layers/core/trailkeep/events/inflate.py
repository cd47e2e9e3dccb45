"""Bytes of a landing object → its text, in bounded pieces: plain or gzip, told apart by content."""

import zlib
from collections.abc import Iterable, Iterator

from trailkeep.events.reasons import Reason, Unreadable

GZIP_MAGIC = b"\x1f\x8b"
PIECE_BYTES = 4 << 20
"""Largest piece given at once; it bounds memory whatever the object's size."""

MAX_PLAIN_BYTES = 16 << 30
"""No log object of a cloud comes near: five times the text of the largest object that delivery is built for."""

BOMB_BYTES = 256 << 20
BOMB_RATIO = 250
"""Audit logs deflate 10 to 30 times, deflate's own limit is 1,032: beyond both numbers it is a bomb, not a log."""

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text behind ``chunks`` in pieces of at most :data:`PIECE_BYTES`.

    Several gzip members one after another are one text, as the gzip format defines; padding of zero bytes behind the
    last one is ignored. Raises :class:`Unreadable` where the text ends badly, after everything before it was given.
    """
    source = iter(chunks)
    first = b""
    for chunk in source:
        first += chunk
        if len(first) >= len(GZIP_MAGIC):
            break
    pieces = _members(first, source) if first.startswith(GZIP_MAGIC) else _plain(first, source)
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > MAX_PLAIN_BYTES:
            raise Unreadable(Reason.OBJECT_TOO_LARGE, f"the text is longer than {MAX_PLAIN_BYTES} bytes")
        yield piece


def _plain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _members(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    taken = given = 0
    data = first
    while True:
        member = zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof:
            if not data:
                data = next(rest, b"")
                taken += len(data)
                if not data:
                    raise Unreadable(Reason.TRUNCATED_GZIP, "the gzip stream ends before its end mark")
            try:
                piece = member.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                raise Unreadable(Reason.CORRUPT_GZIP, "the gzip stream is damaged") from error
            data = member.unused_data if member.eof else member.unconsumed_tail
            given += len(piece)
            if given > BOMB_BYTES and given > BOMB_RATIO * max(taken, len(first)):
                raise Unreadable(Reason.INFLATES_TOO_FAR, f"inflates more than {BOMB_RATIO} times")
            if piece:
                yield piece
        data = _next_member(data, rest)
        if not data:
            return
        if not data.startswith(GZIP_MAGIC):
            raise Unreadable(Reason.CORRUPT_GZIP, "something that is not gzip follows the gzip stream")


def _next_member(data: bytes, rest: Iterator[bytes]) -> bytes:
    """What follows a member's end, without zero padding; empty at the end of the object."""
    data = data.lstrip(b"\0")
    while len(data) < len(GZIP_MAGIC):
        more = next(rest, None)
        if more is None:
            return data
        data = (data + more).lstrip(b"\0")
    return data
