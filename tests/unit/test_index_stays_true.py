"""Whatever happens in whatever order: what a trusted root and the feed name together has every event of the lake."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.index_lake import SmallLake, events, partition_of
from tests.unit.index_objects import rows_of
from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.events.event import Event
from trailkeep.events.timestamps import from_micros, to_micros
from trailkeep.index.publishing import publish_index
from trailkeep.index.root import ROOT, TRUSTED
from trailkeep.lake.feed import OVERLAP, read_feed
from trailkeep.lake.manifest import GRACE, Manifest, read_manifest, write_manifest
from trailkeep.lake.partitions import Partition

days = st.integers(0, 2)


class Killed(Exception):
    pass


class Lake(RuleBasedStateMachine):
    """Deliveries, compaction, retention and publishers, one after another; some of them killed."""

    @initialize()
    def empty(self) -> None:
        self.lake = SmallLake()
        self.bucket: MemoryBucket = self.lake.bucket  # type: ignore[assignment]
        self.now = NOW
        self.expected: set[str] = set()
        self.expired: set[Partition] = set()
        self.number = 0

    @rule(minutes=st.sampled_from([1, 7, 15, 40, 90]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.bucket.now = self.now

    @rule(count=st.integers(1, 4), day=days, late=st.integers(0, 14))
    def deliver(self, count: int, day: int, late: int) -> None:
        """The commit stands in the minute in which the delivery began."""
        rows = events(self.number, count, day=day)
        self.number += count
        self.lake.deliver(rows, self.now - timedelta(minutes=late))
        self.expected |= {str(row.event_id) for row in rows}

    @rule(day=days)
    def compact(self, day: int) -> None:
        """All of a partition becomes one object."""
        partition = partition_of(events(0, 1, day=day)[0])
        listed = self.bucket.list(partition.prefix).objects
        standing = read_manifest(self.bucket, partition)
        manifest = standing[0] if standing else Manifest(partition)
        fresh = [stat.key for stat in manifest.fresh(listed)]
        rows: list[Event] = []
        for key in [*fresh, *(each.key for each in manifest.compacted)]:
            for row in rows_of(self.bucket.get(key)):
                row.region = partition.region
                rows.append(row)
        if fresh:
            self.lake.compact(rows, fresh, self.now)

    @rule(day=days)
    def clean(self, day: int) -> None:
        """What was replaced an hour ago goes."""
        partition = partition_of(events(0, 1, day=day)[0])
        standing = read_manifest(self.bucket, partition)
        if standing is None:
            return
        manifest, etag = standing
        old = [each for each in manifest.retired if each.at < to_micros(self.now - GRACE)]
        for each in old:
            self.bucket.delete(each.key, each.etag)
        kept = tuple(each for each in manifest.retired if each not in old)
        changed = Manifest(partition, manifest.version + 1, manifest.compacted, kept, manifest.accounts)
        assert write_manifest(self.bucket, changed, etag)

    @rule(day=days)
    def expire(self, day: int) -> None:
        partition = partition_of(events(0, 1, day=day)[0])
        if read_manifest(self.bucket, partition) is None:
            return
        for stat in self.bucket.list(partition.prefix).objects:
            self.expected -= {str(row.event_id) for row in rows_of(self.bucket.get(stat.key))}
        self.lake.expire(partition)
        self.expired.add(partition)

    @rule()
    def publish(self) -> None:
        done = publish_index(self.bucket, self.now)
        if done.published:
            self.expired.clear()

    @rule(at=st.integers(1, 25))
    def publish_and_die(self, at: int) -> None:
        calls = 0

        def count(operation: str, key: str) -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                raise Killed

        self.bucket.before_call = count  # type: ignore[method-assign]
        try:
            publish_index(self.bucket, self.now)
        except Killed:
            pass
        finally:
            del self.bucket.before_call

    @invariant()
    def every_event_is_reached(self) -> None:
        if ROOT not in self.bucket.objects:
            return
        root = self.lake.root
        if self.now - from_micros(root.record.checked_at) > TRUSTED:
            return
        named = [*(each.key for each in root.objects), *(part.key for part in root.fresh)]
        for entry in read_feed(self.bucket, from_micros(root.record.until) - OVERLAP):
            if not root.knows(entry.delivery):
                named += [part.key for part in entry.parts]
        found = set()
        for key in named:
            if key in self.bucket.objects:
                found |= {str(row.event_id) for row in rows_of(self.bucket.get(key))}
            else:
                assert any(key.startswith(partition.prefix) for partition in self.expired), f"{key} is gone"
        assert found >= self.expected
        for event_id in self.expected:
            holders = {each.key for each in root.objects if self._holds(each.key, event_id)}
            assert holders == set(self.lake.find(event_id)) & self.bucket.objects.keys()

    def _holds(self, key: str, event_id: str) -> bool:
        return key in self.bucket.objects and event_id in {row.event_id for row in rows_of(self.bucket.get(key))}


TestTheIndexStaysTrue = Lake.TestCase
TestTheIndexStaysTrue.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
