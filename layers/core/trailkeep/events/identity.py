"""The identity of an event: the same event delivered any number of times has one ``uid``."""

from hashlib import blake2b
from typing import Any

import msgspec

UID_BYTES = 16

OBJECTS = "objects"
"""The channel of log objects that a cloud or an operator puts into the landing bucket."""


def event_uid(channel: str, event_id: str | None, event_time: int, record: dict[str, Any]) -> bytes:
    """16 bytes over the channel, the event's own ID and its time in microseconds; without an ID, over the record.

    ``channel`` is where the event came by, never what the payload claims, so that one producer cannot pass off an
    event as another's. It is taken before masking: new mask rules make no new events.
    """
    digest = blake2b(digest_size=UID_BYTES, person=b"trailkeep-uid")
    if event_id:
        name = b"id\0" + event_id.encode()
    else:
        name = b"record\0" + msgspec.json.encode(record, order="deterministic")
    digest.update(b"\0".join((channel.encode(), str(event_time).encode(), name)))
    return digest.digest()
