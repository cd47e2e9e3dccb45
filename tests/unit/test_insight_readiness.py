"""Readiness: what is said of a type, and of whole days of the past, is what its detector needs."""

from __future__ import annotations

import pytest

from trailkeep.events.timestamps import utc_date
from trailkeep.insights.detectors import DETECTORS, counted, ip
from trailkeep.insights.digest import digest_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.scene import HISTORY_DAYS, History, Scene, Tuning
from trailkeep.insights.settings.readiness import Learning, first_date_seen, learning, readiness
from trailkeep.insights.types import INSIGHT_TYPES, LEARNING_DAYS

DAY = 20_000


def fact(day: int) -> Fact:
    return Fact(
        day * MINUTES_A_DAY,
        "user/a",
        None,
        "address",
        "192.0.2.1",
        None,
        "Ecs",
        "Run",
        None,
        "cli",
        1,
        None,
        "cn-hangzhou",
    )


def scene(days: list[int], day: int = DAY, tunings: dict[str, Tuning] | None = None) -> Scene:
    """A scene of an account with calls on these days."""
    return Scene(
        account="1",
        day=day,
        facts=[fact(each) for each in days if each >= day - 1],
        history=History({each: digest_of([fact(each)]) for each in days if each < day - 1}),
        until=0,
        closed=0,
        tunings=dict.fromkeys(INSIGHT_TYPES, Tuning()) | (tunings or {}),
    )


def dates(*days: int) -> list[str]:
    return [utc_date(day) for day in days]


def test_types_are_those_that_there_are_detectors_for() -> None:
    assert set(DETECTORS) == set(INSIGHT_TYPES) == set(LEARNING_DAYS)


def test_what_is_needed_is_what_the_detectors_need() -> None:
    for name in ("AkInsight", "ApiCallRateInsight", "ApiErrorRateInsight"):
        assert LEARNING_DAYS[name] == counted.LEARNING_DAYS
    assert LEARNING_DAYS["IpInsight"] * MINUTES_A_DAY == ip.LEARNING


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ((), f"no calls are known of the last {HISTORY_DAYS} days"),
        ((DAY,), "learning: 0 of 3 days seen"),
        ((DAY - 1, DAY), "learning: 0 of 3 days seen"),
        ((DAY - 9, DAY - 2), "learning: 2 of 3 days seen"),
        ((DAY - 2, DAY - 2, DAY - 2), "learning: 1 of 3 days seen"),
        ((DAY - 4, DAY - 3, DAY - 2), None),
        ((DAY - 22, DAY - 11, DAY - 2, DAY), None),
    ],
)
def test_why_a_type_is_not_ready_is_stated(days: tuple[int, ...], reason: str | None) -> None:
    assert readiness("AkInsight", Tuning(), dates(*days), DAY) == (reason is None, reason)


def test_a_disabled_type_is_not_ready_however_long_it_learns() -> None:
    known = dates(*range(DAY - 20, DAY))

    assert readiness("IpInsight", Tuning(enabled=False), known, DAY) == (False, "disabled")
    assert readiness("IpInsight", Tuning(), known, DAY) == (True, None)


def test_types_that_learn_are_named_with_the_day_from_which_they_know_enough() -> None:
    assert list(learning(scene([DAY - 2, DAY - 1, DAY]))) == [
        Learning("1", ["AkInsight", "ApiCallRateInsight", "ApiErrorRateInsight"], utc_date(DAY + 2))
    ]
    assert list(learning(scene([DAY - 1]))) == [
        Learning("1", ["IpInsight", "PolicyChangeInsight", "PasswordChangeInsight", "TrailConcealmentInsight"],
                 utc_date(DAY + 1)),
        Learning("1", ["AkInsight", "ApiCallRateInsight", "ApiErrorRateInsight"], None),
    ]  # fmt: skip
    assert [each.ready_from for each in learning(scene([]))] == [None]
    assert list(learning(scene([DAY - 4, DAY - 3, DAY - 2]))) == []


def test_disabled_types_learn_nothing() -> None:
    off = dict.fromkeys(INSIGHT_TYPES, Tuning(enabled=False))

    assert list(learning(scene([], tunings=off))) == []


def test_scenes_look_at_nothing_before_the_first_date_that_is_named() -> None:
    assert first_date_seen(DAY) == utc_date(DAY - 1 - HISTORY_DAYS)
    assert first_date_seen(3) == "1970-01-01"
