"""Log objects as small as clouds deliver them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tests.benchmarks.events import HOME, arrays, day_events
from tests.benchmarks.sizes import object_sizes
from tests.benchmarks.work import LAKE, LANDING
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.delivery import Delivery
from trailkeep.events.regions import RegionRules
from trailkeep.lake.storage import Bucket

_MEAN_EVENTS = 7.5


@dataclass(frozen=True, slots=True)
class SmallDay:
    """A day and the number of log objects that land for it."""

    day: date
    objects: int


def deliver_small(small: SmallDay) -> int:
    """Deliver the log objects of a day, each by itself; gives the number of events.

    They land in this process's memory: only the lake is of interest, and landing would take as long.
    """
    landing = MemoryBucket(LANDING, datetime.now(UTC))
    delivery = Delivery(landing, Bucket(LAKE), RegionRules(HOME, HOME))
    sizes = object_sizes(round(small.objects * _MEAN_EVENTS * 2))[: small.objects]
    events = day_events(small.day, sum(sizes), 90)
    start = 0
    for number, size in enumerate(sizes):
        (text,) = arrays(events[start : start + size], size)
        start += size
        key = f"AliyunLogs/Actiontrail/{HOME}/{small.day:%Y/%m/%d}/{number:06d}.gz"
        landing.put(key, gzip.compress(text, 6, mtime=0))
        delivery.deliver(key, datetime.now(UTC))
    return start
