"""A lake and a landing bucket in memory, in which everything is as old as a test wants it to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from datetime import datetime, timedelta

from tests.unit.memory_bucket import NOW, MemoryBucket
from tests.unit.strategies import make_event
from trailkeep.access.principal import Principal
from trailkeep.events.timestamps import parse_micros, to_micros
from trailkeep.lake.commits import commit_key, delivery_id, minute_of
from trailkeep.lake.manifest import Compacted, Manifest, write_manifest
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import EVENTS, Part, Partition, Versions
from trailkeep.lake.plans import PLANS
from trailkeep.retention.enforcement import enforce
from trailkeep.retention.holds import Hold, Scope, create_hold
from trailkeep.retention.runs import Run
from trailkeep.retention.settings import change_settings

FLOOR = 90
ADMIN = Principal("TokenOfAdmin", "admin", frozenset({"admin"}))
HANGZHOU = "cn-hangzhou"
_VERSIONS = Versions(1, 1)


class Killed(BaseException):
    """The process ends here: nothing may catch it."""


class AgedLake:
    """Both buckets at ``now``; what is put is as old as it is said to be."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.lake = MemoryBucket("lake", now)
        self.landing = MemoryBucket("landing", now)

    def day(self, age: int) -> str:
        """The date so many days ago."""
        return (self.now - timedelta(days=age)).date().isoformat()

    @contextmanager
    def ago(self, days: float) -> Iterable[None]:
        before = self.now - timedelta(days=days)
        self.lake.now = self.landing.now = before
        yield
        self.lake.now = self.landing.now = self.now

    # The lake

    def part(
        self,
        age: int,
        *,
        delivered: float | None = None,
        region: str = HANGZHOU,
        accounts: Iterable[str | None] = ("1",),
        name: str = "part",
        dataset: str = EVENTS,
        delivered_at: float | None = None,
    ) -> str:
        """A part of the date ``age`` days ago, written ``delivered`` days ago; gives its key."""
        start = parse_micros(f"{self.day(age)}T01:00:00Z")
        events = [
            make_event(number, event_time=start + number, region=region, account_id=account)
            for number, account in enumerate(accounts)
        ]
        delivered = age if delivered is None else delivered
        told = self.now - timedelta(days=delivered if delivered_at is None else delivered_at)
        encoded = encode_part(events, to_micros(told))
        partition = Partition(dataset, region, self.day(age))
        key = Part(partition, encoded.first, encoded.last, name).key
        with self.ago(delivered):
            self.lake.put(key, encoded.body)
        return key

    def compacted(
        self,
        age: int,
        *,
        delivered: float | None = None,
        made: float = 1,
        region: str = HANGZHOU,
        accounts: Iterable[str] = ("1",),
        named: Iterable[str] | type(...) | None = ...,
        digits: str = "a",
    ) -> str:
        """A compacted object made ``made`` days ago of events delivered ``delivered`` days ago, and its manifest."""
        delivered = age if delivered is None else delivered
        name = f"compacted-{digits * 24}-0"
        accounts = tuple(accounts)
        key = self.part(age, delivered=made, delivered_at=delivered, region=region, accounts=accounts, name=name)
        stat = self.lake.objects[key][1]
        moment = to_micros(self.now - timedelta(days=delivered))
        partition = Partition(EVENTS, region, self.day(age))
        entry = Compacted(key, stat.size, len(accounts), 1, 2, moment, moment, 1, 1, "")
        told = tuple(sorted(accounts)) if named is ... else named
        assert write_manifest(self.lake, Manifest(partition, 1, (entry,), (), told), None)
        return key

    # The landing bucket

    def landed(
        self, key: str, *, committed: float | None, body: bytes = b"[]", rejects: bool = False, planned: bool = True
    ) -> str:
        """A landing object whose delivery was committed so many days ago, None for never; gives the delivery."""
        with self.ago((committed or 0) + 0.01):
            stat = self.landing.put(key, body)
            delivery = delivery_id("landing", key, stat.etag)
            if planned:
                self.lake.put(f"{PLANS}{delivery}.json", b"{}")
        if committed is not None:
            with self.ago(committed):
                when = self.lake.now
                if rejects:
                    self.lake.put(f"quarantine/date={when:%Y-%m-%d}/{delivery}-{_VERSIONS}.json", b"{}")
                self.lake.put(commit_key(minute_of(when), delivery, _VERSIONS, []), b"{}")
        return delivery

    # Retention

    def hold(self, **scope: object) -> Hold:
        return create_hold(self.lake, "case", "a lawyer said so", Scope(**scope), ADMIN, self.now)

    def settings(self, age: float = 2, **change: int) -> None:
        """Settings as they were changed so many days ago."""
        change_settings(self.lake, change, ADMIN, self.now - timedelta(days=age))

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.lake.now = self.landing.now = self.now

    def enforce(self, out_of_time: Callable[[], bool] = lambda: False, run: str = "run") -> Run:
        return enforce(self.landing, self.lake, FLOOR, run, lambda: self.now, out_of_time)

    def keys(self, prefix: str = "") -> list[str]:
        return sorted(key for key in self.lake.objects if key.startswith(prefix))

    def data(self) -> list[str]:
        """The keys of the lake's Parquet objects."""
        return [key for key in self.keys() if key.endswith(".parquet")]

    def on(self, operation: str, prefix: str, do: Callable[[], None]) -> None:
        """Interfere before the first such operation on a key of the lake."""
        done = []

        def before(called: str, key: str) -> None:
            if not done and called == operation and key.startswith(prefix):
                done.append(key)
                do()

        self.lake.before_call = before  # type: ignore[method-assign]
