"""query_events: which events a question is answered from, and one event by its ID."""

from __future__ import annotations

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import Deployment
from tests.functions.events import as_array, make_event


def test_a_window_across_midnight_reads_both_days_and_keeps_microseconds(deployment: Deployment) -> None:
    times = ["2026-03-08T23:59:59.999999Z", "2026-03-09T00:00:00Z", "2026-03-09T00:00:00.000001Z"]
    deployment.land_and_deliver("log.json", as_array([make_event(time, eventTime=time) for time in times]))

    def ask(start: str, end: str) -> list[str]:
        answer = deployment.get("/v1/events", {"startTime": start, "endTime": end, "direction": "FORWARD"})
        return answer.event_ids

    assert ask("2026-03-08T23:00:00Z", "2026-03-09T01:00:00Z") == times
    assert ask("2026-03-08T23:00:00Z", "2026-03-09T00:00:00Z") == times[:1]
    assert ask("2026-03-08T23:59:59.999999Z", "2026-03-09T00:00:00.000001Z") == times[:2]
    assert ask("2026-03-09T00:00:00Z", "2026-03-09T00:00:00.000002Z") == times[1:]


def test_without_a_window_the_last_seven_days_are_answered(deployment: Deployment) -> None:
    inside = ["2026-03-03T12:00:05Z", "2026-03-10T12:00:00Z"]
    outside = ["2026-03-03T11:59:59Z", "2026-03-10T12:10:00Z", "2025-03-10T12:00:00Z"]
    events = [make_event(time, eventTime=time) for time in inside + outside]
    deployment.land_and_deliver("log.json", as_array(events))

    assert sorted(deployment.get("/v1/events").event_ids) == inside
    since = deployment.get("/v1/events", {"startTime": "2026-03-01T00:00:00Z"})
    assert sorted(since.event_ids) == ["2026-03-03T11:59:59Z", *inside]
    before = deployment.get("/v1/events", {"endTime": "2026-03-03T12:00:00Z"})
    assert before.event_ids == ["2026-03-03T11:59:59Z"]


def test_events_that_come_days_late_are_found_on_their_own_day(deployment: Deployment) -> None:
    """Whatever the day of their delivery: a window reads the days that it names, and no others."""
    deployment.land_and_deliver("log.json", as_array([make_event("in time", eventTime="2026-03-08T23:59:58Z")]))
    deployment.clock.forward(days=3)
    late = {"late": "2026-03-08T23:59:59.5Z", "next day": "2026-03-09T00:00:00Z", "before": "2026-03-08T00:00:00Z"}
    events = [make_event(event_id, eventTime=time) for event_id, time in late.items()]
    deployment.land_and_deliver("late.json", as_array(events))

    day = {"startTime": "2026-03-08T00:00:00Z", "endTime": "2026-03-09T00:00:00Z"}
    answer = deployment.get("/v1/events", day)

    assert answer.event_ids == ["late", "in time", "before"]
    assert answer.body["completeness"]["partitions"] == 1
    assert {key.split("/")[2] for key in deployment.keys("events/")} == {"date=2026-03-08", "date=2026-03-09"}


def test_only_what_stood_a_moment_ago_is_answered(deployment: Deployment) -> None:
    """A page must not see a part that the next page would see more of."""
    assert deployment.deliver(deployment.land("log.json", as_array([make_event()]))) == []
    assert deployment.get("/v1/events").event_ids == []
    assert deployment.get("/v1/events/event-1").status == 404
    deployment.settle()
    assert deployment.get("/v1/events").event_ids == ["event-1"]
    assert deployment.get("/v1/events/event-1").status == 200


def test_an_empty_lake_answers_an_empty_complete_page(deployment: Deployment) -> None:
    answer = deployment.get("/v1/events")
    assert answer.body == {
        "events": [],
        "completeness": {
            "complete": True,
            "asOf": "2026-03-10T11:59:59Z",
            "watermark": None,
            "partitions": 0,
            "objectsRead": 0,
            "bytesRead": 0,
            "failures": [],
        },
    }
    assert deployment.get("/v1/insights").body["insights"] == []
    assert deployment.get("/v1/regions").body["regions"] == []
    assert_error(deployment.get("/v1/events/any"), 404, "EventNotFound")


@pytest.mark.parametrize(
    "event_id",
    [
        "a b",
        "a:b.c_d-e~f",
        "日志-1",
        "a+b",
        "a&b=c",
        "short-event-id.66f1",
        "50%25",
        "a|b^c",
        "a/b",
        'a"b',
        "a#b",
        "a?b",
    ],
)
def test_odd_event_ids_are_found_in_the_path_and_as_a_filter(deployment: Deployment, event_id: str) -> None:
    deployment.land_and_deliver("log.json", as_array([make_event(event_id), make_event("other")]))

    assert deployment.get(f"/v1/events/{event_id}").body == make_event(event_id)
    assert deployment.get("/v1/events", {"eventId": event_id}).event_ids == [event_id]


def test_an_event_id_that_is_still_encoded_in_the_path_is_found(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array([make_event("a b/ü")]))

    assert deployment.get("/v1/events/a%20b%2F%C3%BC").body == make_event("a b/ü")


def test_of_several_events_with_one_id_the_newest_is_answered(deployment: Deployment) -> None:
    events = [
        make_event("same", eventTime=f"2026-03-0{day}T08:00:00Z", acsRegion=region)
        for day, region in ((7, "cn-beijing"), (9, "us-east-1"), (8, "cn-hangzhou"))
    ]
    deployment.land_and_deliver("log.json", as_array(events))

    assert deployment.get("/v1/events/same").body["eventTime"] == "2026-03-09T08:00:00Z"
    assert len(deployment.get("/v1/events", {"eventId": "same"}).body["events"]) == 3


def test_every_page_of_a_listing_is_read(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a store that lists three keys at a time: regions, dates and parts all have many pages."""
    regions = [f"region-{n}" for n in range(7)]
    for number, region in enumerate(regions):
        events = [
            make_event(f"{region}-{day}", acsRegion=region, eventTime=f"2026-03-0{day}T08:00:0{number}Z")
            for day in range(4, 10)
        ]
        deployment.land_and_deliver(f"log-{number}", as_array(events))
    for number in range(7):
        deployment.land_and_deliver(f"more-{number}", as_array([make_event(f"more-{number}", acsRegion="region-1")]))
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")

    found = [event_id for page in deployment.pages({"maxResults": "10"}) for event_id in page.event_ids]

    assert len(found) == len(set(found)) == 7 * 6 + 7
