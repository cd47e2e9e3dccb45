"""A lake in memory into which events are delivered and which is compacted, with what must be true of it meanwhile."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import md5

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.memory_bucket import NOW, MemoryBucket
from tests.unit.strategies import MIDNIGHT
from trailkeep.compaction import pieces, rewriting, runs
from trailkeep.compaction.worker import Compaction, Outcome
from trailkeep.events.event import Event
from trailkeep.events.timestamps import date_of, to_micros
from trailkeep.lake import compacted
from trailkeep.lake.commits import Commit, PartRecord, commit_key
from trailkeep.lake.manifest import Manifest, read_manifest
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import EVENTS, Part, Partition, Versions, fresh_name
from trailkeep.lake.storage import Stat

CODE = Versions(1, 1)


class Killed(BaseException):
    """The process ends here; nothing can catch it."""


@contextmanager
def small_sizes(target: int = 16_000) -> Iterator[None]:
    """Objects, runs and row groups so small that a few events make many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "TARGET_BYTES", target)
        patch.setattr(pieces, "UNDERSIZED_BYTES", target // 2)
        patch.setattr(pieces, "MAX_OBJECTS", 2)
        patch.setattr(runs, "RUN_BYTES", 4_000)
        patch.setattr(runs, "MAX_RUNS", 3)
        patch.setattr(runs, "_FETCH_PARTS", 3)
        patch.setattr(runs, "_BATCH_ROWS", 7)
        patch.setattr(compacted, "ROW_GROUP_ROWS", 256)
        patch.setattr(compacted, "BATCH_ROWS", 128)
        yield


class CompactionLake:
    """Delivers, compacts, and knows for each event when it could first be seen."""

    def __init__(self) -> None:
        self.bucket = MemoryBucket("lake", NOW)
        self.delivered: dict[bytes, int] = {}
        self.partitions: dict[Partition, None] = {}
        self._deliveries = 0

    @property
    def now(self) -> datetime:
        return self.bucket.now

    def wait(self, **amount: float) -> None:
        self.bucket.now += timedelta(**amount)

    def deliver(self, events: Sequence[Event], versions: Versions = CODE, *, committed: bool = True) -> list[str]:
        """Store events as a delivery does, one part for each partition; gives the parts' keys."""
        self._deliveries += 1
        delivery = md5(str(self._deliveries).encode(), usedforsecurity=False).hexdigest()
        parts: list[Part] = []
        for partition, group in _by_partition(events).items():
            encoded = encode_part(group, MIDNIGHT)
            part = Part(partition, encoded.first, encoded.last, str(fresh_name(delivery, versions, len(parts))))
            self.bucket.put(part.key, encoded.body)
            parts.append(part)
        if committed:
            self.bucket.put(commit_key(self.now, delivery, versions, parts), _commit(delivery, parts))
            seen = to_micros(self.now.replace(microsecond=0))
            for event in events:
                self.delivered[event.uid] = min(seen, self.delivered.get(event.uid, seen))
            self.partitions.update(dict.fromkeys(_by_partition(events)))
        return [part.key for part in parts]

    def compact(self, partition: Partition | None = None) -> list[Outcome]:
        """Compact one partition, or all, by a process of its own."""
        compaction = Compaction(self.bucket, lambda: self.bucket.now)
        return [compaction.compact(each) for each in ([partition] if partition else self.partitions)]

    def rows(self, keys: Iterable[str]) -> pa.Table:
        """The rows of some objects, one after another."""
        tables = [pq.read_table(io.BytesIO(self.bucket.objects[key][0])) for key in keys]
        return pa.concat_tables([table.replace_schema_metadata(None) for table in tables]) if tables else pa.table({})

    def uids(self, keys: Iterable[str]) -> list[bytes]:
        chosen = list(keys)
        found: list[bytes] = self.rows(chosen).column("uid").to_pylist() if chosen else []
        return found

    def listed(self, partition: Partition) -> list[Stat]:
        return self.bucket.list(partition.prefix).objects

    def manifest(self, partition: Partition) -> Manifest:
        standing = read_manifest(self.bucket, partition)
        return standing[0] if standing else Manifest(partition)

    def demand_nothing_lost(self) -> None:
        """What engines see by listing, and what readers see by manifest, is every event that was delivered."""
        everything = [stat.key for partition in self.partitions for stat in self.listed(partition)]
        assert set(self.uids(everything)) >= self.delivered.keys()
        for partition in self.partitions:
            manifest = self.manifest(partition)
            listed = self.listed(partition)
            keys = {each.key for each in manifest.compacted} | {stat.key for stat in manifest.fresh(listed)}
            assert keys <= {stat.key for stat in listed}
            assert set(self.uids(keys)) == set(self.uids(stat.key for stat in listed))

    def demand_each_once(self) -> None:
        """When all is quiet: each event once, in order, dated by its first delivery, and nothing else stands there."""
        found: list[bytes] = []
        for partition in self.partitions:
            manifest = self.manifest(partition)
            keys = [each.key for each in manifest.compacted]
            assert keys == sorted(keys)
            assert [stat.key for stat in self.listed(partition)] == keys
            assert manifest.retired == ()
            rows = self.rows(keys)
            times, uids = rows.column("event_time").cast("int64").to_pylist(), rows.column("uid").to_pylist()
            order = list(zip(times, uids, strict=True))
            assert order == sorted(order)
            delivered = rows.column("delivered_at").cast("int64").to_pylist()
            assert delivered == [self.delivered[uid] for uid in uids]
            self._demand_described(manifest)
            found += uids
        assert sorted(found) == sorted(self.delivered)

    def _demand_described(self, manifest: Manifest) -> None:
        for each in manifest.compacted:
            rows = self.rows([each.key])
            times = rows.column("event_time").cast("int64").to_pylist()
            delivered = rows.column("delivered_at").cast("int64").to_pylist()
            assert (each.first, each.last, each.rows) == (times[0], times[-1], len(times))
            assert (each.delivered_first, each.delivered_last) == (min(delivered), max(delivered))
            assert each.bytes == len(self.bucket.objects[each.key][0])


def _by_partition(events: Iterable[Event]) -> dict[Partition, list[Event]]:
    groups: dict[Partition, list[Event]] = {}
    for event in events:
        groups.setdefault(Partition(EVENTS, event.region, date_of(event.event_time)), []).append(event)
    return groups


def _commit(delivery: str, parts: Sequence[Part]) -> bytes:
    records = [PartRecord(part.key, 1, 1, part.first, part.last, "") for part in parts]
    return msgspec.json.encode(asdict(Commit(delivery, "landing", "key", "etag", 1, "", *CODE, parts=records)))


__all__ = ["CODE", "CompactionLake", "Killed", "rewriting", "small_sizes"]
