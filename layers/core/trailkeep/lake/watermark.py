"""The watermark: everything that reached the landing bucket before it is in the lake. Kept by the sweep."""

from datetime import datetime

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.events.timestamps import format_time, from_micros, parse_micros
from trailkeep.lake.storage import Bucket

WATERMARK = "state/watermark.json"
_TRIES = 3


def read_watermark(lake: Bucket) -> datetime | None:
    """The watermark; None before the first sweep, or where it is damaged."""
    try:
        return _parse(lake.get(WATERMARK))
    except ObjectNotFound:
        return None


def raise_watermark(lake: Bucket, watermark: datetime) -> datetime:
    """Move the watermark forward, never back: a slow sweep must not undo what a later one knows. Gives what stands."""
    body = msgspec.json.encode({"watermark": format_time(watermark)})
    for _ in range(_TRIES):
        try:
            with lake.open(WATERMARK) as (standing, chunks):
                known = _parse(b"".join(chunks))
        except ObjectNotFound:
            if lake.create(WATERMARK, body):
                return watermark
            continue
        if known is not None and known >= watermark:
            return known
        if lake.replace(WATERMARK, body, standing.etag):
            return watermark
    return read_watermark(lake) or watermark


def _parse(body: bytes) -> datetime | None:
    """None for an object that is damaged: the next sweep finds the watermark anew."""
    try:
        return from_micros(parse_micros(msgspec.json.decode(body, type=_Watermark).watermark))
    except ValueError:
        return None


class _Watermark(msgspec.Struct):
    watermark: str
