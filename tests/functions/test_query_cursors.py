"""query_events: a question cut into pages of any size, and the cursors that join them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functions.answers import Answer, assert_error
from tests.functions.deployment import ALL_SCOPES, Deployment, deployed
from tests.functions.events import as_lines, make_event

REGIONS = ("cn-hangzhou", "cn-beijing", "us-east-1")


@pytest.fixture(scope="module")
def lake() -> Iterator[Deployment]:
    """60 events of 20 seconds in 12 objects that overlap; a third of them is in two."""
    with deployed() as small:
        events = [
            make_event(
                f"e-{n:02}",
                eventTime=f"2026-03-09T08:00:{n // 3:02}Z",
                acsRegion=REGIONS[n % 3],
                eventRW="Write" if n % 4 else "Read",
            )
            for n in range(60)
        ]  # fmt: skip
        dice = random.Random(5)
        dice.shuffle(events)
        for number in range(12):
            mine = events[number * 5 : number * 5 + 5] + dice.sample(events, 2)
            small.land_and_deliver(f"log-{number}.ndjson", as_lines(mine))
        yield small


@pytest.mark.parametrize("size", [1, 7, 59, 60, 61, 1000])
@pytest.mark.parametrize("direction", ["BACKWARD", "FORWARD"])
def test_any_page_size_gives_the_same_events_in_the_same_order(lake: Deployment, size: int, direction: str) -> None:
    whole = lake.get("/v1/events", {"direction": direction, "maxResults": "1000"}).event_ids
    pages = list(lake.pages({"direction": direction, "maxResults": str(size)}))

    assert [event_id for page in pages for event_id in page.event_ids] == whole
    assert len(whole) == len(set(whole)) == 60
    assert len(pages) == -(-60 // size)


def test_both_directions_give_the_same_events_in_opposite_order(lake: Deployment) -> None:
    backward = [event_id for page in lake.pages({"maxResults": "7"}) for event_id in page.event_ids]
    forward = [
        event_id for page in lake.pages({"maxResults": "7", "direction": "FORWARD"}) for event_id in page.event_ids
    ]

    assert backward == forward[::-1]


def test_the_page_size_may_change_between_pages(lake: Deployment) -> None:
    first = lake.get("/v1/events", {"maxResults": "7"})
    second = lake.get("/v1/events", {"maxResults": "1000", "nextToken": first.body["nextToken"]})

    assert len(first.event_ids + second.event_ids) == len(set(first.event_ids + second.event_ids)) == 60


# Cursors


@pytest.fixture
def token(lake: Deployment) -> str:
    next_token: str = lake.get("/v1/events", {"maxResults": "5"}).body["nextToken"]
    return next_token


def test_a_cursor_with_any_character_changed_is_refused(lake: Deployment, token: str) -> None:
    for place, old in enumerate(token):
        forged = token[:place] + ("A" if old != "A" else "B") + token[place + 1 :]
        assert_bad_token(lake.get("/v1/events", {"nextToken": forged}))


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token + "=",
        lambda token: token + "==",
        lambda token: " " + token,
        lambda token: token + "\n",
        lambda token: token.replace("-", "+").replace("_", "/") + "!",
        lambda token: token * 2,
        lambda token: token[:21],
        lambda token: "A" * 1_000_000,
        lambda token: "ü" * 20,
        lambda token: "null",
        lambda token: "0",
    ],
)
def test_a_cursor_in_another_spelling_is_refused(lake: Deployment, token: str, forge: Any) -> None:
    assert_bad_token(lake.get("/v1/events", {"nextToken": forge(token)}))


@pytest.mark.parametrize(
    "other",
    [
        {"eventRW": "Write"},
        {"eventRW!": "Write"},
        {"region": "cn-hangzhou"},
        {"direction": "FORWARD"},
        {"startTime": "2026-03-09T00:00:00Z"},
        {"endTime": "2026-03-10T00:00:00Z"},
        {"user": "alice"},
    ],
    ids=str,
)
def test_a_cursor_is_bound_to_its_question(lake: Deployment, token: str, other: dict[str, str]) -> None:
    assert_bad_token(lake.get("/v1/events", {**other, "nextToken": token}))
    own = lake.get("/v1/events", {**other, "maxResults": "5"}).body["nextToken"]
    assert_bad_token(lake.get("/v1/events", {"nextToken": own}))
    assert lake.get("/v1/events", {**other, "nextToken": own}).status == 200


def test_a_cursor_is_bound_to_its_asker_and_its_dataset(lake: Deployment, token: str) -> None:
    assert_bad_token(lake.get("/v1/events", {"nextToken": token}, who={**ALL_SCOPES, "tokenId": "AnotherToken"}))
    assert_bad_token(lake.get("/v1/insights", {"nextToken": token}))


def test_the_order_of_parameters_and_of_their_values_does_not_matter_to_a_cursor(lake: Deployment) -> None:
    asked = {"eventName": ["DescribeInstances", "x"], "user": "alice", "maxResults": "5"}
    token = lake.get("/v1/events", asked).body["nextToken"]

    again = {"nextToken": token, "user": "alice", "eventName": ["x", "DescribeInstances", "x"]}
    assert lake.get("/v1/events", again).status == 200


def test_a_cursor_outlives_the_process_that_gave_it(lake: Deployment, token: str) -> None:
    before = lake.get("/v1/events", {"nextToken": token}).event_ids
    lake.restart()

    assert lake.get("/v1/events", {"nextToken": token}).event_ids == before


def assert_bad_token(answer: Answer) -> None:
    assert_error(answer, 400, "InvalidNextToken")
