"""The identity of an event: the same event delivered any number of times has one ``uid``."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec

UID_BYTES = 16
_PERSON = b"trailkeep-uid"

OBJECTS = "objects"
"""The channel of log objects that a cloud or an operator puts into the landing bucket."""


def event_uid(channel: str, event_id: str | None, event_time: int, record: dict[str, Any]) -> bytes:
    """16 bytes over the channel, the event's own ID and its time in microseconds; without an ID, over the record.

    ``channel`` is where the event came by, never what the payload claims, so that one producer cannot pass off an
    event as another's. It is taken before masking: new mask rules make no new events.
    """
    if event_id:
        return event_uids(channel, [event_id], [event_time])[0]
    known = f"{channel}\0{event_time}\0record\0".encode() + msgspec.json.encode(record, order="deterministic")
    return blake2b(known, digest_size=UID_BYTES, person=_PERSON).digest()


def event_uids(channel: str, event_ids: Iterable[str], event_times: Iterable[int]) -> list[bytes]:
    """:func:`event_uid` of many events that have an ID."""
    return [
        blake2b(f"{channel}\0{event_time}\0id\0{event_id}".encode(), digest_size=UID_BYTES, person=_PERSON).digest()
        for event_id, event_time in zip(event_ids, event_times, strict=True)
    ]
