"""The planner: every partition with something to do gets its message, and none gets more than it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.unit.compaction_lake import CompactionLake, Killed
from tests.unit.strategies import DAY, MIDNIGHT, REGIONS, make_event
from trailkeep.compaction import planner
from trailkeep.compaction.plan import PLAN, read_plan
from trailkeep.compaction.planner import Planned, Thresholds, plan
from trailkeep.errors import StorageUnavailable
from trailkeep.events.event import Event
from trailkeep.lake.partitions import EVENTS, Partition

FRESH = Thresholds(parts=3, age=timedelta(hours=1))
FIRST, SECOND = Partition(EVENTS, REGIONS[0], "2026-03-09"), Partition(EVENTS, REGIONS[1], "2026-03-09")


class PlannedLake(CompactionLake):
    """A lake with a queue."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: list[Partition] = []
        self.refused: set[Partition] = set()

    def plan(self, *, full: bool = False) -> Planned:
        return plan(self.bucket, self.send, self.now, FRESH, full=full)

    def send(self, partitions: Sequence[Partition]) -> Iterator[Partition]:
        for partition in partitions:
            if partition not in self.refused:
                self.queue.append(partition)
                yield partition

    def sent(self) -> list[Partition]:
        """The messages in the queue, taken out of it."""
        taken, self.queue = self.queue, []
        return taken

    def work(self) -> list[Partition]:
        taken = self.sent()
        for partition in taken:
            self.compact(partition)
        return taken


@pytest.fixture
def lake() -> PlannedLake:
    """A lake whose planner has run before, with nothing to do."""
    lake = PlannedLake()
    lake.plan()
    assert lake.sent() == []
    lake.wait(minutes=5)
    return lake


def event(number: int, region: str = REGIONS[0], day: int = 0) -> Event:
    return make_event(number, event_time=MIDNIGHT + number + day * DAY, region=region)


def test_a_partition_is_due_when_it_has_many_fresh_parts(lake: PlannedLake) -> None:
    for number in range(2):
        lake.deliver([event(number)])
    lake.plan()
    assert lake.sent() == []

    lake.deliver([event(2)])
    lake.deliver([event(3, REGIONS[1])])
    lake.plan()

    assert lake.sent() == [FIRST]


def test_a_partition_is_due_when_its_oldest_part_has_waited(lake: PlannedLake) -> None:
    lake.deliver([event(1)])
    for _ in range(11):
        lake.wait(minutes=5)
        lake.plan()
        assert lake.sent() == []
    lake.wait(minutes=5)
    lake.plan()

    assert lake.sent() == [FIRST]


def test_a_message_is_sent_once_while_it_is_worked_on(lake: PlannedLake) -> None:
    for number in range(5):
        lake.deliver([event(number)])
    lake.plan()
    assert lake.sent() == [FIRST]

    for minutes in range(0, 60, 5):
        lake.deliver([event(100 + minutes)])
        lake.wait(minutes=5)
        lake.plan()

    assert lake.sent() == []


def test_a_lost_message_is_sent_again(lake: PlannedLake) -> None:
    for number in range(5):
        lake.deliver([event(number)])
    lake.plan()
    assert lake.sent() == [FIRST]
    lake.wait(hours=3)

    lake.plan()

    assert lake.sent() == [FIRST]


def test_what_came_while_a_message_was_worked_on_is_due_by_itself(lake: PlannedLake) -> None:
    for number in range(5):
        lake.deliver([event(number)])
    lake.plan()
    lake.wait(minutes=1)
    lake.deliver([event(9)])
    lake.work()
    lake.deliver([event(10)])
    for _ in range(12):
        lake.wait(minutes=5)
        lake.plan()

    assert lake.work() == [FIRST]


def test_replaced_objects_go_although_nothing_new_comes(lake: PlannedLake) -> None:
    for number in range(5):
        lake.deliver([event(number)])
    worked = 0
    for _ in range(80):
        lake.plan()
        worked += len(lake.work())
        lake.wait(minutes=5)

    assert worked <= 3
    lake.demand_each_once()
    known, _ = read_plan(lake.bucket)
    assert known is not None
    assert known.partitions == {}


def test_late_events_of_any_day_are_compacted(lake: PlannedLake) -> None:
    lake.deliver([event(1), event(2, day=-1), event(3, REGIONS[1], day=1)])
    for _ in range(40):
        lake.wait(minutes=5)
        lake.plan()
        lake.work()

    lake.demand_each_once()


def test_the_first_run_takes_in_a_lake_that_stands() -> None:
    lake = PlannedLake()
    lake.deliver([event(1), event(2, REGIONS[1])])
    lake.wait(days=40)

    planned = lake.plan()

    assert planned.full
    assert lake.sent() == [FIRST, SECOND]


