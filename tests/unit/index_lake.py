"""A small lake to publish the index of: parts, compacted objects, manifests and the feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from tests.unit.index_objects import compacted, rows_of
from tests.unit.memory_bucket import NOW, MemoryBucket
from tests.unit.strategies import MIDNIGHT, make_event
from trailkeep.events.event import Event
from trailkeep.events.timestamps import date_of, to_micros
from trailkeep.index.postings import Run
from trailkeep.index.root import ROOT, Root, decode_root
from trailkeep.index.tier import Place, Tier
from trailkeep.lake.commits import commit_key
from trailkeep.lake.manifest import Compacted, Manifest, Retired, manifest_key, read_manifest, write_manifest
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import EVENTS, Part, Partition, Versions, fresh_name
from trailkeep.lake.storage import Bucket

VERSIONS = Versions(1, 1)


def events(first: int, count: int, region: str = "cn-hangzhou", day: int = 0, **fields: object) -> list[Event]:
    """Events with the numbers from ``first`` on, one a second."""
    start = MIDNIGHT + day * 86_400_000_000
    return [
        make_event(n, event_time=start + n * 1_000_000, region=region, user_name=f"user-{n % 7}", **fields)
        for n in range(first, first + count)
    ]


class SmallLake:
    """A lake, in memory if no bucket is given, and what is done to it."""

    def __init__(self, bucket: Bucket | None = None) -> None:
        self.bucket = bucket or MemoryBucket(now=NOW)

    def deliver(self, rows: Sequence[Event], now: datetime = NOW) -> list[str]:
        """Parts of one delivery and its commit; gives the keys of the parts."""
        delivery = sha256(repr([(row.uid, row.region) for row in rows]).encode()).hexdigest()[:32]
        parts = []
        for number, partition in enumerate(sorted({partition_of(row) for row in rows}, key=lambda p: p.prefix)):
            encoded = encode_part([row for row in rows if partition_of(row) == partition], to_micros(now))
            name = str(fresh_name(delivery, VERSIONS, number))
            parts.append(Part(partition, encoded.first, encoded.last, name))
            self.bucket.create(parts[-1].key, encoded.body)
        self.bucket.create(commit_key(now, delivery, VERSIONS, parts), b"{}")
        return [part.key for part in parts]

    def compact(self, rows: Sequence[Event], replaced: Iterable[str] = (), now: datetime = NOW) -> str:
        """One object in the place of all that its partition has; gives its key."""
        partition = partition_of(rows[0])
        encoded = compacted(rows)
        name = f"compacted-{sha256(encoded.body).hexdigest()[:24]}-0"
        key = Part(partition, encoded.first, encoded.last, name).key
        self.bucket.create(key, encoded.body)
        standing = read_manifest(self.bucket, partition)
        manifest, etag = standing or (Manifest(partition), None)
        retired = [
            Retired(old, self.bucket.stat(old).etag, to_micros(now))
            for old in (*replaced, *(each.key for each in manifest.compacted))
        ]
        new = Compacted(
            key=key,
            bytes=len(encoded.body),
            rows=encoded.rows,
            first=encoded.first,
            last=encoded.last,
            delivered_first=encoded.delivered_first,
            delivered_last=encoded.delivered_last,
            normaliser_version=1,
            mask_version=1,
            sha256="",
        )
        changed = Manifest(partition, manifest.version + 1, (new,), (*manifest.retired, *retired), None)
        assert write_manifest(self.bucket, changed, etag)
        return key

    def expire(self, partition: Partition) -> None:
        """Delete a partition whole, as retention does."""
        for stat in self.bucket.list(partition.prefix).objects + self.bucket.list(manifest_key(partition)).objects:
            assert self.bucket.delete(stat.key, stat.etag)

    @property
    def root(self) -> Root:
        return decode_root(self.bucket.get(ROOT))

    def find(self, event_id: str) -> list[str]:
        """The objects in which the index says an event ID is, by their keys."""
        root = self.root
        found: list[Place] = []
        for tier in root.tiers:
            found += tier.find_id(self.bucket.ranges([tier.ids_range(event_id)])[0], event_id)
        return [root.objects[place.object].key for place in found]

    def rows_by_user(self, user: str) -> int:
        """How many rows of a user the index knows of."""
        return sum(run.count for tier in self.root.tiers for run in self._runs(tier, user))

    def _runs(self, tier: Tier, user: str) -> list[Run]:
        return tier.find_value(self.bucket.ranges([tier.postings_range("user_name", user)])[0], "user_name", user)

    def compacted_rows(self) -> list[Event]:
        """All rows of the objects that manifests name."""
        return [row for each in self.root.objects for row in rows_of(self.bucket.get(each.key))]


def partition_of(row: Event) -> Partition:
    return Partition(EVENTS, row.region, date_of(row.event_time))
