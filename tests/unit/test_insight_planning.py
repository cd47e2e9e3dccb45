"""The planner of Insights: what is delivered is ordered to be counted, once, and what is ordered follows the news."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.unit.compaction_lake import Killed
from tests.unit.insight_lake import InsightLake
from tests.unit.strategies import MIDNIGHT, REGIONS, make_event
from trailkeep.errors import StorageUnavailable
from trailkeep.events.event import Event
from trailkeep.insights.counting import cursor
from trailkeep.insights.counting.cursor import read_cursor
from trailkeep.insights.counting.keys import CURSOR
from trailkeep.insights.counting.planning import RECOUNTED_DAYS
from trailkeep.insights.counting.spans import HOUR
from trailkeep.insights.scene import HISTORY_DAYS
from trailkeep.insights.telling.evaluation import LOOKED_BACK
from trailkeep.lake.feed import OVERLAP


@pytest.fixture
def lake() -> InsightLake:
    """A lake whose planner has run before, with nothing to do."""
    lake = InsightLake()
    assert lake.plan().full
    lake.wait(minutes=5)
    return lake


def event(number: int, hour: float = 0, account: str = "1", region: str = REGIONS[0]) -> Event:
    return make_event(number, event_time=MIDNIGHT + int(hour * HOUR) + number, account_id=account, region=region)


def ordered(lake: InsightLake) -> dict[str, list[tuple[str, str]]]:
    """By region the first and last times of what is to be counted, taken out of the queue."""

    def written(micros: int) -> str:
        return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%m-%dT%H:%M")

    found: dict[str, list[tuple[str, str]]] = {}
    for message in map(json.loads, lake.counting):
        spans = [(written(each["first"]), written(each["last"])) for each in message["dates"]]
        found.setdefault(message["region"], []).extend(spans)
    lake.counting.clear()
    return found


def test_a_message_of_each_region_names_the_hours_that_have_new_events(lake: InsightLake) -> None:
    lake.deliver([event(1, 3.5), event(2, 5), event(3, 24)])
    lake.deliver([event(4, 6), event(5, 9, region=REGIONS[1])])

    planned = lake.plan()

    assert (planned.deliveries, planned.counts, planned.full) == (2, 2, False)
    assert ordered(lake) == {
        REGIONS[0]: [("03-09T03:00", "03-09T06:59"), ("03-10T00:00", "03-10T00:59")],
        REGIONS[1]: [("03-09T09:00", "03-09T09:59")],
    }


def test_a_delivery_is_ordered_once(lake: InsightLake) -> None:
    lake.deliver([event(1)])
    assert lake.plan().deliveries == 1
    lake.counting.clear()
    for minutes in range(0, 90, 5):
        lake.wait(minutes=5)
        lake.deliver([event(minutes + 2, region=REGIONS[1])])
        assert lake.plan().deliveries == 1

    assert ordered(lake).keys() == {REGIONS[1]}


def test_a_delivery_whose_commit_comes_late_is_ordered(lake: InsightLake) -> None:
    pinned = lake.now
    for _ in range(3):
        lake.wait(minutes=5)
        lake.plan()
    lake.wait(minutes=4)
    now, lake.bucket.now = lake.now, pinned
    lake.deliver([event(1)])  # in the minute in which its delivery began
    lake.bucket.now = now

    assert lake.plan().deliveries == 1
    assert ordered(lake).keys() == {REGIONS[0]}


def test_what_is_remembered_stays_small(lake: InsightLake) -> None:
    for number in range(300):
        lake.deliver([event(number)])
    lake.plan()
    assert len(lake.bucket.objects[CURSOR][0]) < 300 * 20

    lake.wait(minutes=30)
    lake.plan()

    assert len(lake.bucket.objects[CURSOR][0]) < 100


def test_the_first_run_counts_what_stands_of_the_last_weeks() -> None:
    lake = InsightLake()
    for days in (0, 1, RECOUNTED_DAYS - 2, RECOUNTED_DAYS - 1):
        lake.deliver([event(days, -24 * days), event(days + 1000, -24 * days, region=REGIONS[1])])
    lake.wait(days=1)

    assert lake.plan().full

    dates = [("03-09T00:00", "03-09T23:59"), ("03-08T00:00", "03-08T23:59"), ("01-04T00:00", "01-04T23:59")]
    assert {region: sorted(found) for region, found in ordered(lake).items()} == {
        REGIONS[0]: sorted(dates),
        REGIONS[1]: sorted(dates),
    }
    lake.wait(minutes=5)
    assert not lake.plan().full


def test_a_full_run_counts_all_that_late_events_are_compared_with() -> None:
    assert RECOUNTED_DAYS > LOOKED_BACK + HISTORY_DAYS + 1


def test_a_date_that_is_counted_whole_has_a_message_of_its_own(lake: InsightLake) -> None:
    for day in range(3):
        lake.deliver([event(day, 24 * day)])
    lake.plan()
    lake.counting.clear()
    lake.wait(minutes=5)

    assert lake.plan(full=True).counts == 3


@pytest.mark.parametrize(
    "damage", [None, b"", b"{}", b"[1", b'{"since": 7}', b'{"since": "2026-03-10T12:00:00"}', b"rules"]
)
def test_a_lost_cursor_is_begun_anew(lake: InsightLake, monkeypatch: pytest.MonkeyPatch, damage: bytes | None) -> None:
    lake.deliver([event(1)])
    if damage is None:
        del lake.bucket.objects[CURSOR]
    elif damage == b"rules":
        monkeypatch.setattr(cursor, "RULES", 2)
        lake.bucket.put(CURSOR, b'{"since": "2026-03-10T12:00:00Z", "rules": 1}')
    else:
        lake.bucket.put(CURSOR, damage)

    assert lake.plan().full
    assert ordered(lake) == {REGIONS[0]: [("03-09T00:00", "03-09T23:59")]}
    if damage != b"rules":
        lake.wait(minutes=5)
        assert not lake.plan().full
        assert ordered(lake) == {}


def test_the_cursor_stays_where_the_queue_did_not_take_all(lake: InsightLake) -> None:
    lake.deliver([event(1)])
    before = lake.bucket.objects[CURSOR]
    lake.refuses = True
    with pytest.raises(StorageUnavailable):
        lake.plan()
    assert lake.bucket.objects[CURSOR] == before

    lake.refuses = False

    assert lake.plan().deliveries == 1
    assert ordered(lake).keys() == {REGIONS[0]}


def test_accounts_that_were_active_today_or_yesterday_are_looked_at_each_time(lake: InsightLake) -> None:
    lake.deliver([event(1, 24), event(2, 1, "2"), event(3, -1, "3"), event(4, 25, "4", REGIONS[1])])
    lake.work()
    lake.evaluated()

    for hours in (0, 11):
        lake.wait(hours=hours)
        assert lake.plan().accounts == 3
        assert lake.evaluated() == {"1": set(), "2": set(), "4": set()}
    lake.wait(hours=1)
    assert lake.plan().accounts == 2


def test_a_damaged_commit_stops_no_other(lake: InsightLake) -> None:
    lake.bucket.put("state/commits/2026-03-10T12-05/" + "a" * 32 + ".1-1.+.json", b"{")
    of_two_dates = f"{REGIONS[0]}_{MIDNIGHT}_{MIDNIGHT + 30 * HOUR}"
    lake.bucket.put("state/commits/2026-03-10T12-05/" + "b" * 32 + f".1-1.{of_two_dates}.json", b"{")
    lake.bucket.put("state/commits/2026-03-10T12-05/README", b"")
    lake.deliver([event(day * 30, -24 * day) for day in range(40)])
    assert any(key.endswith(".+.json") and "a" * 32 not in key for key in lake.bucket.objects)

    planned = lake.plan()

    assert (planned.deliveries, planned.unreadable) == (3, 2)
    assert sum(map(len, ordered(lake).values())) == 40


def test_a_planner_that_is_killed_anywhere_loses_no_message() -> None:
    for at in count(1):
        lake = InsightLake()
        lake.plan()
        lake.deliver([event(1, account="1"), event(2, region=REGIONS[1], account="2")])
        calls = 0

        def kill(*about: Any, at: int = at) -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                raise Killed

        lake.bucket.before_call = kill  # type: ignore[method-assign]
        with suppress(Killed):
            lake.plan()
        lake.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
        if calls < at:
            break
        lake.wait(minutes=5)
        lake.plan()
        assert ordered(lake).keys() == {REGIONS[0], REGIONS[1]}
    assert at > 3


def test_two_planners_at_once_at_worst_send_twice(lake: InsightLake) -> None:
    lake.deliver([event(1)])
    once = False

    def another(operation: str, key: str) -> None:
        nonlocal once
        if operation == "replace" and not once:
            once = True
            lake.plan()

    lake.bucket.before_call = another  # type: ignore[method-assign]
    lake.plan()

    assert len(lake.counting) == 2
    assert ordered(lake).keys() == {REGIONS[0]}
    lake.wait(minutes=5)
    lake.plan()
    assert ordered(lake) == {}


def test_a_planner_that_did_not_run_for_long_makes_up_for_it(lake: InsightLake) -> None:
    for day in range(10):
        lake.deliver([event(day, 24 * day)])
        lake.wait(days=1)

    assert lake.plan().deliveries == 10
    assert len(ordered(lake)[REGIONS[0]]) == 10
    found, _ = read_cursor(lake.bucket)
    assert found is not None
    assert timedelta() <= lake.now - OVERLAP - found.since < timedelta(minutes=1)


def test_what_a_run_costs_does_not_follow_the_history() -> None:
    requests = []
    for days in (3, 30):
        lake = InsightLake()
        for day in range(days):
            lake.deliver([event(day, 24 - 24 * day)])
        lake.work()
        lake.wait(minutes=40)
        lake.work()
        lake.deliver([event(99, 24)])
        lake.watch()
        lake.plan()
        requests.append(dict(lake.requests))

    assert requests[0] == requests[1]
    assert sum(requests[0].values()) <= 6
