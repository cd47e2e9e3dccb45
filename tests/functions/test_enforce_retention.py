"""enforce_retention: what has expired goes, from the lake and from the landing bucket, and answers stay right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functions.deployment import LAKE, LANDING, Deployment, sample
from tests.functions.events import as_array, make_event
from trailkeep.errors import ObjectUnreadable, RetentionRefused

YEAR_AGO = "2025-03-09T08:00:00Z"


def enforce(deployment: Deployment, remaining_milliseconds: int = 900_000) -> dict[str, Any]:
    event = sample("enforce_retention/schedule.json")
    answer: dict[str, Any] = deployment.invoke("enforce_retention", event, remaining_milliseconds)
    return answer


def deliver(deployment: Deployment, name: str, **changes: Any) -> None:
    deployment.land_and_deliver(name, as_array([make_event(name, **changes)]))


def ids_of(deployment: Deployment) -> list[str]:
    return sorted(event["eventId"] for event in deployment.all_events())


def records(deployment: Deployment) -> list[dict[str, Any]]:
    return deployment.documents("state/retention/deletions/")


def test_events_are_found_for_180_days_and_then_no_more(deployment: Deployment) -> None:
    deliver(deployment, "old")
    deployment.clock.forward(days=100)
    deliver(deployment, "young", eventTime="2026-06-18T12:00:00Z")
    deployment.clock.forward(days=79)
    assert enforce(deployment)["PartitionsExpired"] == 0
    assert ids_of(deployment) == ["old", "young"]
    deployment.clock.forward(days=2)

    answer = enforce(deployment)

    assert (answer["state"], answer["PartitionsExpired"], answer["ObjectsExpired"]) == ("succeeded", 1, 1)
    assert ids_of(deployment) == ["young"]
    page = deployment.get("/v1/events", {"startTime": "2026-03-09T00:00:00Z", "endTime": "2026-03-10T00:00:00Z"})
    assert (page.body["events"], page.body["completeness"]["complete"]) == ([], True)
    (record,) = records(deployment)
    assert record["partition"] == "events/region=cn-hangzhou/date=2026-03-09/"
    assert len(record["objects"]) == 1


def test_imported_history_stays_as_long_as_what_happens_today(deployment: Deployment) -> None:
    deliver(deployment, "history", eventTime=YEAR_AGO)

    enforce(deployment)
    assert ids_of(deployment) == ["history"]

    deployment.clock.forward(days=179)
    enforce(deployment)
    assert ids_of(deployment) == ["history"]

    deployment.clock.forward(days=2)
    enforce(deployment)
    assert ids_of(deployment) == []


def test_what_the_api_says_is_what_is_enforced(deployment: Deployment) -> None:
    deliver(deployment, "event")
    deployment.manage("PUT", "/v1/retention", {"days": 100})
    deployment.clock.forward(days=110)
    enforce(deployment)
    assert ids_of(deployment) == []

    told = deployment.manage("GET", "/v1/retention").body["lastRun"]
    assert told["state"] == "succeeded"
    assert told["terms"] == {"days": 100, "landingDays": 7, "quarantineDays": 30}
    assert (told["partitionsDeleted"], told["objectsDeleted"]) == (1, 1)
    assert told["startedAt"] == told["finishedAt"] == deployment.clock.time.isoformat().replace("+00:00", "Z")


def test_a_floor_that_is_raised_counts_at_once(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_FLOOR_DAYS", "365")
    deliver(deployment, "event")
    deployment.clock.forward(days=364)
    enforce(deployment)

    assert ids_of(deployment) == ["event"]


@pytest.mark.parametrize(
    ("scope", "kept"),
    [
        ({"regions": ["us-east-1"]}, ["b"]),
        ({"startDate": "2026-03-08", "endDate": "2026-03-08"}, ["c"]),
        ({"accounts": ["1700000000000022"]}, ["b"]),
        ({"accounts": ["1700000000000022"], "regions": ["cn-hangzhou"]}, []),
        ({"startDate": "2026-03-09"}, ["a", "b"]),
    ],
    ids=str,
)
def test_a_hold_keeps_what_it_names_until_it_is_released(
    deployment: Deployment, scope: dict[str, Any], kept: list[str]
) -> None:
    deliver(deployment, "a")
    deliver(deployment, "b", acsRegion="us-east-1", recipientAccountId="1700000000000022")
    deliver(deployment, "c", eventTime="2026-03-08T08:00:00Z")
    hold = deployment.manage("POST", "/v1/holds", {"name": "case", "reason": "court", **scope}).body["id"]
    deployment.clock.forward(days=200)

    answer = enforce(deployment)
    assert ids_of(deployment) == kept
    assert (answer["PartitionsHeld"], answer["PartitionsExpired"]) == (len(kept), 3 - len(kept))

    deployment.manage("DELETE", f"/v1/holds/{hold}")
    enforce(deployment)
    assert ids_of(deployment) == []


def test_landing_objects_go_after_their_commit_and_what_waits_does_not(deployment: Deployment) -> None:
    deliver(deployment, "sound")
    deployment.land_and_deliver("broken", as_array([make_event("half")])[:-1] + b",{]")
    deployment.land("waiting", as_array([make_event("waiting")]))
    assert deployment.quarantine_of("broken")
    deployment.clock.forward(days=8)

    assert enforce(deployment)["LandingObjectsExpired"] == 1
    assert deployment.keys(bucket=LANDING) == ["broken", "waiting"]

    deployment.clock.forward(days=23)
    enforce(deployment)
    assert deployment.keys(bucket=LANDING) == ["waiting"]
    assert deployment.invoke("sweep_landing", {})["announced"] == 1
    assert deployment.deliver("waiting", "sound") == []
    deployment.settle()
    assert ids_of(deployment) == ["half", "sound", "waiting"]


def test_an_object_overwritten_after_its_commit_is_delivered_first(deployment: Deployment) -> None:
    deliver(deployment, "log")
    deployment.land("log", as_array([make_event("second")]))
    deployment.clock.forward(days=30)
    enforce(deployment)
    assert deployment.keys(bucket=LANDING) == ["log"]

    assert deployment.deliver("log") == []
    deployment.clock.forward(days=8)
    enforce(deployment)

    assert deployment.keys(bucket=LANDING) == []
    assert ids_of(deployment) == ["log", "second"]


def test_the_documents_of_a_delivery_go_last(deployment: Deployment) -> None:
    deliver(deployment, "log")
    deployment.clock.forward(days=181)
    enforce(deployment)
    assert len(deployment.keys("state/commits/")) == len(deployment.keys("state/plans/")) == 1

    assert enforce(deployment)["DocumentsExpired"] == 2
    assert deployment.keys("state/commits/") == deployment.keys("state/plans/") == []
    assert deployment.invoke("sweep_landing", {})["announced"] == 0


def test_an_expired_event_that_is_delivered_again_stays_from_then_on(deployment: Deployment) -> None:
    deliver(deployment, "event")
    deployment.clock.forward(days=200)
    for _ in range(2):
        enforce(deployment)
    assert ids_of(deployment) == []

    deliver(deployment, "event")
    enforce(deployment)

    assert ids_of(deployment) == ["event"]


def test_without_time_a_run_does_nothing_and_says_so(deployment: Deployment) -> None:
    deliver(deployment, "event")
    deployment.clock.forward(days=200)

    assert enforce(deployment, remaining_milliseconds=59_000)["state"] == "unfinished"
    assert ids_of(deployment) == ["event"]
    assert enforce(deployment)["state"] == "succeeded"
    assert ids_of(deployment) == []


@pytest.mark.parametrize("key", ["state/retention.json", "state/holds/x"])
def test_what_decides_cannot_be_read_so_nothing_is_deleted(deployment: Deployment, key: str) -> None:
    deliver(deployment, "event")
    deployment.clock.forward(days=200)
    deployment.s3.put_object(Bucket=LAKE, Key=key, Body=b"damaged")

    with pytest.raises(ObjectUnreadable):
        enforce(deployment)

    assert ids_of(deployment) == ["event"]
    assert deployment.keys(bucket=LANDING) == ["event"]
    deployment.s3.delete_object(Bucket=LAKE, Key=key)
    told = deployment.manage("GET", "/v1/retention").body["lastRun"]
    assert (told["state"], "damaged" in told["reason"]) == ("refused", True)


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_wrong_deletes_nothing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    deliver(deployment, "event")
    stands = deployment.clock.time.replace(tzinfo=None)
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: stands)
    deployment.clock.forward(days=365 * years)

    with pytest.raises(RetentionRefused, match="clocks"):
        enforce(deployment)

    assert len(deployment.keys("events/")) == len(deployment.keys(bucket=LANDING)) == 1


def test_a_run_is_counted_and_logged_in_one_line(
    deployment: Deployment, log_lines: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(deployment, "event")
    deployment.clock.forward(days=200)
    capsys.readouterr()

    answer = enforce(deployment)

    (line,) = [line for line in log_lines() if line["message"] == "retention enforced"]
    assert (line["state"], line["PartitionsExpired"]) == ("succeeded", 1)
    emitted = [json.loads(text) for text in capsys.readouterr().out.splitlines() if "PartitionsExpired" in text]
    assert emitted[-1]["PartitionsExpired"] == [1.0]
    assert emitted[-1]["LandingObjectsExpired"] == [1.0]
    assert set(answer) - {"run", "state"} <= set(emitted[-1])
