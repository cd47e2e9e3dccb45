"""The generated events: what the benchmarks ask for is in them, and the same call gives the same ones."""

from __future__ import annotations

import json
from collections import Counter

from tests.benchmarks.cast import RAREST_SERVICE, make_cast
from tests.benchmarks.events import LAST_DAY, SECRET, day_events, days_of

DAYS = 20


def test_a_day_is_the_same_whenever_it_is_made_and_another_one_elsewhere() -> None:
    assert day_events(LAST_DAY, 500, DAYS) == day_events(LAST_DAY, 500, DAYS)
    assert day_events(LAST_DAY, 500, DAYS) != day_events(LAST_DAY, 500, DAYS, "eu-central-1")


def test_events_are_of_their_day_in_order_and_each_has_its_own_id() -> None:
    events = [json.loads(text) for text in day_events(LAST_DAY, 3000, DAYS)]
    times = [event["eventTime"] for event in events]
    assert times == sorted(times)
    assert {time[:10] for time in times} == {LAST_DAY.isoformat()}
    assert len({event["eventId"] for event in events}) == len(events) == 3000


def test_one_access_key_has_three_events_and_another_one_few_a_day() -> None:
    cast = make_cast()
    keys: Counter[str] = Counter()
    for day in days_of(DAYS):
        for text in day_events(day, 1000, DAYS):
            keys[json.loads(text)["userIdentity"].get("accessKeyId", "")] += 1
    assert keys[str(cast.very_rare.key)] == 3
    assert DAYS <= keys[cast.rare_key] <= 2 * DAYS


def test_some_events_have_secrets_and_some_are_errors() -> None:
    events = day_events(LAST_DAY, 20_000, DAYS)
    secrets = sum(SECRET in text for text in events)
    errors = sum(b'"errorCode"' in text for text in events)
    assert 300 < secrets < 500
    assert 500 < errors < 700


def test_the_rarest_service_is_called_a_few_times_a_day() -> None:
    name = f'"serviceName":"{RAREST_SERVICE}"'.encode()
    called = [sum(name in text for text in day_events(day, 50_000, DAYS)) for day in days_of(3)]
    assert 3 < sum(called) < 90
