"""What was told is told once and keeps its ID: a later look adds, ends and withdraws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit import insight_scenes as scenes
from tests.unit.insight_findings import detect
from tests.unit.insight_scenes import DAY, call
from trailkeep.events.timestamps import utc_date
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.scene import History, Scene, Tuning
from trailkeep.insights.telling.revision import CLOSING_MINUTES, revise
from trailkeep.insights.telling.told_state import ToldDate, ToldEvent, ToldInsight

DATE = utc_date(DAY)
NOTHING = ToldDate("1000000000000001", DATE)
AT = 600


def calls(*minutes: int, address: str = scenes.ELSEWHERE) -> list[Fact]:
    return [call(minute, identity="user/mallory", address=address) for minute in minutes]


def episode(start: int, count: int = 10, address: str = scenes.ELSEWHERE) -> list[Fact]:
    return calls(*range(start, start + count), address=address)


def look(
    told: ToldDate,
    facts: Iterable[Fact],
    now: int,
    *,
    closed: int | None = None,
    tunings: dict[str, Tuning] | None = None,
) -> ToldDate:
    """A look at the day, so many minutes after its midnight, at the calls that have arrived by then."""
    midnight = DAY * MINUTES_A_DAY
    known = sorted(fact for fact in facts if fact.minute < midnight + now)
    closed = now - CLOSING_MINUTES if closed is None else closed
    scene = Scene(told.account_id, DAY, known, History({}), midnight + now, midnight + closed, tunings or {})
    return revise(told, [each for each in detect(scene) if each.start in scene.minutes], scene, "f")


def states(told: ToldDate) -> list[tuple[str, int, list[str]]]:
    return [(each.insight_object, each.number, [event.state for event in each.events]) for each in told.insights]


def ids(told: ToldDate) -> list[str]:
    return [event.event_id for each in told.insights for event in each.events]


def one(*events: str, number: int = 1) -> tuple[str, int, list[str]]:
    return (scenes.ELSEWHERE, number, list(events))


def test_a_start_is_told_at_once_and_an_end_when_it_is_over() -> None:
    facts = episode(AT)

    began = look(NOTHING, facts, AT + 6)
    later = look(began, facts, AT + 40)
    over = look(later, facts, AT + 80)

    assert states(began) == [one("Start")]
    assert not began.settled
    assert states(later) == [one("Start")]
    assert states(over) == [one("Start", "End")]
    assert over.settled
    assert ids(over)[:1] == ids(began)
    assert look(over, facts, AT + 500) == over


def test_what_is_over_already_is_told_whole() -> None:
    assert states(look(NOTHING, episode(AT), AT + 200)) == [one("Start", "End")]


def test_nothing_unusual_is_nothing_to_tell_and_settled() -> None:
    told = look(NOTHING, episode(AT, 4), AT + 200)

    assert (told.insights, told.settled, told.fingerprint) == ((), True, "f")


def test_episodes_of_a_day_are_numbered_in_order_of_time() -> None:
    told = look(NOTHING, [*episode(AT + 300), *episode(AT)], AT + 600)

    assert states(told) == [one("Start", "End"), one("Start", "End", number=2)]
    assert told.insights[0].first < told.insights[1].first
    assert len(set(ids(told))) == 4


def test_the_same_minute_of_two_objects_is_two_insights() -> None:
    told = look(NOTHING, [*episode(AT), *episode(AT, address=scenes.HOME)], AT + 6)

    assert [each[:2] for each in states(told)] == [(scenes.HOME, 1), (scenes.ELSEWHERE, 1)]


def test_a_call_that_comes_late_moves_a_start_and_not_its_id() -> None:
    began = look(NOTHING, episode(AT), AT + 20)
    moved = look(began, [*calls(AT - 30, AT - 20), *episode(AT)], AT + 100)

    assert states(moved) == [one("Start", "End")]
    assert ids(moved)[0] == ids(began)[0]
    assert moved.insights[0].events[0] == began.insights[0].events[0]
    assert moved.insights[0].first < began.insights[0].first


def test_an_episode_that_comes_late_gets_the_next_number() -> None:
    later = look(NOTHING, episode(AT + 300), AT + 500)
    both = look(later, [*episode(AT), *episode(AT + 300)], AT + 600)

    assert states(both) == [one("Start", "End"), one("Start", "End", number=2)]
    assert ids(both)[:2] == ids(later)
    assert both.insights[1].first < both.insights[0].first


def test_a_call_that_joins_two_episodes_withdraws_none_of_them() -> None:
    two = look(NOTHING, [*episode(AT), *episode(AT + 100)], AT + 300)
    joined = look(two, [*episode(AT), *calls(AT + 55), *episode(AT + 100)], AT + 400)

    assert len(two.insights) == 2
    assert states(joined) == states(two)
    assert ids(joined) == ids(two)


def test_an_episode_that_falls_apart_stays_one() -> None:
    whole = look(NOTHING, [*episode(AT), *calls(AT + 55), *episode(AT + 100)], AT + 300)
    apart = look(whole, [*episode(AT), *episode(AT + 100)], AT + 400)

    assert states(whole) == states(apart) == [one("Start", "End")]


def test_what_follows_the_end_of_an_open_one_is_another() -> None:
    """Also where no run came between: the first one is not taken to have gone on until then."""
    began = look(NOTHING, episode(AT), AT + 20)
    late = look(began, [*episode(AT), *episode(AT + 300)], AT + 305)

    assert states(late) == [one("Start", "End"), one("Start", number=2)]


def test_what_is_found_no_more_is_withdrawn_once_no_call_is_on_its_way() -> None:
    began = look(NOTHING, episode(AT), AT + 20)
    waiting = look(began, [], AT + 24)
    withdrawn = look(waiting, [], AT + 25)

    assert states(waiting) == [one("Start")]
    assert not waiting.settled
    assert states(withdrawn) == [one("Start", "Withdrawn")]
    assert withdrawn.settled
    event = withdrawn.insights[0].events[1].event
    assert event["eventTime"] == "2026-02-16T10:25:00Z"
    assert event["sharedEventId"] == began.insights[0].events[0].event["sharedEventId"]
    assert look(withdrawn, [], AT + 500) == withdrawn


def test_one_that_has_ended_may_be_withdrawn() -> None:
    ended = look(NOTHING, episode(AT), AT + 100)

    assert states(look(ended, [], AT + 200)) == [one("Start", "End", "Withdrawn")]


def test_nothing_is_withdrawn_while_nobody_knows_what_is_on_its_way() -> None:
    began = look(NOTHING, episode(AT), AT + 20)

    told = look(began, [], AT + 500, closed=-DAY * MINUTES_A_DAY)

    assert states(told) == [one("Start")]
    assert not told.settled


def test_what_was_withdrawn_and_is_found_again_is_another() -> None:
    withdrawn = look(look(NOTHING, episode(AT), AT + 20), [], AT + 100)

    again = look(withdrawn, episode(AT), AT + 200)

    assert states(again) == [one("Start", "Withdrawn"), one("Start", "End", number=2)]
    assert len(set(ids(again))) == 4


def test_what_begins_with_the_day_waits_until_it_cannot_move_to_the_day_before() -> None:
    facts = episode(5)

    early = look(NOTHING, facts, 15)
    closed = look(early, facts, 5 + CLOSING_MINUTES + 1)

    assert early.insights == ()
    assert not early.settled
    assert states(closed) == [one("Start")]


def test_what_begins_later_waits_for_nothing() -> None:
    assert states(look(NOTHING, episode(CLOSING_MINUTES), CLOSING_MINUTES + 6, closed=0)) == [one("Start")]


def test_a_type_that_is_disabled_stays_as_it_was_told() -> None:
    began = look(NOTHING, episode(AT), AT + 20)

    told = look(began, [], AT + 500, tunings={"IpInsight": Tuning(enabled=False)})

    assert states(told) == [one("Start")]
    assert told.settled


def test_what_is_told_is_the_same_after_it_was_stored() -> None:
    told = look(NOTHING, [*episode(AT), *episode(AT + 300)], AT + 400)

    stored = msgspec.json.decode(msgspec.json.encode(told), type=ToldDate)

    assert stored == told
    assert look(stored, [*episode(AT), *episode(AT + 300)], AT + 400) == told


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(CLOSING_MINUTES, 400), st.integers(0, CLOSING_MINUTES - 1)), min_size=1, max_size=60
    ),
    st.lists(st.integers(1, 90), min_size=1, max_size=12),
)
def test_whenever_runs_look_and_in_whatever_order_calls_arrive_in_time_the_same_is_told(
    arrivals: list[tuple[int, int]], steps: list[int]
) -> None:
    """Each call arrives some minutes late, but in time; runs come at any moments. A last one looks at the end."""
    facts = {minute: call(minute, identity="user/mallory", address=scenes.ELSEWHERE) for minute, _ in arrivals}
    late = dict(arrivals)
    told, now, number = NOTHING, 0, 0
    while now < 500:
        now += steps[number % len(steps)]
        number += 1
        told = look(told, [fact for minute, fact in facts.items() if minute + late[minute] < now], now)
    told = look(told, facts.values(), 600)

    at_once = look(NOTHING, facts.values(), 600)

    assert states(told) == states(at_once)
    assert ids(told) == ids(at_once)
    assert told.settled


@settings(max_examples=200)
@given(st.lists(st.lists(st.integers(0, 1439), max_size=40), min_size=1, max_size=8))
def test_whatever_comes_and_goes_nothing_told_is_lost_or_told_twice(looks: list[list[int]]) -> None:
    told = NOTHING
    for number, minutes in enumerate(looks):
        before = told
        told = look(told, calls(*sorted(set(minutes))), MINUTES_A_DAY + 100 + number)
        assert ids(told)[: len(ids(before))] == ids(before) or set(ids(before)) <= set(ids(told))
        assert max(Counter(ids(told)).values(), default=1) == 1
        assert [each.number for each in told.insights] == list(range(1, len(told.insights) + 1))
        for insight in told.insights:
            assert [event.state for event in insight.events] in (
                ["Start"], ["Start", "End"], ["Start", "Withdrawn"], ["Start", "End", "Withdrawn"],
            )  # fmt: skip


def test_an_event_is_known_by_its_state() -> None:
    start, end = ToldEvent("Start", {"eventId": "1"}), ToldEvent("End", {"eventId": "2"})
    insight = ToldInsight("IpInsight", "203.0.113.9", 1, 0, 1, (start, end))

    assert (insight.told("Start"), insight.told("End"), insight.told("Withdrawn")) == (start, end, None)
    assert not insight.is_withdrawn
