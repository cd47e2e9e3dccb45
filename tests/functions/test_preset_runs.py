"""Presets, run as users run them: over a lake with the events of all of them, SQL included."""

from __future__ import annotations

import json
from typing import Any

from tests.functions.deployment import Deployment
from tests.functions.events import as_array
from tests.unit.preset_events import (
    ALI_FAILED,
    ALI_FAILED_BY_CODE,
    AWS_FAILED,
    AWS_REFUSED,
    CASES,
    IAM_USER,
    RAM_USER,
    REFUSED,
    Event,
    ali,
    ali_sign_in,
    aws,
    aws_sign_in,
)
from trailkeep.saved_queries.presets import presets

WINDOW = {"startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-11T00:00:00Z"}
SHAPED = {preset.id for preset in presets().values() if "|" in preset.query}
"""Presets whose SQL makes rows of what they find."""


def named(event: Event, name: str, time: str = "2026-03-09T08:00:00Z") -> Event:
    """An event with an ID and a time of its own."""
    own = {key: value for key, value in event.items() if key not in ("eventId", "eventID")}
    return {**own, "eventId": name, "eventTime": time}


def test_each_preset_gives_the_events_that_it_is_for(deployment: Deployment) -> None:
    events = [
        named(event, f"{preset} {kind} {number}")
        for preset, case in CASES.items()
        for kind, listed in (("finds", case.finds), ("leaves", case.leaves))
        for number, event in enumerate(listed)
    ]
    deployment.land_and_deliver("cases.json", as_array(events))

    for preset in CASES.keys() - SHAPED:
        body = {"arguments": CASES[preset].arguments, **WINDOW, "maxResults": 1000}
        answer = deployment.run_saved_query(preset, body)
        assert answer.status == 200, answer.text
        found = {event["eventId"] for event in answer.body["events"]}
        missed = {f"{preset} finds {number}" for number in range(len(CASES[preset].finds))} - found
        taken = {f"{preset} leaves {number}" for number in range(len(CASES[preset].leaves))} & found
        assert (missed, taken) == (set(), set())


def rows(deployment: Deployment, preset: str, arguments: dict[str, Any], *events: Event) -> list[dict[str, Any]]:
    """What a preset gives for events, without times."""
    each = [named(event, f"event-{n}", event.get("at", "2026-03-09T08:00:00Z")) for n, event in enumerate(events)]
    deployment.land_and_deliver("log.json", as_array(each))
    answer = deployment.run_saved_query(preset, {"arguments": arguments, **WINDOW})
    assert answer.status == 200, answer.text
    assert json.loads(json.dumps(answer.body["columns"]))
    return [
        {name: value for name, value in row.items() if name not in ("first_at", "last_at", "event_time")}
        for row in answer.body["rows"]
    ]


def test_repeated_failed_logins_are_counted_by_user_and_address(deployment: Deployment) -> None:
    events = [
        ALI_FAILED,
        ALI_FAILED_BY_CODE,
        AWS_FAILED,
        ali_sign_in(),
        {**ALI_FAILED, "sourceIpAddress": "192.0.2.77"},
    ]

    found = rows(deployment, "preset-repeated-failed-logins", {"times": 1}, *events)

    assert found == [{"user_name": "alice", "source_ip_address": "192.0.2.19", "failures": 2}]


def test_logins_out_of_hours_are_those_by_night_and_on_weekends(deployment: Deployment) -> None:
    def at(time: str, who: Event = RAM_USER) -> Event:
        return {**ali_sign_in(who), "at": time}

    found = rows(
        deployment,
        "preset-logins-out-of-hours",
        {"from": 7, "until": 19},
        at("2026-03-09T07:00:00Z"),  # a Monday
        at("2026-03-09T18:59:59Z"),
        at("2026-03-09T06:59:59Z", {**RAM_USER, "userName": "early"}),
        at("2026-03-09T19:00:00Z", {**RAM_USER, "userName": "late"}),
        at("2026-03-08T12:00:00Z", {**RAM_USER, "userName": "on sunday"}),
        {**ALI_FAILED, "at": "2026-03-08T12:00:00Z"},
        {**aws_sign_in(), "at": "2026-03-07T12:00:00Z"},
    )

    assert [row["user_name"] for row in found] == ["late", "early", "on sunday", "bob"]


