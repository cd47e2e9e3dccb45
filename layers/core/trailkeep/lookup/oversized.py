"""Events too large for an answer: a function may answer 6 MB. They are given by a link to a copy of their own."""

from datetime import timedelta

import msgspec

from trailkeep.lake.storage import Bucket
from trailkeep.lookup.candidates import PAGE_BYTES, Row

LINK_LIFETIME = timedelta(minutes=5)
_COPIES = "exports/events/"
_KEPT = ("eventId", "eventID", "eventName", "eventTime", "acsRegion", "awsRegion")


def is_oversized(row: Row) -> bool:
    """Whether an event fits into no answer."""
    return row.size > PAGE_BYTES


def link_to(bucket: Bucket, row: Row) -> str:
    """A presigned link to a copy of the event: one copy, however often it is asked for."""
    key = f"{_COPIES}{row.uid.hex()}.json"
    bucket.create(key, row.event.encode())
    return bucket.link(key, int(LINK_LIFETIME.total_seconds()))


def stand_in(bucket: Bucket, row: Row) -> str:
    """What stands in a page for the event: what names it, and ``oversized`` with its size and its link."""
    fields = msgspec.json.decode(row.event)
    named = {name: fields[name] for name in _KEPT if name in fields}
    oversized = {"bytes": row.size, "url": link_to(bucket, row)}
    return msgspec.json.encode({**named, "oversized": oversized}).decode()
