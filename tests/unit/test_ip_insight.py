"""IpInsight: what is unusual, what is not, and that the same history always gives the same answer."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from hashlib import blake2b
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from tests.unit.strategies import DAY, MIDNIGHT, make_event, store
from trailkeep.events.event import Event
from trailkeep.events.timestamps import from_micros
from trailkeep.insights.history import Call, History, read_history
from trailkeep.insights.insight import MINUTE, Insight
from trailkeep.insights.ip import detect
from trailkeep.insights.networks import canonical, network_of
from trailkeep.lake.parts import Lake, Reading

HOUR = 60 * MINUTE
OFFICE, STRANGER = "192.0.2.1", "203.0.113.9"
NOW = MIDNIGHT + 12 * HOUR


def call(time: int, address: str = STRANGER, account: str = "1", number: int = 0, **fields: Any) -> Call:
    """A call; ``number`` tells it from others that are the same in everything."""
    values: dict[str, Any] = {
        "region": "cn-hangzhou",
        "principal_id": "28",
        "user_agent": "sdk",
        "service_name": "Ecs",
        "event_name": "RunInstances",
        "error_code": None,
        "event_id": f"{account}/{address}/{time}",
        **fields,
    }
    uid = blake2b(repr((time, address, account, number, values)).encode(), digest_size=16).digest()
    return Call(time=time, uid=uid, account_id=account, address=address, **values)


def usual(account: str = "1", days: int = 7, address: str = OFFICE) -> list[Call]:
    """An account that is used every hour from its office, since a week."""
    return [call(time, address, account) for time in range(NOW - days * DAY, NOW, HOUR)]


def burst(start: int, count: int = 10, step: int = MINUTE, address: str = STRANGER, **fields: Any) -> list[Call]:
    return [call(start + number * step, address, number=number, **fields) for number in range(count)]


def found(*groups: list[Call], now: int = NOW) -> list[Insight]:
    calls = sorted(
        (each for group in groups for each in group if each.time < now), key=lambda each: (each.time, each.uid)
    )
    return list(detect(History(calls, now)))


def objects(*groups: list[Call], now: int = NOW) -> list[str]:
    return [insight.insight_object for insight in found(*groups, now=now)]


# What is unusual


def test_a_burst_from_a_new_network() -> None:
    (insight,) = found(usual(), burst(MIDNIGHT, 12, address=STRANGER, error_code="Forbidden"))

    assert (insight.insight_type, insight.insight_object, insight.account_id) == ("IpInsight", STRANGER, "1")
    assert insight.region == "cn-hangzhou"
    assert insight.first_seen == MIDNIGHT
    assert (insight.start.time, insight.start.calls, insight.start.minutes) == (MIDNIGHT, 10, 10)
    assert insight.end is not None
    assert (insight.end.time, insight.end.calls, insight.end.minutes) == (MIDNIGHT + 12 * MINUTE, 12, 12)
    assert insight.baseline_minutes == (MIDNIGHT - (NOW - 7 * DAY)) // MINUTE
    assert insight.start.events == [f"1/{STRANGER}/{MIDNIGHT + n * MINUTE}" for n in range(10)]
    errors = insight.start.attributions[3]
    assert (errors.attribution, errors.insight, errors.baseline) == ("errorCode", [("Forbidden", 1.0)], [])


@pytest.mark.parametrize(("count", "unusual"), [(9, False), (10, True), (11, True)])
def test_a_few_calls_are_nothing(count: int, unusual: bool) -> None:
    assert objects(usual(), burst(MIDNIGHT, count)) == [STRANGER] * unusual


@pytest.mark.parametrize(("gap", "unusual"), [(HOUR, True), (HOUR + 1, False)])
def test_an_hour_of_silence_ends_an_episode(gap: int, unusual: bool) -> None:
    first = burst(MIDNIGHT, 5)

    assert objects(usual(), first, burst(first[-1].time + gap, 5)) == [STRANGER] * unusual


def test_of_several_episodes_the_first_with_enough_calls_counts() -> None:
    (insight,) = found(usual(), burst(MIDNIGHT, 3), burst(MIDNIGHT + 3 * HOUR, 11), burst(MIDNIGHT + 6 * HOUR, 50))

    assert insight.first_seen == MIDNIGHT + 3 * HOUR
    assert insight.end is not None
    assert insight.end.calls == 11


@pytest.mark.parametrize(("later", "over"), [(HOUR, False), (HOUR + 1, True)])
def test_it_is_over_after_an_hour_of_silence(later: int, over: bool) -> None:
    calls = burst(MIDNIGHT, 10)
    (insight,) = found(usual(), calls, now=calls[-1].time + later)

    assert (insight.end is not None) is over


def test_each_address_of_a_new_network_is_told_of() -> None:
    others = [burst(MIDNIGHT, address=f"203.0.113.{n}") for n in (9, 200)]

    assert objects(usual(), *others, burst(MIDNIGHT, address="198.51.100.1")) == [
        "198.51.100.1",
        "203.0.113.200",
        "203.0.113.9",
    ]


def test_spellings_of_ipv6_are_one_address() -> None:
    spellings = ["2001:db8::1", "2001:0DB8:0:0::1", "2001:db8:0:0:0:0:0:1"]
    calls = [call(MIDNIGHT + n * MINUTE, spellings[n % 3]) for n in range(12)]

    assert objects(usual(), calls) == ["2001:db8::1"]


# What is not


def test_a_known_network_is_usual_whichever_of_its_addresses_calls() -> None:
    assert objects(usual(), burst(MIDNIGHT, address="192.0.2.250")) == []


def test_it_is_known_after_its_first_day_of_history_too() -> None:
    """Unusual once: the call that made it known lies more than two days back."""
    assert objects(usual(), burst(MIDNIGHT - 3 * DAY, 1), burst(MIDNIGHT)) == []


@pytest.mark.parametrize(("learning", "unusual"), [(DAY, True), (DAY - 1, False), (0, False)])
def test_an_account_is_learnt_for_a_day(learning: int, unusual: bool) -> None:
    assert objects([call(MIDNIGHT - learning, OFFICE)], burst(MIDNIGHT)) == [STRANGER] * unusual


def test_each_account_is_learnt_by_itself() -> None:
    fresh = burst(MIDNIGHT, account="2")

    assert objects(usual("1"), fresh) == []
    assert [(i.account_id, i.insight_object) for i in found(usual("1"), usual("2"), fresh)] == [("2", STRANGER)]


def test_a_network_that_is_known_to_one_account_is_new_to_another() -> None:
    insights = found(usual("1", address=STRANGER), usual("2"), burst(MIDNIGHT, account="2"))

    assert [insight.account_id for insight in insights] == ["2"]


@pytest.mark.parametrize("history", [[], [call(MIDNIGHT)], burst(MIDNIGHT, 50), usual()])
def test_a_cold_start_finds_nothing(history: list[Call]) -> None:
    assert found(history) == []


@pytest.mark.parametrize(("age", "unusual"), [(2 * DAY, True), (2 * DAY + 1, False)])
def test_runs_that_failed_are_made_up_for_for_two_days(age: int, unusual: bool) -> None:
    assert objects(usual(), burst(NOW - age)) == [STRANGER] * unusual


# Addresses that are none


@pytest.mark.parametrize(
    "address", ["999.1.1.1", "203.0.113.9:443", "fe80::1%eth0", "203.0.113.009", "::ffff:203.0.113.9"]
)
def test_an_invalid_address_is_one_of_its_own(address: str) -> None:
    assert objects(usual(), burst(MIDNIGHT, address=address)) == [canonical(address)]


def test_invalid_addresses_make_no_network() -> None:
    assert objects(usual(), usual(address="999.1.1.1"), burst(MIDNIGHT, address="999.1.1.2")) == ["999.1.1.2"]


def test_ipv4_in_the_clothes_of_ipv6_is_ipv4() -> None:
    assert objects(usual(), burst(MIDNIGHT, address=f"::ffff:{OFFICE}")) == []
    assert objects(usual(), usual(address="::ffff:198.51.100.1"), burst(MIDNIGHT, address=f"::ffff:{STRANGER}")) == [
        STRANGER
    ]


# Determinism


ADDRESSES = [
    OFFICE,
    "192.0.2.77",
    STRANGER,
    "203.0.113.200",
    "198.51.100.1",
    "2001:db8::1",
    "2001:0db8::1",
    "999.1.1.1",
]


@st.composite
def bursts(draw: st.DrawFn) -> list[Call]:
    start = MIDNIGHT - draw(st.integers(0, 3 * 24 * 60)) * MINUTE
    return burst(
        start,
        draw(st.integers(1, 14)),
        draw(st.sampled_from([0, 1, MINUTE, HOUR, HOUR + 1])),
        draw(st.sampled_from(ADDRESSES)),
        account=draw(st.sampled_from(["1", "2"])),
        error_code=draw(st.sampled_from([None, "Forbidden"])),
        user_agent=draw(st.sampled_from([None, "sdk", "curl"])),
    )


histories = st.lists(bursts(), max_size=8)


def unique(calls: list[Call]) -> list[Call]:
    return sorted({each.uid: each for each in calls}.values(), key=lambda each: (each.time, each.uid))


def plain(calls: list[Call], now: int) -> set[tuple[str, str, int, int]]:
    """What is unusual, in as few words as there are: account, address, first call, calls of the episode."""
    answer = set()
    for account in {each.account_id for each in calls}:
        mine = [each for each in calls if each.account_id == account]
        for address in {canonical(each.address) for each in mine}:
            times = sorted(each.time for each in mine if canonical(each.address) == address)
            first = min(each.time for each in mine if network_of(each.address) == network_of(address))
            if first < mine[0].time + DAY or first < now - 2 * DAY:
                continue
            gaps = [0, *(b - a > HOUR for a, b in pairwise(times))]
            numbers = [sum(gaps[: n + 1]) for n in range(len(times))]
            sizes = Counter(numbers)
            for number in sorted(sizes):
                if sizes[number] >= 10:
                    answer.add((account, address, times[numbers.index(number)], sizes[number]))
                    break
    return answer


@given(histories)
def test_any_history(groups: list[list[Call]]) -> None:
    calls = unique([each for group in [usual(days=9), *groups] for each in group if each.time < NOW])

    insights = list(detect(History(calls, NOW)))

    assert {(i.account_id, i.insight_object, i.first_seen) for i in insights} == {
        each[:3] for each in plain(calls, NOW)
    }
    assert len({i.events()[0][1]["eventId"] for i in insights}) == len(insights)
    for insight in insights:
        assert insight.start.calls == 10
        assert insight.end is None or (
            insight.account_id,
            insight.insight_object,
            insight.first_seen,
            insight.end.calls,
        ) in plain(calls, NOW)
        assert insight.end is None or insight.end.time > insight.start.time
        assert len(insight.start.events) == 10


@given(histories, st.lists(st.integers(0, 12 * 60), min_size=1, max_size=3))
def test_what_is_told_once_is_told_the_same_by_every_later_run(groups: list[list[Call]], minutes: list[int]) -> None:
    """Runs see more and more of the same history: a start never changes, and neither does an end."""
    calls = unique([each for group in [usual(days=9), *groups] for each in group])
    told: dict[str, object] = {}

    for now in sorted(MIDNIGHT + minute * MINUTE for minute in minutes):
        for insight in detect(History([each for each in calls if each.time < now], now)):
            for _, event in insight.events():
                assert told.setdefault(event["eventId"], event) == event


def as_event(each: Call) -> Event:
    return make_event(
        event_time=each.time,
        uid=each.uid,
        region=each.region,
        account_id=each.account_id,
        source_ip_address=each.address,
        principal_id=each.principal_id,
        user_agent=each.user_agent,
        service_name=each.service_name,
        event_name=each.event_name,
        error_code=each.error_code,
        event_id=each.event_id,
    )


def history_of(parts: list[list[Event]]) -> History:
    bucket = MemoryBucket(now=from_micros(NOW) - timedelta(seconds=1))
    for number, part in enumerate(parts):
        store(bucket, part, f"part-{number}")
    reading = Reading()
    history = read_history(Lake(bucket), from_micros(NOW), reading)
    assert not reading.failures
    return history


@settings(max_examples=15)
@given(histories, st.randoms(use_true_random=False), st.integers(1, 4))
def test_the_order_and_the_parts_that_calls_come_in_change_nothing(
    groups: list[list[Call]], dice: random.Random, size: int
) -> None:
    calls = [call(MIDNIGHT - 4 * DAY, OFFICE), *(each for group in groups for each in group)]
    events = [as_event(each) for each in calls]
    shuffled = dice.sample(events, len(events)) + dice.sample(events, len(events) // 2)

    one = history_of([events])
    many = history_of([shuffled[n::size] for n in range(size) if shuffled[n::size]])

    assert many == one
    assert [i.events() for i in detect(many)] == [i.events() for i in detect(one)]


def test_the_history_holds_each_call_once_in_order_and_only_from_addresses() -> None:
    kept = [make_event(n, event_time=NOW - n * HOUR, region=["a", "b"][n % 2]) for n in range(1, 40)]
    dropped = [
        make_event(100, event_time=NOW - HOUR, caller_class="service", source_ip_address="ecs.aliyuncs.com"),
        make_event(101, event_time=NOW - HOUR, caller_class="internal", source_ip_address="Internal"),
        make_event(102, event_time=NOW - HOUR, caller_class=None, source_ip_address=None),
        make_event(103, event_time=NOW - HOUR, account_id=None),
        make_event(104, event_time=NOW),
        make_event(105, event_time=NOW - 28 * DAY - 1),
    ]

    history = history_of([kept, dropped, kept[:7]])

    expected = sorted(kept, key=lambda event: (event.event_time, event.uid))
    assert [each.uid for each in history.calls] == [event.uid for event in expected]
    assert [each.region for each in history.calls] == [event.region for event in expected]
    assert history.now == NOW


def test_accounts_and_addresses_come_in_order() -> None:
    insights = found(
        usual("1"),
        usual("2"),
        *(burst(MIDNIGHT, address=a, account=b) for b in "21" for a in ("203.0.113.9", "198.51.100.1")),
    )

    assert [list(group) for _, group in groupby((i.account_id, i.insight_object) for i in insights)] == [
        [("1", "198.51.100.1")],
        [("1", "203.0.113.9")],
        [("2", "198.51.100.1")],
        [("2", "203.0.113.9")],
    ]