def test_password_changes_are_counted_for_whose_password_it_was(deployment: Deployment) -> None:
    for_eve = aws("iam", "UpdateLoginProfile", {"userName": "eve"})
    by_admin = {**for_eve, "userIdentity": {**IAM_USER, "userName": "admin"}}

    found = rows(
        deployment,
        "preset-repeated-password-changes",
        {},
        for_eve,
        by_admin,
        aws("iam", "UpdateLoginProfile", {"userName": "mallory"}),
        aws("iam", "ChangePassword"),
        ali("Ram", "ChangePassword"),
        ali("Ram", "ChangePassword"),
    )

    assert sorted((row["changed_user"], row["changes"]) for row in found) == [("alice", 2), ("eve", 2)]


def test_keys_are_told_by_how_often_they_failed_and_at_what(deployment: Deployment) -> None:
    key = {**RAM_USER, "accessKeyId": "LTAI5tExample"}
    failed = [
        ali("Ecs", name, userIdentity=key, **REFUSED) for name in ("RunInstances", "RunInstances", "StopInstance")
    ]

    found = rows(
        deployment, "preset-key-failures", {"times": 2}, *failed, ali("Ecs", "RunInstances", userIdentity=key),
        aws("s3", "ListBuckets", **AWS_REFUSED),
    )  # fmt: skip

    assert found == [
        {
            "account_id": "1000000000000001",
            "access_key_id": "LTAI5tExample",
            "user_name": "alice",
            "failures": 3,
            "operations": 2,
        }
    ]


def test_denials_are_counted_by_caller(deployment: Deployment) -> None:
    denied = [
        aws("s3", "ListBuckets", **AWS_REFUSED),
        aws("ec2", "RunInstances", errorCode="Client.UnauthorizedOperation"),
    ]

    found = rows(deployment, "preset-repeated-denials", {"times": 1}, *denied, ali("Ecs", "RunInstances", **REFUSED))

    assert found == [
        {
            "account_id": "111122223333",
            "user_name": "bob",
            "source_ip_address": "192.0.2.20",
            "denials": 2,
            "operations": 2,
            "services": 2,
        }
    ]


def test_errors_are_counted_by_operation_and_code(deployment: Deployment) -> None:
    wrong = ali("Ecs", "RunInstances", errorCode="InvalidParameter")

    found = rows(
        deployment, "preset-frequent-errors", {"times": 1}, wrong, wrong, ali("Ecs", "RunInstances", **REFUSED)
    )

    assert found == [
        {
            "service_name": "Ecs",
            "event_name": "RunInstances",
            "error_code": "InvalidParameter",
            "failures": 2,
            "users": 1,
        }
    ]


def test_reboots_of_several_instances_count_for_each(deployment: Deployment) -> None:
    def reboot(*instances: str) -> Event:
        return ali("Ecs", "RebootInstances", referencedResources={"ACS::ECS::Instance": list(instances)})

    found = rows(
        deployment, "preset-frequent-reboots", {"times": 1}, reboot("i-1", "i-2"), reboot("i-1"), reboot("i-3")
    )

    assert found == [{"instance": "i-1", "reboots": 2}]


def test_every_preset_with_sql_is_tried() -> None:
    assert {
        "preset-repeated-failed-logins",
        "preset-logins-out-of-hours",
        "preset-repeated-password-changes",
        "preset-key-failures",
        "preset-repeated-denials",
        "preset-frequent-errors",
        "preset-frequent-reboots",
    } == SHAPED
