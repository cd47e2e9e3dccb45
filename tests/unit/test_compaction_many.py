"""A backlog: thousands of small objects over three months become at most a few for each day, however often it stops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, repeat

import pytest

from tests.unit.compaction_lake import CompactionLake
from tests.unit.strategies import DAY, MIDNIGHT, REGIONS, make_event
from trailkeep.compaction.planner import Thresholds, plan
from trailkeep.compaction.worker import Compaction
from trailkeep.lake.partitions import Partition

pytestmark = pytest.mark.thorough

OBJECTS, DAYS = 5_000, 90
MINUTE = 60_000_000


def test_five_thousand_objects_over_ninety_days_become_a_few_for_each_day() -> None:
    lake = CompactionLake()
    for number in range(OBJECTS):
        day, place = number % DAYS, number // DAYS
        time = MIDNIGHT - day * DAY + place * 20 * MINUTE
        lake.deliver([make_event(number, event_time=time, region=REGIONS[0])])
        lake.wait(seconds=0.2)
    compaction = Compaction(lake.bucket, lambda: lake.now)
    queue: list[Partition] = []

    def work(*, every: int) -> None:
        """Work the queue; every so often, time runs out after the first piece, and the rest is ordered again."""
        for number in range(1_000):
            if not queue:
                return
            partition = queue.pop(0)
            enough = repeat(True) if number % every else chain([True], repeat(False))
            if not compaction.compact(partition, enough.__next__).done:
                queue.append(partition)
        raise AssertionError("it never ends")

    def send(partitions: Sequence[Partition]) -> Sequence[Partition]:
        queue.extend(partitions)
        return partitions

    messages = []
    for hours in (0.1, 1.4, 0.1):
        plan(lake.bucket, send, lake.now, Thresholds(parts=50, age=timedelta(days=1)))
        messages.append(len(queue))
        work(every=3)
        lake.wait(hours=hours)

    assert messages == [DAYS, 0, DAYS]
    lake.demand_each_once()
    assert all(len(lake.manifest(partition).compacted) == 1 for partition in lake.partitions)
    assert len(lake.bucket.list("events/").objects) == DAYS
