"""The watermark: everything that reached the landing bucket before it is in the lake. Kept by the sweep.

It is the name of an object behind all minutes of the feed, so that whoever lists the end of that has read it as well.
Of several the latest counts: a slow sweep cannot undo what a later one knows.
"""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from trailkeep.events.timestamps import format_time, from_micros, to_micros
from trailkeep.lake.commits import COMMITS
from trailkeep.lake.storage import Bucket

WATERMARKS = f"{COMMITS}watermark/"

_NAME = re.compile(rf"{WATERMARKS}(\d{{17}})\.json", re.ASCII)


def watermark_key(watermark: datetime) -> str:
    """The key of the object that says so: its time in microseconds, sorting as text."""
    return f"{WATERMARKS}{to_micros(watermark):017d}.json"


def watermark_in(keys: Iterable[str]) -> datetime | None:
    """The watermark among keys of the feed; None where there is none."""
    found = [int(match[1]) for key in keys if (match := _NAME.fullmatch(key))]
    return from_micros(max(found)) if found else None


def read_watermark(lake: Bucket) -> datetime | None:
    """The watermark; None before the first sweep."""
    return watermark_in(stat.key for stat in lake.list(WATERMARKS).objects)


def raise_watermark(lake: Bucket, watermark: datetime) -> datetime:
    """Move the watermark forward, never back. Gives what stands; what it replaced is deleted."""
    standing = lake.list(WATERMARKS).objects
    known = watermark_in(stat.key for stat in standing)
    if known is None or known < watermark:
        lake.create(watermark_key(watermark), msgspec.json.encode({"watermark": format_time(watermark)}))
        known = watermark
    for stat in standing:
        if stat.key < watermark_key(known):
            lake.delete(stat.key, stat.etag)
    return known
