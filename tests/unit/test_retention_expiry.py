"""The rule of expiry: the date and the newest delivery, both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW
from trailkeep.retention.expiry import date_has_expired, has_expired, is_date

MIDNIGHT = NOW.replace(hour=0)
moments = st.integers(1, 7_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
spans = st.integers(1, 36_500)


@given(moments, moments, spans, moments)
def test_a_partition_expires_when_its_date_and_its_newest_delivery_have(
    happened: datetime, delivered: datetime, days: int, now: datetime
) -> None:
    day = happened.date().isoformat()
    end = datetime.combine(happened.date(), datetime.min.time(), UTC) + timedelta(days=1)
    kept_until = max(end, delivered) + timedelta(days=days)

    assert has_expired(day, delivered, days, now) == (kept_until < now)


@given(moments, moments, spans, spans, moments)
def test_more_days_never_expire_more(
    happened: datetime, delivered: datetime, days: int, more: int, now: datetime
) -> None:
    day = happened.date().isoformat()
    if has_expired(day, delivered, days + more, now):
        assert has_expired(day, delivered, days, now)


@given(moments, moments, spans, moments, st.timedeltas(timedelta(), timedelta(days=9999)))
def test_what_has_expired_stays_so(
    happened: datetime, delivered: datetime, days: int, now: datetime, later: timedelta
) -> None:
    day = happened.date().isoformat()
    if has_expired(day, delivered, days, now):
        assert has_expired(day, delivered, days, now + later)


def test_a_day_counts_from_its_end() -> None:
    day = (MIDNIGHT - timedelta(days=181)).date().isoformat()

    assert not date_has_expired(day, 180, MIDNIGHT)
    assert date_has_expired(day, 180, MIDNIGHT + timedelta(microseconds=1))


def test_history_imported_today_stays_as_long_as_what_happens_today() -> None:
    assert not has_expired("1999-01-01", NOW - timedelta(days=180), 180, NOW)
    assert has_expired("1999-01-01", NOW - timedelta(days=180, seconds=1), 180, NOW)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days_like_others(day: str) -> None:
    assert date_has_expired(day, 36_500, NOW) == (day < "1")


@pytest.mark.parametrize(("day", "sound"), [("2026-02-28", True), ("2026-02-29", False), ("0000-01-01", False)])
def test_a_date_is_one_of_the_calendar(day: str, sound: bool) -> None:
    assert is_date(day) is sound
