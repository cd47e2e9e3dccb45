"""What the planner of Insights remembers between its runs: one small object, changed only by conditional writes."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.insights.counting.keys import CURSOR
from trailkeep.lake.storage import Bucket

RULES = 1
"""Raised when the same events would give other facts: everything recent is then counted again, once."""

_DIGEST_BYTES = 12


class Cursor(msgspec.Struct, frozen=True):
    """Deliveries of minutes before ``since`` have been ordered, and those of later minutes that are ``known``.

    The latter are digests of the keys of their commits, :data:`_DIGEST_BYTES` each, in their order.
    """

    since: datetime
    known: bytes = b""
    rules: int = RULES

    def knows(self) -> frozenset[bytes]:
        """The digests of the commits that have been ordered."""
        return frozenset(self.known[at : at + _DIGEST_BYTES] for at in range(0, len(self.known), _DIGEST_BYTES))


def digest_of_commit(key: str) -> bytes:
    """What a commit is known by."""
    return sha256(key.encode()).digest()[:_DIGEST_BYTES]


def moved(since: datetime, known: Iterable[bytes]) -> Cursor:
    """The cursor behind what has been ordered."""
    return Cursor(since, b"".join(sorted(known)))


def read_cursor(lake: Bucket) -> tuple[Cursor | None, str | None]:
    """What is remembered, with its etag; None for the cursor where it is missing, damaged, or of other rules."""
    try:
        with lake.open(CURSOR) as (stat, chunks):
            body = b"".join(chunks)
    except ObjectNotFound:
        return None, None
    try:
        cursor = msgspec.json.decode(body, type=Cursor)
    except (ValueError, RecursionError):
        return None, stat.etag
    is_ours = cursor.rules == RULES and cursor.since.tzinfo is not None
    return (cursor if is_ours else None), stat.etag


def write_cursor(lake: Bucket, cursor: Cursor, etag: str | None) -> bool:
    """Remember; False where another run was quicker, which then has ordered the same."""
    body = msgspec.json.encode(cursor)
    return lake.create(CURSOR, body) if etag is None else lake.replace(CURSOR, body, etag)
