"""Accounts whose tallies stand in a bucket in memory, the runs that look at them, and who is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from tests.unit import insight_findings
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import StorageUnavailable
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import EPOCH, utc_date
from trailkeep.insights.counting.keys import tally_key
from trailkeep.insights.counting.tallies import encode_tally
from trailkeep.insights.facts import FACTS, MINUTES_A_DAY, Fact
from trailkeep.insights.telling.evaluation import Evaluated, Evaluation
from trailkeep.insights.telling.told_state import ToldDate, told_key
from trailkeep.lake.parquet import open_part
from trailkeep.lake.watermark import raise_watermark

ACCOUNT = "1000000000000001"
START = datetime(2026, 3, 10, 12, tzinfo=UTC)
RULES = RegionRules("cn-hangzhou", "ap-southeast-1")
ELSEWHERE = "203.0.113.77"


class Inbox:
    """A channel that keeps what it is told; ``refuses`` says of which events it does not take."""

    def __init__(self, name: str = "inbox") -> None:
        self.name = name
        self.events: list[dict[str, Any]] = []
        self.refuses: Callable[[Mapping[str, Any]], bool] = lambda event: False
        self.is_out = False

    def send(self, events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        for event in events:
            if self.is_out:
                raise StorageUnavailable("nobody answers")
            if not self.refuses(event):
                self.events.append(dict(event))
                yield event["eventId"]


class World:
    """One account, its calls, and the time."""

    def __init__(self, bucket: MemoryBucket | None = None) -> None:
        self.bucket = bucket or MemoryBucket(now=START)
        self.now = START
        self.inbox = Inbox()
        self.facts: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        self.evaluation = self.run()

    def run(self, *others: Inbox, patience: timedelta = timedelta(0)) -> Evaluation:
        """Another process."""
        notifiers = [self.inbox, *others]
        return Evaluation(self.bucket, RULES, insight_findings.DETECTORS, notifiers, lambda: self.now, patience)

    @property
    def day(self) -> int:
        """Today, counted from 1970-01-01."""
        return (self.now - EPOCH).days

    def forward(self, **span: float) -> datetime:
        self.now = self.bucket.now = self.now + timedelta(**span)
        raise_watermark(self.bucket, self.now - timedelta(minutes=1))
        return self.now

    # Calls

    def call(
        self, at: datetime, count: int = 1, *, every: int = 1, who: str = "user/mallory", region: str = "cn-hangzhou",
        address: str = ELSEWHERE,
    ) -> set[date]:  # fmt: skip
        """Calls, one each so many minutes; gives the dates that have changed."""
        changed = set()
        for n in range(count):
            minute = (at - EPOCH) // timedelta(minutes=1) + n * every
            name = utc_date(minute // MINUTES_A_DAY)
            self.facts[name, region].append(
                Fact(
                    minute, who, who, "address", address, None, "Ecs", "DescribeInstances", None, "aliyun-cli/3.0", 1,
                    f"e-{minute}", region,
                )
            )  # fmt: skip
            changed.add(date.fromisoformat(name))
        self._count()
        return changed

    def forget(self, name: str) -> None:
        """Let the calls of a date be others than before: none."""
        for place in [place for place in self.facts if place[0] == name]:
            self.facts[place] = []
        self._count()

    def _count(self) -> None:
        for (name, region), facts in self.facts.items():
            rows = [fact[:-1] for fact in sorted(facts)]
            columns = list(zip(*rows, strict=True)) or [()] * len(FACTS.names)
            table = pa.table([list(column) for column in columns], schema=FACTS)
            key, body = tally_key(ACCOUNT, name, region), encode_tally(table, ACCOUNT)
            if key not in self.bucket.objects or self.bucket.objects[key][0] != body:
                self.bucket.put(key, body)

    # Looks

    def evaluate(self, *changed: date) -> Evaluated:
        return self.evaluation.evaluate(ACCOUNT, changed)

    def told(self, name: str) -> ToldDate:
        body, _ = self.bucket.objects[told_key(ACCOUNT, name)]
        return msgspec.json.decode(body, type=ToldDate)

    def states(self, name: str = "2026-03-10") -> list[list[str]]:
        return [[event.state for event in insight.events] for insight in self.told(name).insights]

    def stored(self) -> list[dict[str, Any]]:
        """The Insight events of the lake, in the order of their keys."""
        found = []
        for key, (body, _) in sorted(self.bucket.objects.items()):
            if key.startswith("insights/"):
                rows = open_part(pa.BufferReader(body)).read().column("event").to_pylist()
                found += [msgspec.json.decode(row) for row in rows]
        return found

    def notified(self) -> list[str]:
        return [event["insightDetails"]["state"] for event in self.inbox.events]
