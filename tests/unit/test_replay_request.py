"""What may be asked of a replay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.memory_bucket import NOW
from trailkeep.errors import InvalidParameter, InvalidTimeRange, QuestionTooLarge
from trailkeep.events.timestamps import format_micros, utc_date
from trailkeep.insights.replay.request import parse_replay


def window(**fields: Any) -> tuple[str, str]:
    request = parse_replay(fields, NOW)
    return format_micros(request.start), format_micros(request.end)


def test_without_times_it_is_the_last_seven_days() -> None:
    assert window() == ("2026-03-03T12:01:00Z", "2026-03-10T12:01:00Z")
    assert window(endTime="2026-03-05T00:00:00Z") == ("2026-02-26T00:00:00Z", "2026-03-05T00:00:00Z")


def test_what_is_still_to_come_is_not_asked_for() -> None:
    assert window(startTime="2026-03-10T00:00:00Z", endTime="2027-01-01T00:00:00Z")[1] == "2026-03-10T12:01:00Z"


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", "2026-03-05", "2026-03-05"),
        ("2026-03-05T23:59:59Z", "2026-03-06T00:00:01Z", "2026-03-05", "2026-03-06"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "1970-01-01", "1970-01-01"),
    ],
)
def test_the_days_are_those_that_the_window_touches(start: str, end: str, first: str, last: str) -> None:
    days = parse_replay({"startTime": start, "endTime": end}, NOW).days

    assert (utc_date(days[0]), utc_date(days[-1])) == (first, last)


def test_a_month_may_be_asked_for_and_no_more() -> None:
    start = {"startTime": "2026-01-01T00:00:00Z"}
    assert len(parse_replay({**start, "endTime": "2026-02-01T00:00:00Z"}, NOW).days) == 31

    with pytest.raises(QuestionTooLarge):
        parse_replay({**start, "endTime": "2026-02-02T00:00:00Z"}, NOW)


@pytest.mark.parametrize(
    "fields",
    [
        {"startTime": "2026-03-05T00:00:00Z", "endTime": "2026-03-05T00:00:00Z"},
        {"startTime": "2026-03-05T00:00:00Z", "endTime": "2026-03-04T00:00:00Z"},
        {"startTime": "2026-03-11T00:00:00Z"},
        {"endTime": "1969-01-01T00:00:00Z"},
    ],
)
def test_a_window_without_time_in_it_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidTimeRange):
        parse_replay(fields, NOW)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"start": "2026-03-05T00:00:00Z"}, "unknown field start"),
        ({"startTime": "yesterday"}, "startTime"),
        ({"startTime": None}, "startTime"),
        ({"endTime": 1_772_000_000}, "endTime"),
        ({"accountId": 7}, "accountId"),
        ({"accountId": ""}, "accountId"),
        ({"insightTypes": "IpInsight"}, "insightTypes"),
        ({"insightTypes": []}, "insightTypes"),
        ({"insightTypes": [7]}, "insightTypes"),
        ({"insightTypes": None}, "insightTypes"),
        ({"insightTypes": ["IPInsight"]}, "unknown type in insightTypes: IPInsight"),
        ({"sensitivity": "extreme"}, "sensitivity"),
        ({"sensitivity": None}, "sensitivity"),
        ({"sensitivity": ["low"]}, "sensitivity"),
        ({"nextToken": ""}, "nextToken"),
        ({"maxResults": 7}, "maxResults"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        parse_replay(fields, NOW)


def test_types_are_asked_for_in_one_order() -> None:
    asked = parse_replay({"insightTypes": ["AkInsight", "IpInsight", "AkInsight"]}, NOW)

    assert asked.types == ("IpInsight", "AkInsight")
    assert parse_replay({"accountId": None}, NOW).account is None
