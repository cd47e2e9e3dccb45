"""Bytes of a landing object → its text, in bounded pieces: plain or gzip, told apart by content."""

from collections.abc import Iterable, Iterator
from typing import Any

from zlib_ng import zlib_ng

from trailkeep.events.reasons import Reason, Unreadable

_zlib: Any = zlib_ng  # its types leave out copy()

GZIP_MAGIC = b"\x1f\x8b"
BLOCK_BYTES = 64 << 10
"""Bytes of an object taken in one step. Small, because what follows a gzip member is copied where the member ends."""

PIECE_BYTES = 4 << 20
"""Largest piece given at once; it bounds memory whatever the object's size."""

MAX_PLAIN_BYTES = 16 << 30
"""No log object of a cloud comes near: five times the text of the largest object that delivery is built for."""

BOMB_BYTES = 256 << 20
BOMB_RATIO = 250
"""Audit logs deflate 10 to 30 times, deflate's own limit is 1,032: beyond both numbers it is a bomb, not a log."""

_CAREFUL_BYTES = 2 << 10
"""So few bytes that what they inflate to stays below a piece."""

_GZIP_WINDOW = 16 + _zlib.MAX_WBITS


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text behind ``chunks`` in pieces of at most :data:`PIECE_BYTES`, the same however it was cut.

    Several gzip members one after another are one text, as the gzip format defines; padding of zero bytes behind the
    last one is ignored. Raises :class:`Unreadable` where the text ends badly, after everything before it was given.
    """
    blocks = _blocks(chunks)
    first = next(blocks, b"")
    total = 0
    for piece in _members(first, blocks) if first.startswith(GZIP_MAGIC) else _plain(first, blocks):
        total += len(piece)
        if total > MAX_PLAIN_BYTES:
            raise Unreadable(Reason.OBJECT_TOO_LARGE, f"the text is longer than {MAX_PLAIN_BYTES} bytes")
        yield piece


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of one size: what a delivery finds must not depend on how the store cut them."""
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= BLOCK_BYTES:
            data = b"".join(waiting)
            end = size - size % BLOCK_BYTES
            for start in range(0, end, BLOCK_BYTES):
                yield data[start : start + BLOCK_BYTES]
            waiting, size = [data[end:]], size - end
    if size:
        yield b"".join(waiting)


def _plain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _members(data: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    taken, given = len(data), 0
    while data:
        if not data.startswith(GZIP_MAGIC):
            raise Unreadable(Reason.CORRUPT_GZIP, "something that is not gzip follows the gzip stream")
        member = _zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof:
            sound = member.copy()
            try:
                piece = member.decompress(data, PIECE_BYTES)
            except _zlib.error:
                yield from _before_damage(sound, data)
                raise Unreadable(Reason.CORRUPT_GZIP, "the gzip stream is damaged") from None
            data = member.unused_data if member.eof else member.unconsumed_tail
            given += len(piece)
            if given > BOMB_BYTES and given > BOMB_RATIO * (taken - len(data)):
                raise Unreadable(Reason.INFLATES_TOO_FAR, f"inflates more than {BOMB_RATIO} times")
            if piece:
                yield piece
            elif not data and not member.eof:
                data = next(rest, b"")
                taken += len(data)
                if not data:
                    raise Unreadable(Reason.TRUNCATED_GZIP, "the gzip stream ends before its end mark")
        data = data.lstrip(b"\0")
        while len(data) < len(GZIP_MAGIC) and (more := next(rest, b"")):
            taken += len(more)
            data = (data + more).lstrip(b"\0")


def _before_damage(member: Any, data: bytes) -> Iterator[bytes]:
    """What a damaged stream holds before its damage: fed in ever smaller steps up to the byte that breaks it."""
    step = _CAREFUL_BYTES
    while step and data:
        attempt = member.copy()
        try:
            piece = attempt.decompress(data[:step])
        except _zlib.error:
            step //= 2
            continue
        if piece:
            yield piece
        data = data[step:]
        member = attempt
