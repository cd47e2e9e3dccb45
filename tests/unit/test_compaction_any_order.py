"""Whatever comes, and wherever compaction is killed or runs beside itself: no event is lost, none stands twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.compaction_lake import CompactionLake, Killed, small_sizes
from tests.unit.strategies import MIDNIGHT, events, make_event
from trailkeep.errors import CompactionRaced
from trailkeep.events.event import Event
from trailkeep.lake.manifest import GRACE

pytestmark = pytest.mark.thorough

few = st.integers(0, 40)


@dataclass(frozen=True)
class Deliver:
    events: list[Event]
    copies: int


@dataclass(frozen=True)
class Wait:
    minutes: int


@dataclass(frozen=True)
class Compact:
    """Compact everything; at one call, the process is killed, or another one does all of that first."""

    at: int
    is_killed: bool


steps = st.one_of(
    st.builds(Deliver, st.lists(events(few), min_size=1, max_size=12), st.integers(1, 3)),
    st.builds(Wait, st.sampled_from([1, 30, 70, 1500])),
    st.builds(Compact, st.integers(0, 40), st.booleans()),
)


class Watched(CompactionLake):
    """A lake of which it is known when each object was last one that readers need."""

    def __init__(self) -> None:
        super().__init__()
        self._needed: dict[str, datetime] = {}
        self._calls = 0
        self._step = Compact(0, is_killed=False)
        self.bucket.before_call = self._before_call  # type: ignore[method-assign]

    def take(self, step: Deliver | Wait | Compact) -> None:
        match step:
            case Deliver(delivered, copies):
                for _ in range(copies):
                    self.deliver(delivered)
            case Wait(minutes):
                self.wait(minutes=minutes)
            case Compact():
                self._calls, self._step = 0, step
                try:
                    self.compact()
                except (Killed, CompactionRaced):
                    pass
                finally:
                    self._step = Compact(0, is_killed=False)
        self.demand_nothing_lost()
        self._note()

    def quiet(self) -> None:
        for days in (0.0, 0.2, 2, 0.2):
            self.wait(days=days)
            assert all(outcome.done for outcome in self.compact())
        self.demand_each_once()

    def _note(self) -> None:
        for partition in self.partitions:
            manifest = self.manifest(partition)
            for key in [each.key for each in manifest.compacted] + [
                s.key for s in manifest.fresh(self.listed(partition))
            ]:
                self._needed[key] = self.now

    def _before_call(self, operation: str, key: str) -> None:
        if operation == "delete":
            assert self._needed.get(key, self.now - GRACE) <= self.now - GRACE + timedelta(minutes=1), key
        self._calls += 1
        if self._calls == self._step.at:
            step, self._step = self._step, Compact(0, is_killed=False)
            if step.is_killed:
                raise Killed
            self.compact()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(steps, min_size=1, max_size=12))
def test_no_event_is_lost_and_none_stands_twice(taken: list[Deliver | Wait | Compact]) -> None:
    with small_sizes(target=9_000):
        lake = Watched()
        for step in taken:
            lake.take(step)
        lake.quiet()


def test_every_call_may_be_the_last_one() -> None:
    """Systematically: two compactions with everything in them, killed at each call or crossed by another worker."""
    first = [Deliver([make(number) for number in range(start, 30, 3)], 2) for start in range(3)]
    second = [Deliver([make(number) for number in range(10, 45)], 1)]
    for is_killed in (True, False):
        for at in range(1, 200):
            with small_sizes(target=9_000):
                lake = Watched()
                taken: list[Deliver | Wait | Compact] = [*first, Compact(0, is_killed=False), Wait(70), *second]
                for step in taken:
                    lake.take(step)
                lake.take(Compact(at, is_killed))
                finished = lake._calls < at
                lake.quiet()
            if finished:
                break
        else:
            raise AssertionError("more calls than expected")
        assert at > 10


def make(number: int) -> Event:
    return make_event(number, event_time=MIDNIGHT + number // 2 * 1_000_000)
