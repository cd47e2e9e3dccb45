"""Sweep: finds landing objects that no delivery has committed and announces them again.

The queue is only a hint: notifications get lost, queues are purged, dead letters expire. What counts is the landing
bucket, and this looks there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trailkeep.lake.commits import committed_deliveries, delivery_id
from trailkeep.lake.storage import Bucket
from trailkeep.lake.watermark import raise_watermark

SETTLED = timedelta(minutes=1)
"""How long after the time it carries an object may become visible: a store dates it by the start of its upload."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep saw: landing objects, those without a commit, those announced again, and the watermark."""

    landed: int
    undelivered: int
    announced: int
    watermark: datetime


def sweep(
    landing: Bucket, lake: Bucket, announce: Callable[[Iterable[str]], int], now: datetime, minimum_age: timedelta
) -> Sweep:
    """Announce every landing object that is older than ``minimum_age`` and has no commit; raise the watermark.

    Younger ones are left to their own notification. Commits are listed before the landing bucket: what is committed in
    between is at worst announced once more, which changes nothing. Holds 16 bytes of each commit, and the missing keys.
    """
    delivered = committed_deliveries(lake)
    landed = 0
    oldest = now - SETTLED
    missing: list[str] = []
    waiting = 0
    for page in landing.pages(""):
        for stat in page.objects:
            landed += 1
            if bytes.fromhex(delivery_id(landing.name, stat.key, stat.etag)) in delivered:
                continue
            waiting += 1
            oldest = min(oldest, stat.modified_at)
            if stat.modified_at <= now - minimum_age:
                missing.append(stat.key)
    announced = announce(missing) if missing else 0
    return Sweep(landed, waiting, announced, raise_watermark(lake, oldest))
