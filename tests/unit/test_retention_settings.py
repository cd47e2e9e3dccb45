"""Retention's settings: what may be set, what counts when, and that no change is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.aged_lake import ADMIN, FLOOR
from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.errors import InvalidBody, InvalidParameter, ObjectUnreadable, StorageUnavailable
from trailkeep.retention.settings import (
    NOTICE,
    SETTINGS,
    Settings,
    Terms,
    change_settings,
    parse_change,
    read_settings,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def lake() -> MemoryBucket:
    return MemoryBucket()


def test_before_anyone_sets_them_the_defaults_stand(lake: MemoryBucket) -> None:
    assert read_settings(lake) == (Settings(), None)
    assert Settings().in_force(NOW, FLOOR) == Terms(180, 7, 30)
    assert Settings().in_force(NOW, 365).days == 365


def test_a_change_of_one_field_leaves_the_others(lake: MemoryBucket) -> None:
    change_settings(lake, {"days": 400}, ADMIN, NOW)
    change_settings(lake, {"landingDays": 9}, ADMIN, NOW + HOUR)

    settings, etag = read_settings(lake)
    assert (settings.days, settings.landing_days, settings.quarantine_days) == (400, 9, 30)
    assert settings.updated_at == NOW + HOUR
    assert settings.updated_by is not None
    assert settings.updated_by.token_id == ADMIN.token_id
    assert etag


def test_a_raised_value_counts_at_once_a_lowered_one_a_day_later(lake: MemoryBucket) -> None:
    change_settings(lake, {"days": 400, "landingDays": 3}, ADMIN, NOW)
    settings, _ = read_settings(lake)

    assert settings.in_force(NOW, FLOOR) == Terms(400, 7, 30)
    assert settings.effective_from(NOW) == NOW + NOTICE
    assert settings.in_force(NOW + NOTICE - HOUR, FLOOR) == Terms(400, 7, 30)
    assert settings.in_force(NOW + NOTICE, FLOOR) == Terms(400, 3, 30)
    assert settings.effective_from(NOW + NOTICE) is None


def test_a_lowered_value_that_is_taken_back_in_time_never_counted(lake: MemoryBucket) -> None:
    change_settings(lake, {"days": 100}, ADMIN, NOW)
    change_settings(lake, {"days": 180}, ADMIN, NOW + 23 * HOUR)

    settings, _ = read_settings(lake)
    assert settings.lowered == {}
    assert settings.in_force(NOW + 48 * HOUR, FLOOR).days == 180


changes = st.lists(st.tuples(st.integers(0, 30), st.integers(90, 400)), max_size=8)


@given(changes)
def test_what_counts_is_never_less_than_what_was_asked_for_in_the_last_day(made: list[tuple[int, int]]) -> None:
    lake = MemoryBucket()
    now = NOW
    stood: list[tuple[datetime, int]] = [(NOW - timedelta(days=9), 180)]
    for hours, days in made:
        now += hours * HOUR
        change_settings(lake, {"days": days}, ADMIN, now)
        stood.append((now, days))

        for after in (timedelta(), NOTICE - timedelta(seconds=1), NOTICE):
            at = now + after
            counts = read_settings(lake)[0].in_force(at, FLOOR).days
            ends = [until for until, _ in stood[1:]] + [datetime.max.replace(tzinfo=now.tzinfo)]
            recent = [value for (_, value), end in zip(stood, ends, strict=True) if end > at - NOTICE]
            assert counts >= max(recent)
            if after == NOTICE:
                assert counts == days


@given(changes, st.integers(1, 500))
def test_the_floor_stands_whatever_is_set(made: list[tuple[int, int]], floor: int) -> None:
    lake = MemoryBucket()
    for hours, days in made:
        change_settings(lake, {"days": days}, ADMIN, NOW + hours * HOUR)

    assert read_settings(lake)[0].in_force(NOW, floor).days >= floor


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"days": 89}, "days"),
        ({"days": 36_501}, "days"),
        ({"days": 0}, "days"),
        ({"days": -1}, "days"),
        ({"days": 180.0}, "days"),
        ({"days": "180"}, "days"),
        ({"days": True}, "days"),
        ({"days": None}, "days"),
        ({"days": [180]}, "days"),
        ({"landingDays": 0}, "landingDays"),
        ({"landingDays": 3_651}, "landingDays"),
        ({"quarantineDays": 1.5}, "quarantineDays"),
        ({"days": 180, "landingdays": 7}, "landingdays"),
        ({"floorDays": 1}, "floorDays"),
        ({"updatedBy": "me"}, "updatedBy"),
        ({"": 1}, "unknown field"),
    ],
    ids=str,
)
def test_what_cannot_be_set_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        parse_change(fields, FLOOR)


def test_a_misspelt_field_is_told_the_right_one() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_change({"landing_days": 7}, FLOOR)

    assert refusal.value.hint == "Did you mean landingDays?"


def test_a_body_that_changes_nothing_is_refused() -> None:
    with pytest.raises(InvalidBody, match="changes nothing"):
        parse_change({}, FLOOR)


def test_the_floor_itself_may_be_set() -> None:
    assert parse_change({"days": FLOOR}, FLOOR) == {"days": FLOOR}


def test_two_changes_at_once_both_stand(lake: MemoryBucket) -> None:
    change_settings(lake, {"days": 200}, ADMIN, NOW)
    raced = []

    def race(operation: str, key: str) -> None:
        if operation == "replace" and not raced:
            raced.append(key)
            change_settings(lake, {"days": 300}, ADMIN, NOW)

    lake.before_call = race  # type: ignore[method-assign]
    change_settings(lake, {"landingDays": 30}, ADMIN, NOW)

    settings, _ = read_settings(lake)
    assert (settings.days, settings.landing_days) == (300, 30)


def test_a_change_that_is_always_too_late_is_refused_rather_than_lost(lake: MemoryBucket) -> None:
    change_settings(lake, {"days": 200}, ADMIN, NOW)
    counter = iter(range(100, 1000))

    def race(operation: str, key: str) -> None:
        if operation == "replace":
            lake.put(SETTINGS, msgspec.json.encode(Settings(days=next(counter))))

    lake.before_call = race  # type: ignore[method-assign]
    with pytest.raises(StorageUnavailable, match="by others"):
        change_settings(lake, {"landingDays": 30}, ADMIN, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"days":"x"}',
        b'{"days":0}',
        b'{"days":180,"lowered":{"days":{"value":1}}}',
        b'{"days":180,"updatedAt":"2026-01-01T00:00:00"}',
        b"\xff",
    ],
)
def test_damaged_settings_are_no_defaults(lake: MemoryBucket, body: bytes) -> None:
    lake.put(SETTINGS, body)

    with pytest.raises(ObjectUnreadable):
        read_settings(lake)
    with pytest.raises(ObjectUnreadable):
        change_settings(lake, {"days": 400}, ADMIN, NOW)
    assert lake.objects[SETTINGS][0] == body
