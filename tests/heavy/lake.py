"""A lake of a million events on SeaweedFS, written by the project's own code, and what is in it by plain reading."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.benchmarks.events import arrays, day_events, days_of
from tests.benchmarks.plan import Plan
from tests.benchmarks.work import LAKE, LANDING, compact_partition, deliver_day, workers
from tests.contract.stores import connected
from tests.faults.seaweed import SeaweedFS
from trailkeep.delivery import Delivery
from trailkeep.events.regions import RegionRules
from trailkeep.lake.partitions import EVENTS
from trailkeep.lake.storage import Bucket

DAYS = 4
REGION = "cn-hangzhou"


@dataclass(frozen=True, slots=True)
class Contents:
    """How many events a lake holds, and a hash over the originals: each and a line break, the newest first."""

    rows: int
    digest: str


@contextmanager
def million_events(events: int) -> Iterator[tuple[SeaweedFS, Contents]]:
    """A server whose lake has so many events: of some days compacted, of the last one as they came, some twice."""
    plan = Plan("heavy", DAYS, events // DAYS, (REGION,))
    days = days_of(DAYS)
    with SeaweedFS() as server:
        for bucket in (LANDING, LAKE):
            server.client().create_bucket(Bucket=bucket)
        with workers(server.environment) as pool:
            list(pool.map(deliver_day, [plan] * DAYS, [REGION] * DAYS, days))
            list(pool.map(compact_partition, [(REGION, day) for day in days[:-1]]))
        with connected(server.environment):
            _deliver_again(plan, days[-1])
            contents = _contents()
        yield server, contents


def _deliver_again(plan: Plan, day: date) -> None:
    """Some events of a day come once more, in another object."""
    landing = Bucket(LANDING)
    text = next(iter(arrays(day_events(day, plan.events_per_day, plan.days, REGION), plan.object_events)))
    landing.create("again.gz", gzip.compress(text, 1, mtime=0))
    Delivery(landing, Bucket(LAKE), RegionRules(REGION, REGION)).deliver("again.gz", datetime.now(UTC))


def _contents() -> Contents:
    """Date by date, which no event leaves, so that one fits in memory: read, each once, sorted."""
    bucket, rows, digest = Bucket(LAKE), 0, sha256()
    prefixes = bucket.list(f"{EVENTS}/region={REGION}/", delimiter="/").prefixes
    for prefix in reversed(prefixes):
        keys = [stat.key for stat in bucket.list(prefix).objects]
        table = pa.concat_tables(
            [pq.read_table(io.BytesIO(bucket.get(key)), columns=["event_time", "uid", "event"]) for key in keys]
        )
        uids = table.column("uid").combine_chunks().cast(pa.binary())
        first = pc.index_in(pc.unique(uids), uids)
        table = table.take(first).sort_by([("event_time", "descending"), ("uid", "descending")])
        rows += table.num_rows
        for text in table.column("event").to_pylist():
            digest.update(text.encode() + b"\n")
    return Contents(rows, digest.hexdigest())
