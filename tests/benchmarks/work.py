"""What the benchmarks' processes do to a lake, with the project's own code: deliver, compact, index."""

from __future__ import annotations

import gc
import gzip
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import lru_cache

from tests.benchmarks.events import arrays, day_events
from tests.benchmarks.memory import peak_bytes
from tests.benchmarks.plan import Plan
from trailkeep.compaction.cleaning import clean
from trailkeep.compaction.worker import Compaction
from trailkeep.delivery import Delivery
from trailkeep.events.regions import RegionRules
from trailkeep.index.publishing import publish_index
from trailkeep.lake.manifest import GRACE
from trailkeep.lake.partitions import EVENTS, Partition
from trailkeep.lake.storage import Bucket

LANDING, LAKE, PEERS = "bench-landing", "bench-lake", "bench-peers"
PROCESSES = 2


@contextmanager
def workers(environment: Mapping[str, str]) -> Iterator[ProcessPoolExecutor]:
    """Processes that reach the store with these variables."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, _reach, (dict(environment),)) as pool:
        yield pool


def _reach(environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    gc.set_threshold(200_000, 20, 20)  # as the deliver function does


def deliver_day(plan: Plan, region: str, day: date) -> int:
    """Land a day of a region and deliver it; gives the bytes that landed."""
    landing = Bucket(LANDING)
    delivery = Delivery(landing, Bucket(LAKE), RegionRules(region, region))
    events = day_events(day, plan.events_per_day // len(plan.regions), plan.days, region)
    landed = 0
    for number, text in enumerate(arrays(events, plan.object_events)):
        key = f"AliyunLogs/Actiontrail/{region}/{day:%Y/%m/%d}/{number:06d}.gz"
        body = gzip.compress(text, 1, mtime=0)
        landing.create(key, body)
        landed += len(body)
        delivery.deliver(key, datetime.now(UTC))
    return landed


def compact_partition(place: tuple[str, date]) -> int:
    """Compact a partition, given as region and date; gives the most memory that this process has held, in bytes.

    What was replaced is deleted, as though the time for which it stays were over.
    """
    region, day = place
    partition = Partition(EVENTS, region, day.isoformat())
    outcome = _compaction().compact(partition)
    if not outcome.done or outcome.missing or outcome.unreadable:
        raise RuntimeError(f"{partition.prefix} is not compacted: {outcome}")
    clean(Bucket(LAKE), partition, datetime.now(UTC) + 2 * GRACE)
    return peak_bytes()


@lru_cache(maxsize=1)
def _compaction() -> Compaction:
    return Compaction(Bucket(LAKE), lambda: datetime.now(UTC))


def publish(now: datetime) -> tuple[dict[str, int], int]:
    """Bring the index up to date; gives what was done, and the most memory that this process has held, in bytes."""
    return asdict(publish_index(Bucket(LAKE), now)), peak_bytes()
