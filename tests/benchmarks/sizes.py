"""Bytes of an event: in the lake, in gzip objects as clouds deliver them, and in one large gzip."""

from __future__ import annotations

import gzip
from random import Random

from tests.benchmarks.events import day_events, days_of
from tests.benchmarks.rows import Row, at_most

LEVEL = 6
"""Of gzip, as clouds have it."""

DAY_EVENTS = 50_000


def some_events(count: int) -> list[bytes]:
    """The first events of a lake of 90 days, 50,000 a day."""
    found: list[bytes] = []
    for day in days_of(90):
        if len(found) >= count:
            break
        found += day_events(day, DAY_EVENTS, 90)
    return found[:count]


def size_rows(what: str, bytes_per_event: float, sample: int, *, budgets: bool = False) -> list[Row]:
    """Bytes of an event in the lake beside gzip objects as clouds deliver them, and beside one large gzip."""
    events = some_events(min(sample, DAY_EVENTS))
    sizes = object_sizes(len(events))
    small = 0
    start = 0
    for size in sizes:
        small += len(gzip.compress(b"[" + b",".join(events[start : start + size]) + b"]", LEVEL, mtime=0))
        start += size
    large = len(gzip.compress(b"[" + b",".join(events) + b"]", LEVEL, mtime=0))
    unit = "bytes/event"
    peers = (("gzip objects of 5 events", small, 0.6), ("one large gzip", large, 1.3))
    return [
        at_most(
            f"size, {what}",
            bytes_per_event,
            unit,
            peer=name,
            peer_value=size / len(events),
            ratio_limit=limit if budgets else None,
        )
        for name, size, limit in peers
    ]


def object_sizes(events: int) -> list[int]:
    """Events of each log object as clouds deliver them: often one or two, sometimes hundreds, median five."""
    random = Random("objects")
    sizes: list[int] = []
    while events > 0:
        sizes.append(min(events, max(1, round(5 * 2 ** random.gauss(0, 1.3)))))
        events -= sizes[-1]
    return sizes
