"""query_events: events as an operator's log shows them, in seven columns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import Deployment
from tests.functions.events import as_array, make_event, make_events

GATEWAY = {
    "eventId": "gateway",
    "eventName": "service.updated",
    "eventTime": "2026-03-09T10:00:00+02:00",
    "serviceName": "gateway",
    "sourceIpAddress": "2001:db8:10::3",
    "userIdentity": {"type": "operator", "userName": "张伟"},
    "resourceType": "service",
    "resourceId": "fb2a549b-f5a8-46ee-b9c6-b0cc167ec5ae",
    "resourceName": "httpbin",
    "additionalEventData": {"source": "dashboard"},
}
CLOUDTRAIL = {
    "eventID": "cloudtrail",
    "eventName": "DeleteBucket",
    "eventSource": "s3.amazonaws.com",
    "eventTime": "2026-03-09T09:00:00.25Z",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "192.0.2.1",
    "userAgent": "aws-cli/2.17",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/deployer/ci-4711",
        "accountId": "111122223333",
    },
    "resources": [
        {"ARN": "arn:aws:s3:::invoices", "type": "AWS::S3::Bucket"},
        {"ARN": "arn:aws:iam::111122223333:role/x/deployer", "type": "AWS::IAM::Role"},
    ],
}


def row(**columns: str | None) -> dict[str, str | None]:
    names = ("time", "operator", "event", "resourceId", "resourceName", "sourceIpAddress", "source")
    return {name: columns.get(name) for name in names}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            GATEWAY,
            row(
                time="2026-03-09T08:00:00Z",
                operator="张伟",
                event="service.updated",
                resourceId="fb2a549b-f5a8-46ee-b9c6-b0cc167ec5ae",
                resourceName="httpbin",
                sourceIpAddress="2001:db8:10::3",
                source="dashboard",
            ),
        ),
        (
            CLOUDTRAIL,
            row(
                time="2026-03-09T09:00:00.250000Z",
                operator="ci-4711",
                event="DeleteBucket",
                resourceId="arn:aws:s3:::invoices,arn:aws:iam::111122223333:role/x/deployer",
                resourceName="invoices,deployer",
                sourceIpAddress="192.0.2.1",
                source="aws-cli/2.17",
            ),
        ),
        (
            make_event(eventName="StopInstances", resourceType="ACS::ECS::Instance", resourceName="i-1,i-2"),
            row(
                time="2026-03-09T08:00:00Z",
                operator="alice",
                event="StopInstances",
                resourceId="i-1,i-2",
                resourceName="i-1,i-2",
                sourceIpAddress="192.0.2.10",
                source="AliyunConsole",
            ),
        ),
        (
            {"eventId": "bare", "eventName": "x", "eventTime": "2026-03-09T08:00:00Z"},
            row(time="2026-03-09T08:00:00Z", event="x"),
        ),
        (
            {
                "eventId": "odd",
                "eventName": "x",
                "eventTime": "2026-03-09T08:00:00Z",
                "userIdentity": "nobody",
                "resourceName": ["a"],
                "resourceId": {"a": 1},
                "additionalEventData": ["source"],
                "sourceIpAddress": 7,
                "userAgent": None,
            },
            row(time="2026-03-09T08:00:00Z", event="x", sourceIpAddress="7"),
        ),
    ],
    ids=["application", "CloudTrail", "ActionTrail", "bare", "odd"],
)
def test_each_event_is_given_in_seven_columns(
    deployment: Deployment, event: dict[str, Any], expected: dict[str, str | None]
) -> None:
    deployment.land_and_deliver("log.json", as_array([event]))

    answer = deployment.get("/v1/events", {"view": "operator"})

    assert answer.body["events"] == [expected]
    assert answer.body["completeness"]["complete"]


def test_secrets_are_as_masked_as_in_the_event(deployment: Deployment) -> None:
    event = make_event(userAgent="curl -H 'Authorization: Bearer abcdef0123456789abcdef0123456789'")
    deployment.land_and_deliver("log.json", as_array([event]))

    (shown,) = deployment.get("/v1/events", {"view": "operator"}).body["events"]

    assert "abcdef" not in shown["source"]


def test_it_shows_the_same_events_page_by_page(deployment: Deployment) -> None:
    events = [make_event(f"e-{n}", eventName=f"Name{n}", eventTime=f"2026-03-09T08:00:{n:02}Z") for n in range(9)]
    deployment.land_and_deliver("log.json", as_array(events))
    asked = {"eventRW": "Read", "maxResults": "4", "direction": "FORWARD", "eventName!": "Name3"}

    whole = [event["eventName"] for page in deployment.pages(asked) for event in page.body["events"]]
    shown = [row["event"] for page in deployment.pages({**asked, "view": "operator"}) for row in page.body["events"]]

    assert shown == whole == [f"Name{n}" for n in range(9) if n != 3]


def test_a_question_may_be_shown_in_another_way_from_page_to_page(deployment: Deployment) -> None:
    deployment.land_and_deliver("log.json", as_array(make_events(4)))
    first = deployment.get("/v1/events", {"view": "operator", "maxResults": "2"})

    second = deployment.get("/v1/events", {"nextToken": first.body["nextToken"]})

    assert second.event_ids == ["event-1", "event-0"]


def test_an_event_larger_than_any_answer_is_a_row_like_others(deployment: Deployment) -> None:
    huge = {**make_event("huge"), "requestParameters": {"text": "x" * 6_000_000}}
    deployment.land_and_deliver("log.json", as_array([huge]))

    answer = deployment.get("/v1/events", {"view": "operator"})

    assert [shown["event"] for shown in answer.body["events"]] == ["DescribeInstances"]
    assert len(answer.text) < 2_000
    assert deployment.keys("exports/") == []


@pytest.mark.parametrize("path", ["/v1/insights", "/v1/histogram"])
def test_it_is_a_view_of_events_alone(deployment: Deployment, path: str) -> None:
    answer = deployment.get(path, {"view": "operator"})

    assert_error(answer, 400, "InvalidParameter")
    assert "view" in answer.body["message"]
