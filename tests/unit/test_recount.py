"""Recounting: the tallies are what all events come to, whatever happened on the way."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from itertools import count

import pytest

from tests.unit.compaction_lake import Killed, small_sizes
from tests.unit.insight_lake import InsightLake
from tests.unit.strategies import MIDNIGHT, REGIONS, make_event
from trailkeep.errors import InvalidBody, StorageUnavailable
from trailkeep.events.event import Event
from trailkeep.insights.counting import hours
from trailkeep.insights.counting.keys import TALLIES, account_key, counted_key, tally_key
from trailkeep.insights.counting.orders import (
    MOST_DATES,
    MOST_SPANS,
    CountOrder,
    order_counts,
    order_evaluations,
    ordered_count,
)
from trailkeep.insights.counting.spans import HOUR, Span, touched, whole_date
from trailkeep.insights.counting.tallies import Tally, list_tallies, read_facts
from trailkeep.lake.partitions import EVENTS, Partition

DATE, REGION = "2026-03-09", REGIONS[0]
DAY_OF_REGION = Partition(EVENTS, REGION, DATE)


@pytest.fixture
def lake() -> InsightLake:
    """A lake whose planner has run before."""
    lake = InsightLake()
    lake.plan()
    return lake


def event(number: int, hour: float = 0, account: str = "1", region: str = REGION) -> Event:
    return make_event(number, event_time=MIDNIGHT + int(hour * HOUR) + number, account_id=account, region=region)


def some_events(dice: random.Random, number: int) -> list[Event]:
    return [
        event(each, dice.random() * 30, dice.choice("123"), dice.choice(REGIONS[:2]))
        for each in dice.sample(range(200), number)
    ]


def message(*spans: tuple[int, int], date: str = DATE, region: str = REGION) -> str:
    """An order of hours of the day."""
    start = whole_date(date).start
    chosen = [Span(date, start + first, start + last + 1) for first, last in spans]
    bodies: list[str] = []
    order_counts(lambda sent: [bodies.append(body) is None for body in sent], [CountOrder(region, chosen)])
    return bodies[0]


def test_what_was_delivered_is_counted(lake: InsightLake) -> None:
    lake.deliver([event(1), event(2, 5, "2"), event(3, 25)])
    lake.deliver([event(4, 5, "2", REGIONS[1])])

    lake.work()

    lake.demand_true()
    assert lake.evaluated() == {"1": {DATE, "2026-03-10"}, "2": {DATE}}


@pytest.mark.parametrize("seed", range(6))
def test_any_course_of_deliveries_and_compactions_ends_in_the_same_tallies(seed: int) -> None:
    lake, dice = InsightLake(), random.Random(seed)
    with small_sizes():
        for _ in range(25):
            turn = dice.random()
            if turn < 0.5:
                lake.deliver(some_events(dice, dice.randrange(1, 12)))
            elif turn < 0.8:
                lake.work()
            else:
                lake.compact()
            lake.wait(minutes=dice.randrange(30))
        lake.work()
    lake.demand_true()

    # All at once, into an empty lake.
    again = InsightLake()
    again.bucket.objects = {key: stored for key, stored in lake.bucket.objects.items() if key.startswith("events/")}
    again.bucket.now = lake.now
    again.work()
    assert again.tallies().keys() == lake.tallies().keys()
    assert {key for key, body in again.tallies().items() if body != lake.tallies()[key]} == set()


def test_only_the_touched_hours_are_read(lake: InsightLake) -> None:
    for hour in range(20):
        lake.deliver([event(hour, hour)])
        lake.work()
    new = lake.deliver([event(90, 7.5)])
    lake.watch()
    read: list[str] = []
    lake.bucket.before_call = lambda operation, key: read.append(key) if key.startswith("events/") else None  # type: ignore[method-assign]

    lake.work()

    lake.demand_true()
    parts = {key for key in read if key.endswith(".parquet")}
    assert set(new) < parts
    assert len(parts) == 2


def test_a_date_is_counted_whole_at_first(lake: InsightLake) -> None:
    lake.deliver([event(1, 3), event(2, 9)])
    lake.deliver([event(3, 15)])

    lake.count(message((3, 3)))

    lake.demand_true()


@pytest.mark.parametrize("damage", ["gone", "garbage", "another account"])
def test_a_tally_that_cannot_be_built_on_is_counted_whole(lake: InsightLake, damage: str) -> None:
    lake.deliver([event(1, 3), event(2, 9), event(3, 9, "2")])
    lake.work()
    key = tally_key("1", DATE, REGION)
    if damage == "gone":
        del lake.bucket.objects[key]
    else:
        other = lake.bucket.objects[tally_key("2", DATE, REGION)][0]
        lake.bucket.put(key, b"PAR1" if damage == "garbage" else other)

    lake.count(message((9, 9)))

    lake.demand_true()


@pytest.mark.parametrize("damage", [None, b"", b"[]", b'{"accounts": 7}'])
def test_a_date_of_which_it_is_not_known_that_it_was_counted_is_counted_whole(
    lake: InsightLake, damage: bytes | None
) -> None:
    lake.deliver([event(1, 3), event(2, 9)])
    lake.work()
    key = counted_key(DATE, REGION)
    if damage is None:
        del lake.bucket.objects[key]
    else:
        lake.bucket.put(key, damage)
    del lake.bucket.objects[tally_key("1", DATE, REGION)]

    lake.count(message((9, 9)))

    lake.demand_true()


def test_hours_without_events_any_more_are_emptied(lake: InsightLake) -> None:
    lake.deliver([event(1, 3), event(2, 9)])
    (gone,) = lake.deliver([event(3, 5), event(4, 5, "2")])
    lake.work()
    del lake.bucket.objects[gone]

    lake.count(message((5, 9)))
    assert lake.tally("1", DATE, REGION).num_rows == 2

    lake.count(message((0, 23)))
    assert lake.tally("2", DATE, REGION).num_rows == 0


@pytest.mark.parametrize("body", [b"", b"PAR1 and nothing else"])
def test_where_an_object_cannot_be_read_nothing_is_written(lake: InsightLake, body: bytes) -> None:
    lake.deliver([event(1, 3)])
    lake.work()
    before = {key: stored for key, stored in lake.bucket.objects.items() if key.startswith("state/insights/")}
    (key,) = lake.deliver([event(2, 3)])
    lake.bucket.put(key, body)

    with pytest.raises(StorageUnavailable):
        lake.count(message((3, 3)))

    after = {key: stored for key, stored in lake.bucket.objects.items() if key.startswith("state/insights/")}
    assert after == before


def test_a_count_that_changes_nothing_writes_nothing_and_still_tells_of_the_accounts(lake: InsightLake) -> None:
    lake.deliver([event(1, 3), event(2, 3, "2")])
    bodies = lake.work()
    lake.evaluated()
    lake.watch()

    for body in bodies:
        assert lake.count(body).tallies == 0

    assert not lake.requests["create"] + lake.requests["replace"]
    assert lake.evaluated() == {"1": {DATE}, "2": {DATE}}


@pytest.mark.parametrize("group_bytes", [1, 40_000])
def test_a_large_date_is_counted_hour_by_hour(
    lake: InsightLake, monkeypatch: pytest.MonkeyPatch, group_bytes: int
) -> None:
    monkeypatch.setattr(hours, "GROUP_BYTES", group_bytes)
    monkeypatch.setattr(hours, "BATCH_BYTES", 1)
    dice = random.Random(1)
    for _ in range(5):
        lake.deliver(some_events(dice, 40))

    lake.work()

    lake.demand_true()


def test_without_time_the_rest_is_for_another_run(lake: InsightLake) -> None:
    lake.deliver([event(1), event(2, 24), event(3, 48)])
    lake.plan()
    (body,) = lake.counting

    done = lake.count(body, has_time=lambda: False)

    assert [span.date for span in done.rest] == ["2026-03-10", "2026-03-11"]
    assert done.accounts == {"1": [DATE]}


@pytest.mark.parametrize("operation", ["open", "list", "get", "create", "replace"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_worker_beside_another_undoes_nothing(operation: str, is_first: bool) -> None:
    for at in count(1):
        lake = InsightLake()
        lake.plan()
        lake.deliver([event(1, 3), event(2, 9, "2")])
        if not is_first:
            lake.work()
        lake.deliver([event(3, 3), event(4, 3, "3")])
        calls = 0

        def beside(called: str, key: str, lake: InsightLake = lake, at: int = at) -> None:
            nonlocal calls
            calls += called == operation
            if called == operation and calls == at:
                lake.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
                lake.deliver([event(5, 3), event(6, 9), event(7, 3, "4")])
                lake.count(message((3, 3)))
                lake.count(message((9, 9)))

        lake.bucket.before_call = beside  # type: ignore[method-assign]
        lake.count(message((3, 3)))
        if calls < at:
            break
        lake.demand_true()
    assert at > (1 if operation != "replace" else 0)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_worker_that_is_killed_anywhere_leaves_what_the_next_one_makes_true(is_first: bool) -> None:
    for at in count(1):
        lake = InsightLake()
        lake.plan()
        lake.deliver([event(1, 3), event(2, 9, "2")])
        if not is_first:
            lake.work()
        lake.deliver([event(3, 3), event(4, 3, "3")])
        lake.evaluated()
        calls = 0

        def kill(called: str, key: str, at: int = at) -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                raise Killed

        lake.bucket.before_call = kill  # type: ignore[method-assign]
        with suppress(Killed):
            lake.count(message((3, 3)))
        lake.bucket.before_call = lambda operation, key: None  # type: ignore[method-assign]
        if calls < at:
            break
        lake.count(message((3, 3)))
        lake.demand_true()
        assert lake.evaluated().keys() >= {"1", "3"}
    assert at > 8


def test_a_write_whose_answer_was_lost_is_no_conflict(lake: InsightLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.deliver([event(1, 3)])
    lake.work()
    lake.deliver([event(2, 3)])
    replace = lake.bucket.replace
    monkeypatch.setattr(lake.bucket, "replace", lambda *about: replace(*about) and not about[0].startswith(TALLIES))

    lake.count(message((3, 3)))

    lake.demand_true()


def test_others_that_write_all_the_time_are_told_of(lake: InsightLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.deliver([event(1, 3)])
    monkeypatch.setattr(lake.bucket, "create", lambda *about: False)

    with pytest.raises(StorageUnavailable, match="all the time"):
        lake.count(message((3, 3)))


@pytest.mark.parametrize("account", ["a/b", "../x", "日志", "a" * 65, "~", " 1"])
def test_accounts_of_any_name_have_tallies_of_their_own(lake: InsightLake, account: str) -> None:
    lake.deliver([event(1, 3, account), event(2, 3, "1")])
    lake.work()

    lake.demand_true()
    assert all(len(key.split("/")) == 6 for key in lake.tallies())
    assert account_key(account).startswith("~")
    (tally,) = list_tallies(lake.bucket, account, DATE, DATE)
    assert [fact.event_id for fact in read_facts(lake.bucket, [tally])] == ["id-1"]


def test_tallies_are_listed_by_date_and_read_in_order_of_time(lake: InsightLake) -> None:
    lake.deliver([event(1, 30), event(2, 5, region=REGIONS[1]), event(3, 6), event(4, -5), event(5, 4)])
    lake.work()
    lake.bucket.put(f"{TALLIES}1/{DATE}/no region.parquet", b"")
    lake.bucket.put(f"{TALLIES}1/{DATE}", b"")

    listed = list_tallies(lake.bucket, "1", DATE, "2026-03-10")

    assert [(each.date, each.region) for each in listed] == [
        (DATE, REGION), (DATE, REGIONS[1]), ("2026-03-10", REGION),
    ]  # fmt: skip
    facts = read_facts(lake.bucket, reversed(listed))
    assert [(fact.event_id, fact.region) for fact in facts] == [
        ("id-5", REGION), ("id-2", REGIONS[1]), ("id-3", REGION), ("id-1", REGION),
    ]  # fmt: skip
    assert read_facts(lake.bucket, [*listed, Tally("1", DATE, "gone", "etag")]) == facts


def test_what_a_run_costs_does_not_follow_the_history() -> None:
    requests = []
    for days in (3, 30):
        lake = InsightLake()
        lake.plan()
        for day in range(days):
            lake.deliver([event(day * 10 + number, 5 - day * 24 + number) for number in range(3)])
        lake.work()
        lake.wait(minutes=30)
        lake.work()
        lake.deliver([event(999, 5)])
        lake.watch()
        lake.work()
        requests.append(dict(lake.requests))
        lake.demand_true()

    assert requests[0] == requests[1]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"region": "eu", "dates": []}',
        '{"region": "e/u", "dates": [{"date": "2026-03-09", "first": 1773014400000000, "last": 1773014400000000}]}',
        '{"region": "eu", "dates": [{"date": "2026-03-09", "first": 0, "last": 1}]}',
        '{"region": "eu", "dates": [{"date": "2026-3-9", "first": 1773014400000000, "last": 1773014400000000}]}',
        '{"region": "eu", "dates": [{"date": "2026-03-09", "first": 1773014400000001, "last": 1773014400000000}]}',
        '{"region": 7, "dates": [{"date": "2026-03-09", "first": 1773014400000000, "last": 1773014400000000}]}',
    ],
)
def test_a_message_that_the_planner_cannot_have_sent_is_refused(body: str) -> None:
    with pytest.raises(InvalidBody):
        ordered_count(body)


def test_messages_stay_small() -> None:
    bodies: list[str] = []

    def send(sent: list[str]) -> list[bool]:  # type: ignore[misc]
        bodies.extend(sent)
        return [True] * len(sent)

    spans = [touched(whole_date(DATE).date, MIDNIGHT + hour * HOUR, MIDNIGHT + hour * HOUR) for hour in range(0, 24, 2)]
    many = [Span(f"2026-02-{day:02d}", span.start - 24, span.end - 24) for day in range(1, 29) for span in spans]
    order_counts(send, [CountOrder(REGION, many)])  # type: ignore[arg-type]
    dates = [str(number) for number in range(150)]
    order_evaluations(send, {"1": dates, "2": ()})  # type: ignore[arg-type]

    parsed = [json.loads(body) for body in bodies]
    counts, accounts = [each for each in parsed if "region" in each], [each for each in parsed if "account" in each]
    assert sum(len(each["dates"]) for each in counts) == len(many)
    assert max(len(each["dates"]) for each in counts) == MOST_SPANS
    assert [len(each.get("dates", ())) for each in accounts] == [MOST_DATES, MOST_DATES, 30, 0]
    assert max(map(len, bodies)) < 20_000
