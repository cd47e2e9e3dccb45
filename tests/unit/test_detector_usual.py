"""What is usual: rhythms of days, weeks and months."""

from __future__ import annotations

import pytest

from trailkeep.insights.detectors.usual import Usual, is_weekend, total_of
from trailkeep.insights.digest import Hours

MONDAY = 20_500  # 2026-02-16
PAST = range(MONDAY - 36, MONDAY - 1)


def hour(day: int, at: int) -> int:
    return day * 24 + at


def on(days: list[int], counts: Hours) -> dict[int, Hours]:
    return dict.fromkeys(days, counts)


def test_2026_02_16_is_a_working_day_and_the_day_before_is_not() -> None:
    assert not is_weekend(MONDAY)
    assert is_weekend(MONDAY - 1)
    assert is_weekend(MONDAY - 2)
    assert not is_weekend(MONDAY - 3)


def test_what_happens_at_an_hour_of_working_days_is_expected_then_and_not_on_weekends() -> None:
    usual = Usual(on([day for day in PAST if not is_weekend(day)], {9: 40}), PAST)
    assert usual.level_at(hour(MONDAY, 9)) == 40
    assert usual.level_at(hour(MONDAY, 15)) == 0
    assert usual.level_at(hour(MONDAY - 1, 9)) == 0


def test_what_happens_once_a_week_is_expected_on_that_day_alone() -> None:
    mondays = [day for day in PAST if (MONDAY - day) % 7 == 0]
    usual = Usual(on(mondays, {3: 900}), PAST)
    assert usual.level_at(hour(MONDAY, 3)) == 900
    assert usual.level_at(hour(MONDAY + 1, 3)) == 0


@pytest.mark.parametrize(("then", "day"), [("first", 20_513), ("last", 20_512)])
def test_what_happened_at_the_same_end_of_the_month_before_is_expected(then: str, day: int) -> None:
    # 20512 is 2026-02-28, 20513 is 2026-03-01; a month before: 2026-01-31 and 2026-02-01.
    before = {"first": 20_485, "last": 20_484}[then]
    usual = Usual({before: {2: 700}}, range(day - 36, day - 1))
    assert usual.level_at(hour(day, 2)) == 700
    assert usual.level_at(hour(day + 3, 2)) == 0


def test_a_single_bad_day_is_not_expected() -> None:
    workdays = [day for day in PAST if not is_weekend(day)]
    usual = Usual(on(workdays, {9: 40}) | {workdays[5]: {9: 4000}}, PAST)
    assert usual.level_at(hour(MONDAY, 9)) == 40
    assert usual.highest == 4000


def test_an_hour_of_a_longer_span_counts_those_before_it_across_midnight() -> None:
    usual = Usual(on(list(PAST), {23: 10, 0: 5, 1: 1}), PAST, span=6)
    assert usual.level_at(hour(MONDAY, 1)) == 16


def test_counts_are_added_day_by_day_and_hour_by_hour() -> None:
    assert total_of([{1: {2: 3}}, {1: {2: 4, 5: 1}, 6: {0: 1}}]) == {1: {2: 7, 5: 1}, 6: {0: 1}}
    assert total_of([]) == {}
