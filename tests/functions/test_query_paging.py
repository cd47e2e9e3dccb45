"""query_events, page by page: every event once, in order, whatever happens to the lake meanwhile."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.functions.deployment import LAKE, Deployment
from tests.functions.events import Event, as_lines, make_event, make_events
from trailkeep import api

REGIONS = (
    "cn-hangzhou",
    "cn-beijing",
    "ap-southeast-1",
    "us-east-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "me-east-1",
)
FIRST = datetime(2026, 3, 1, 23, 55, tzinfo=UTC)
SHARED_SECOND = "2026-03-06T00:00:00Z"


def busy_events() -> list[list[Event]]:
    """300 objects of 8 regions with 10,000 events of nine days; 130 of them share one second, many others another."""
    dice = random.Random(20260309)
    objects = []
    for number in range(300):
        region, start = REGIONS[number % len(REGIONS)], FIRST + timedelta(hours=number // 8 * 6)
        count = 33 + (number < 100)
        objects.append(
            [
                make_event(
                    f"{number}-{n}",
                    acsRegion=region,
                    eventTime=(start + timedelta(seconds=dice.randrange(600))).isoformat().replace("+00:00", "Z"),
                )
                for n in range(count)
            ]
        )
    for number in dice.sample(range(300), 130):
        objects[number][0]["eventTime"] = SHARED_SECOND
    return objects


OBJECTS = busy_events()
TIMES = {event["eventId"]: event["eventTime"] for events in OBJECTS for event in events}


@pytest.fixture
def busy(deployment: Deployment) -> Deployment:
    assert len(TIMES) == 10_000
    for number, events in enumerate(OBJECTS):
        deployment.land(f"log-{number}.ndjson", as_lines(events))
    for start in range(0, 300, 10):
        assert deployment.deliver(*[f"log-{number}.ndjson" for number in range(start, start + 10)]) == []
    deployment.settle()
    return deployment


WINDOW = {"startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-12T00:00:00Z"}


@pytest.mark.thorough
def test_ten_thousand_events_are_each_answered_once_while_a_thousand_more_land(busy: Deployment) -> None:
    """37 at a time, of 8 regions and 300 objects; late events land before, among and behind those already answered."""
    whole = [event_id for page in busy.pages({**WINDOW, "maxResults": "1000"}) for event_id in page.event_ids]
    times = [TIMES[event_id] for event_id in whole]
    assert len(whole) == len(set(whole)) == 10_000
    assert times == sorted(times, reverse=True)
    assert times.count(SHARED_SECOND) >= 130

    late = list(late_objects())
    pages = []
    for number, page in enumerate(busy.pages({**WINDOW, "maxResults": "37"})):
        pages.append(page)
        if number % 5 == 0 and late:
            busy.land_and_deliver(f"late-{number}.ndjson", as_lines(late.pop()))
    assert late == []

    assert [event_id for page in pages for event_id in page.event_ids] == whole
    assert [len(page.event_ids) for page in pages[:-1]] == [37] * (len(pages) - 1)
    assert len({page.body["completeness"]["asOf"] for page in pages}) == 1
    forward = {**WINDOW, "maxResults": "1000", "direction": "FORWARD"}
    anew = [event_id for page in busy.pages(forward) for event_id in page.event_ids]
    assert len(anew) == len(set(anew)) == 11_000
    assert [event_id for event_id in anew if event_id in TIMES] == whole[::-1]


def late_objects() -> Iterator[list[Event]]:
    """50 objects of 20 events each, on every day, and in the second that many share."""
    dice = random.Random(4)
    for number in range(50):
        region, day = dice.choice(REGIONS), number % 9 + 1
        times = [f"2026-03-{day:02}T{dice.randrange(24):02}:30:00Z" for _ in range(20)]
        yield [
            make_event(f"late-{number}-{n}", acsRegion=region, eventTime=SHARED_SECOND if day == 6 else time)
            for n, time in enumerate(times)
        ]


def test_a_default_window_does_not_move_between_pages(deployment: Deployment) -> None:
    """The oldest event leaves the last seven days while its question is paged through, a new one enters."""
    deployment.clock.time = datetime(2026, 3, 16, 8, 0, 0, tzinfo=UTC)
    deployment.land_and_deliver("log.ndjson", as_lines(make_events(10, eventTime="2026-03-09T08:00:10Z")))
    first = deployment.get("/v1/events", {"maxResults": "4"})
    deployment.clock.forward(days=1)

    second = deployment.get("/v1/events", {"maxResults": "10", "nextToken": first.body["nextToken"]})

    assert len(set(first.event_ids + second.event_ids)) == 10
    assert deployment.get("/v1/events").event_ids == []


def test_a_page_closes_before_it_grows_too_large_for_an_answer(deployment: Deployment) -> None:
    large = [{**event, "requestParameters": {"text": "ü" * 450_000}} for event in make_events(30)]
    deployment.land_and_deliver("log.ndjson", as_lines(large))

    pages = list(deployment.pages({"maxResults": "1000"}))

    assert [event_id for page in pages for event_id in page.event_ids] == [f"event-{n}" for n in range(29, -1, -1)]
    assert all(len(page.text.encode()) < 5_500_000 for page in pages)
    assert len(pages) > 5


@pytest.mark.parametrize("direction", ["BACKWARD", "FORWARD"])
def test_what_expires_between_two_pages_costs_no_other_event_its_place(deployment: Deployment, direction: str) -> None:
    days = [f"2026-03-0{day}" for day in range(1, 10)]
    for day in days:
        events = [make_event(f"{day} {n}", eventTime=f"{day}T08:00:0{n}Z") for n in range(3)]
        deployment.land_and_deliver(f"{day}.json", as_lines(events))
    asked = {**WINDOW, "direction": direction, "maxResults": "4"}
    found: list[str] = []
    for number, page in enumerate(deployment.pages(asked)):
        assert page.body["completeness"]["complete"]
        found += page.event_ids
        if number == 2:
            for key in deployment.keys("events/"):
                if "date=2026-03-02" in key or "date=2026-03-08" in key:
                    deployment.s3.delete_object(Bucket=LAKE, Key=key)

    given = "2026-03-08" if direction == "BACKWARD" else "2026-03-02"
    whole = [f"{day} {n}" for day in days for n in range(3) if day not in ("2026-03-02", "2026-03-08") or day == given]
    assert found == (whole if direction == "FORWARD" else whole[::-1])


def test_an_event_larger_than_any_answer_is_given_by_a_link(deployment: Deployment) -> None:
    huge = {**make_event("huge", eventTime="2026-03-09T08:00:05Z"), "requestParameters": {"text": "x" * 6_000_000}}
    deployment.land_and_deliver("log.ndjson", as_lines([*make_events(10), huge]))

    answer = deployment.get("/v1/events")
    (stand_in,) = [event for event in answer.body["events"] if event["eventId"] == "huge"]

    assert len(answer.event_ids) == 11
    assert len(answer.text) < 50_000
    assert stand_in["eventName"] == "DescribeInstances"
    assert stand_in["oversized"]["bytes"] > 6_000_000
    (copy,) = deployment.keys("exports/")
    assert copy in stand_in["oversized"]["url"]
    assert json.loads(deployment.body(copy)) == huge
    alone = deployment.get("/v1/events/huge")
    assert (alone.status, alone.text) == (303, "")
    assert copy in alone.headers["Location"]
    assert deployment.keys("exports/") == [copy]


def test_paging_over_many_parts_goes_on_where_time_ran_out(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three objects at a time share their seconds, so that time runs out in the middle of one."""
    for number in range(60):
        times = [f"2026-03-0{7 + number % 3}T08:{number // 9:02}:0{n}Z" for n in range(2)]
        events = [make_event(f"{number}-{n}", eventTime=time) for n, time in enumerate(times)]
        deployment.land(f"log-{number}", as_lines(events))
    assert deployment.deliver(*[f"log-{number}" for number in range(60)]) == []
    deployment.settle()
    whole = deployment.get("/v1/events", {"maxResults": "1000"}).event_ids
    ticks = iter(range(0, 10**9, 100))
    monkeypatch.setattr(api, "time", SimpleNamespace(monotonic=lambda: next(ticks)))

    for direction, expected in (("BACKWARD", whole), ("FORWARD", whole[::-1])):
        pages = list(deployment.pages({"maxResults": "1000", "direction": direction}))
        assert [event_id for page in pages for event_id in page.event_ids] == expected
        assert len(pages) > 2