@pytest.mark.parametrize("damage", [None, b"", b"{}", b"[1", b'{"cursor": 7}'])
def test_a_lost_plan_is_begun_anew(lake: PlannedLake, damage: bytes | None) -> None:
    lake.deliver([event(1)])
    if damage is None:
        del lake.bucket.objects[PLAN]
    else:
        lake.bucket.put(PLAN, damage)

    assert lake.plan().full
    assert lake.work() == [FIRST]
    lake.wait(minutes=5)
    assert not lake.plan().full


def test_new_rules_of_reading_or_masking_concern_every_partition(
    lake: PlannedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.deliver([event(1)])
    lake.plan(full=True)
    lake.work()
    lake.wait(minutes=5)
    monkeypatch.setattr(planner, "CODE", "2-2")

    assert lake.plan().full
    assert lake.sent() == [FIRST]
    lake.wait(minutes=5)
    assert not lake.plan().full


def test_every_partition_can_be_ordered(lake: PlannedLake) -> None:
    lake.deliver([event(1), event(2, REGIONS[1], day=1)])

    assert lake.plan(full=True).sent == 2


def test_the_queue_is_not_filled_faster_than_it_empties(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "UNDER_WAY", 3)
    lake = PlannedLake()
    for day in range(10):
        lake.deliver([event(1, day=-day)])
    rounds = []
    for _ in range(12):
        lake.plan()
        rounds.append(len(lake.work()))
        lake.wait(minutes=5)

    assert max(rounds) == 3
    assert sum(rounds[:4]) >= 9
    assert all(lake.manifest(partition).compacted for partition in lake.partitions)


def test_a_message_that_the_queue_refused_is_sent_by_the_next_run(lake: PlannedLake) -> None:
    for number in range(5):
        lake.deliver([event(number)])
    lake.refused = {FIRST}
    assert lake.plan().sent == 0
    lake.refused = set()

    assert lake.plan().sent == 1


def test_a_queue_that_does_not_answer_loses_no_message(lake: PlannedLake, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        lake.deliver([event(number)])

    def broken(partitions: Sequence[Partition]) -> Iterator[Partition]:
        raise StorageUnavailable("the queue did not take messages")

    with pytest.raises(StorageUnavailable):
        plan(lake.bucket, broken, lake.now, FRESH)

    lake.plan()
    assert lake.sent() == [FIRST]


def test_the_state_stays_small_however_many_parts_wait(lake: PlannedLake) -> None:
    for number in range(400):
        lake.deliver([event(number)])
    lake.wait(minutes=40)
    plan(lake.bucket, lake.send, lake.now, Thresholds(1_000, timedelta(days=1)))

    assert len(lake.bucket.objects[PLAN][0]) < 300


def test_a_delivery_of_very_many_parts_is_followed_and_a_damaged_commit_stops_no_other(lake: PlannedLake) -> None:
    damaged = "state/commits/2026-03-10T12-05/" + "a" * 32 + ".1-1.+.json"
    lake.bucket.put(damaged, b"{")
    for number in range(3):
        lake.deliver([event(number + day * 10, day=-day) for day in range(40)])
    commits = [key for key in lake.bucket.objects if key.startswith("state/commits/")]
    assert all(key.endswith(".+.json") for key in commits)
    lake.plan()

    assert len(lake.sent()) == 40


def test_each_part_is_counted_once_however_often_the_feed_is_read(lake: PlannedLake) -> None:
    high = Thresholds(parts=5, age=timedelta(days=1))
    for number in range(4):
        lake.deliver([event(number)])
        lake.wait(minutes=3)
    for _ in range(20):
        plan(lake.bucket, lake.send, lake.now, high)
        lake.wait(minutes=5)
    assert lake.sent() == []

    lake.deliver([event(9)])
    plan(lake.bucket, lake.send, lake.now, high)
    assert lake.sent() == [FIRST]


@pytest.mark.parametrize("operation", ["open", "list", "create", "replace", "send"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_run_that_is_killed_loses_no_message(lake: PlannedLake, operation: str, at: int) -> None:
    for number in range(3):
        lake.deliver([event(number), event(number, REGIONS[1])])
    calls = 0

    def kill(called: str, key: str) -> None:
        nonlocal calls
        calls += called == operation
        if called == operation and calls == at:
            raise Killed

    def send(chosen: Sequence[Partition]) -> Iterator[Partition]:
        for partition in lake.send(chosen):
            kill("send", "")
            yield partition

    lake.bucket.before_call = kill  # type: ignore[method-assign, assignment]
    with suppress(Killed):
        plan(lake.bucket, send, lake.now, FRESH)
    lake.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
    lake.wait(minutes=5)
    lake.plan()

    assert set(lake.sent()) == {FIRST, SECOND}


def test_two_planners_at_once_at_worst_send_twice(lake: PlannedLake) -> None:
    for number in range(3):
        lake.deliver([event(number)])
    once = False

    def another(operation: str, key: str) -> None:
        nonlocal once
        if operation == "replace" and not once:
            once = True
            lake.plan()

    lake.bucket.before_call = another  # type: ignore[method-assign]
    lake.plan()

    assert set(lake.sent()) == {FIRST}
    lake.wait(minutes=5)
    lake.plan()
    assert lake.sent() == []
