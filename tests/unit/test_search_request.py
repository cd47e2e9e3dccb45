"""The body of a search: what is taken, and how what is not taken is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from trailkeep.errors import InvalidParameter, InvalidTimeRange
from trailkeep.events.timestamps import to_micros
from trailkeep.search.request import parse_request

NOW = datetime(2026, 3, 8, tzinfo=UTC)


def test_a_query_alone_asks_for_the_newest_fifty_of_the_last_seven_days_in_all_regions() -> None:
    request = parse_request({"query": "*"}, NOW)

    question = request.question
    assert (question.end, question.end - question.start) == (to_micros(NOW), 7 * 86_400_000_000)
    assert (question.regions, question.newest_first, question.max_results) == ((), True, 50)
    assert (request.engine, request.dry_run, request.next_token) == ("auto", False, None)


def test_everything_that_can_be_asked_for_is_taken() -> None:
    body = {
        "query": "event.serviceName: Ecs | select count(1)",
        "startTime": "2026-03-01T00:00:00Z",
        "endTime": "2026-03-02T00:00:00Z",
        "regions": ["cn-hangzhou", "us-east-1"],
        "direction": "FORWARD",
        "maxResults": 1000,
        "nextToken": "abc",
        "engine": "athena",
        "dryRun": True,
    }

    request = parse_request(body, NOW)

    assert request.query == body["query"]
    assert request.question.regions == ("cn-hangzhou", "us-east-1")
    assert (request.question.newest_first, request.question.max_results) == (False, 1000)
    assert (request.next_token, request.engine, request.dry_run) == ("abc", "athena", True)


@pytest.mark.parametrize("regions", [[], ["*"], ["cn-hangzhou", "*"]])
def test_no_region_and_a_star_mean_all(regions: list[str]) -> None:
    assert parse_request({"query": "*", "regions": regions}, NOW).question.regions == ()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "query is missing"),
        ({"query": 1}, "query must be a text"),
        ({"query": "*", "startTime": 5}, "startTime must be a text"),
        ({"query": "*", "startTime": "yesterday"}, "startTime must be an RFC 3339 time"),
        ({"query": "*", "endTime": None}, "endTime must be a text"),
        ({"query": "*", "direction": "DOWN"}, "direction must be"),
        ({"query": "*", "regions": "cn-hangzhou"}, "regions must be a list"),
        ({"query": "*", "regions": [1]}, "regions must be a list"),
        ({"query": "*", "regions": ["../x"]}, "region must be a region"),
        ({"query": "*", "regions": ["r"] * 101}, "regions may name at most 100"),
        ({"query": "*", "maxResults": 0}, "maxResults must be"),
        ({"query": "*", "maxResults": -1}, "maxResults must be"),
        ({"query": "*", "maxResults": 1_000_000_000}, "maxResults must be"),
        ({"query": "*", "maxResults": 1.5}, "maxResults must be"),
        ({"query": "*", "maxResults": True}, "maxResults must be"),
        ({"query": "*", "maxResults": "10"}, "maxResults must be"),
        ({"query": "*", "engine": "spark"}, "engine must be one of auto, embedded, athena"),
        ({"query": "*", "engine": None}, "engine must be a text"),
        ({"query": "*", "dryRun": "yes"}, "dryRun must be true or false"),
        ({"query": "*", "nextToken": ""}, "nextToken is empty"),
    ],
)
def test_what_cannot_be_is_named(body: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        parse_request(body, NOW)


def test_an_unknown_member_names_the_nearest_known_one() -> None:
    with pytest.raises(InvalidParameter, match="unknown field starttime") as refused:
        parse_request({"query": "*", "starttime": "2026-03-01T00:00:00Z"}, NOW)

    assert refused.value.hint == "Did you mean startTime?"


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidTimeRange):
        parse_request({"query": "*", "startTime": "2026-03-02T00:00:00Z", "endTime": "2026-03-01T00:00:00Z"}, NOW)
