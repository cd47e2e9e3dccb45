"""Plans: what a delivery has pinned before its first part: the code that reads the object, and its minute in the feed.

``state/plans/<delivery>.json`` is written before anything else of a delivery, and changed only by conditional writes.
It keeps code of two versions from delivering one object side by side, and workers that start over from leaving the
feed's minute to chance: a later one finds the commit where the plan says, with one listing.
"""

from datetime import datetime, timedelta

import msgspec

from trailkeep.errors import DeliveryUnderWay, ObjectNotFound
from trailkeep.lake.commits import is_committed, minute_of
from trailkeep.lake.partitions import Versions
from trailkeep.lake.storage import Bucket

PLANS = "state/plans/"

LONGEST = timedelta(minutes=15)
"""The longest that a worker lives: Lambda allows no more."""

ADOPTED = timedelta(minutes=3)
"""Until this age a worker of the same code goes by a plan as it is; then it pins a minute of its own."""

ALIVE = timedelta(minutes=20)
"""From this age on nobody works by a plan any more: who last adopted it has ended, and a clock may be a minute off."""

_TRIES = 5


class Plan(msgspec.Struct, frozen=True):
    """What was pinned, and when. A commit can stand in any of ``minutes``; the last one is where it is to go."""

    normaliser: int
    mask: int
    at: datetime
    minutes: tuple[datetime, ...]


def pin(lake: Bucket, delivery: str, versions: Versions, now: datetime) -> datetime | None:
    """Pin a delivery for code of these versions; gives the minute of its commit, None where it has ended with one.

    Raises :class:`DeliveryUnderWay` while a worker of other code may be alive: two versions may read an event
    differently, and only one of them is to say what stands in the lake.
    """
    key = f"{PLANS}{delivery}.json"
    minute = minute_of(now)
    body = _encode(versions, now, (minute,))
    for _ in range(_TRIES):
        if lake.create(key, body):
            return minute
        try:
            with lake.open(key) as (stat, chunks):
                standing = _decode(b"".join(chunks), stat.modified_at)
        except ObjectNotFound:
            continue  # removed in this moment; the next try pins
        if any(is_committed(lake, delivery, tried) for tried in standing.minutes):
            return None
        age = now - standing.at
        if (standing.normaliser, standing.mask) != versions:
            if age < ALIVE:
                raise DeliveryUnderWay(f"{delivery} was begun by code of another version, which may still be at it")
        elif age < ADOPTED:
            return standing.minutes[-1]
        # Of a minute that nobody works for any more, the commit would have been seen above.
        kept = tuple(tried for tried in standing.minutes if now - tried < ALIVE)
        if lake.replace(key, _encode(versions, now, (*kept, minute)), stat.etag):
            return minute
    raise DeliveryUnderWay(f"{delivery} is being pinned by others all the time")


def _encode(versions: Versions, now: datetime, minutes: tuple[datetime, ...]) -> bytes:
    return msgspec.json.encode(Plan(versions.normaliser, versions.mask, now, minutes))


def _decode(body: bytes, modified_at: datetime) -> Plan:
    """What cannot be read may come from a version after this one: taken for the plan of other code."""
    try:
        return msgspec.json.decode(body, type=Plan)
    except ValueError:
        return Plan(-1, -1, modified_at, ())
