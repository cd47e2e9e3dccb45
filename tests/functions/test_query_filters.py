"""query_events: the questions that GET /v1/events understands, each parameter by itself, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, Deployment, deployed, sample
from tests.functions.events import Event, as_array, as_lines, make_event

CLOUDTRAIL: Event = {
    "eventVersion": "1.09",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:ci-4711",
        "arn": "arn:aws:sts::111122223333:assumed-role/deployer/ci-4711",
        "accountId": "111122223333",
        "accessKeyId": "ASIAEXAMPLECIKEY0001",
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "deployer"}},
    },
    "eventTime": "2026-03-09T09:00:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "DeleteBucket",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "2001:db8:0:0:0:0:0:17",
    "errorCode": "AccessDenied",
    "readOnly": False,
    "resources": [{"ARN": "arn:aws:s3:::invoices", "type": "AWS::S3::Bucket"}],
    "eventID": "cloudtrail",
    "eventType": "AwsApiCall",
    "recipientAccountId": "111122223333",
}


def at(second: int) -> str:
    return f"2026-03-09T08:00:{second:02}Z"


def user(kind: str, name: str, key: str) -> Event:
    return {"type": kind, "userName": name, "accountId": "1", "accessKeyId": key}


EVENTS = [
    make_event("plain"),
    make_event(
        "write",
        eventTime=at(1),
        eventName="StopInstances",
        eventRW="Write",
        resourceType="ACS::ECS::Instance",
        resourceName="i-1,i-2",
    ),
    make_event("bob", eventTime=at(2), userIdentity=user("ram-user", "bob", "null")),
    make_event("role", eventTime=at(3), userIdentity=user("assumed-role", "auditor:bob", "STS.NUexample")),
    make_event(
        "kms",
        eventTime=at(4),
        serviceName="Kms",
        eventSource="kms.cn-beijing.aliyuncs.com",
        acsRegion="cn-beijing",
        sourceIpAddress="Internal",
    ),
    make_event("service", eventTime=at(5), sourceIpAddress="rds.aliyuncs.com"),
    make_event("neighbour", eventTime=at(6), sourceIpAddress="192.0.2.77"),
    make_event("sixth", eventTime=at(7), sourceIpAddress="2001:DB8::17"),
    make_event("no address", eventTime=at(8), sourceIpAddress=...),
    make_event("error", eventTime=at(9), errorCode="Forbidden.RAM"),
    make_event("error null", eventTime=at(10), errorCode="null"),
    make_event(
        "sign-in",
        eventTime=at(11),
        eventType="ConsoleSignin",
        eventName="ConsoleSignin",
        acsRegion="ap-southeast-1",
    ),
    CLOUDTRAIL,
]
IDS = [event.get("eventId") or event["eventID"] for event in EVENTS]


@pytest.fixture(scope="module")
def lake() -> Iterator[Deployment]:
    """The events above, in three objects that overlap."""
    with deployed() as deployment:
        deployment.land_and_deliver("a.json", as_array(EVENTS[:8]))
        deployment.land_and_deliver("b.json", as_array(EVENTS[6:-1]))
        deployment.land_and_deliver("c.ndjson", as_lines(EVENTS[-1:]))
        yield deployment


def all_but(*event_ids: str) -> list[str]:
    return [event_id for event_id in IDS if event_id not in event_ids]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, IDS),
        ({"eventId": "write"}, ["write"]),
        ({"eventId": ["write", "bob", "nobody"]}, ["write", "bob"]),
        ({"eventName": "StopInstances"}, ["write"]),
        ({"eventName": "stopinstances"}, []),
        ({"eventName": "Stop*"}, []),
        ({"eventName": ["StopInstances", "DeleteBucket"]}, ["write", "cloudtrail"]),
        ({"eventName!": "DescribeInstances"}, ["write", "sign-in", "cloudtrail"]),
        ({"eventName!": ["DescribeInstances", "ConsoleSignin"]}, ["write", "cloudtrail"]),
        ({"eventRW": "Write"}, ["write", "cloudtrail"]),
        ({"eventRW": ["Read", "Write"]}, IDS),
        ({"eventRW!": "Read"}, ["write", "cloudtrail"]),
        ({"eventType": "AwsApiCall"}, ["cloudtrail"]),
        ({"serviceName": "Kms"}, ["kms"]),
        ({"serviceName": "s3"}, ["cloudtrail"]),
        ({"serviceName": "s3.amazonaws.com"}, ["cloudtrail"]),
        ({"serviceName": "kms.cn-beijing.aliyuncs.com"}, ["kms"]),
        ({"serviceName!": "Ecs"}, ["kms", "cloudtrail"]),
        ({"user": "bob"}, ["bob"]),
        ({"user": "ci-4711"}, ["cloudtrail"]),
        ({"user": ["bob", "auditor:bob"]}, ["bob", "role"]),
        ({"user!": "alice"}, ["bob", "role", "cloudtrail"]),
        ({"roleName": ["auditor", "deployer"]}, ["role", "cloudtrail"]),
        ({"roleName!": "auditor"}, all_but("role")),
        ({"accessKeyId": "STS.NUexample"}, ["role"]),
        ({"accessKeyId": "null"}, []),
        ({"accessKeyId!": "LTAI5tAliceExample000001"}, ["bob", "role", "cloudtrail"]),
        ({"accountId": ["111122223333", "1"]}, ["bob", "role", "cloudtrail"]),
        ({"resourceType": "ACS::ECS::Instance"}, ["write"]),
        ({"resourceName": "i-2"}, ["write"]),
        ({"resourceName": ["i-1", "i-2", "arn:aws:s3:::invoices"]}, ["write", "cloudtrail"]),
        ({"resourceName!": "i-2"}, all_but("write")),
        ({"errorCode": ["Forbidden.RAM", "AccessDenied"]}, ["error", "cloudtrail"]),
        ({"errorCode": "null"}, []),
        ({"errorCode!": "AccessDenied"}, all_but("cloudtrail")),
        ({"sourceIpAddress": "192.0.2.77"}, ["neighbour"]),
        ({"sourceIpAddress": "Internal"}, ["kms"]),
        ({"sourceIpAddress": "rds.aliyuncs.com"}, ["service"]),
        ({"sourceIpAddress": "192.0.2.64/26"}, ["neighbour"]),
        ({"sourceIpAddress": "192.0.2.99/26"}, ["neighbour"]),
        ({"sourceIpAddress": "192.0.2.77/32"}, ["neighbour"]),
        ({"sourceIpAddress": "0.0.0.0/0"}, all_but("kms", "service", "sixth", "no address", "cloudtrail")),
        ({"sourceIpAddress": "::/0"}, ["sixth", "cloudtrail"]),
        ({"sourceIpAddress": "2001:db8::17"}, ["sixth", "cloudtrail"]),
        ({"sourceIpAddress": "2001:0DB8:0000:0000:0000:0000:0000:0017"}, ["sixth", "cloudtrail"]),
        ({"sourceIpAddress": "2001:db8::/32"}, ["sixth", "cloudtrail"]),
        ({"sourceIpAddress": "2001:db9::/32"}, []),
        ({"sourceIpAddress": ["2001:db8::17", "192.0.2.77", "Internal"]}, ["kms", "neighbour", "sixth", "cloudtrail"]),
        ({"sourceIpAddress!": "192.0.2.0/24"}, ["kms", "service", "sixth", "no address", "cloudtrail"]),
        ({"sourceIpAddress!": ["0.0.0.0/0", "::/0"]}, ["kms", "service", "no address"]),
        ({"region": "cn-beijing"}, ["kms"]),
        ({"region": ["cn-beijing", "us-east-1"]}, ["kms", "cloudtrail"]),
        ({"region": ["cn-beijing", "cn-beijing"]}, ["kms"]),
        ({"region": "*"}, IDS),
        ({"region": ["cn-beijing", "*"]}, IDS),
        ({"region": "mars-west-1"}, []),
        ({"eventName": "DescribeInstances", "user": "bob"}, ["bob"]),
        ({"eventName": "DescribeInstances", "user!": ["alice", "bob"], "region": "cn-hangzhou"}, ["role"]),
        ({"user": "' OR 1=1 --"}, []),
        ({"user": "%"}, []),
        ({"user": 'a\\u0000\n"}'}, []),
        ({"sensitive": "true"}, ["cloudtrail"]),
        ({"sensitive!": "false"}, ["cloudtrail"]),
        ({"sensitive": "false"}, all_but("cloudtrail")),
        ({"sensitive!": "true"}, all_but("cloudtrail")),
        ({"sensitive": ["true", "false"]}, IDS),
        ({"sensitive!": ["true", "false"]}, []),
        ({"sensitive": "true", "serviceName": "s3.amazonaws.com"}, ["cloudtrail"]),
        ({"sensitive": "true", "eventName!": "DeleteBucket"}, []),
        ({"sensitive": "false", "eventRW": "Write"}, ["write"]),
        ({"sourceIpAddress": "::ffff:192.0.2.77"}, ["neighbour"]),
        ({"sourceIpAddress": "::ffff:192.0.2.64/122"}, ["neighbour"]),
        ({"user": "😀" * 200}, []),
        ({"eventId": [f"id-{n}" for n in range(99)] + ["bob"]}, ["bob"]),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("direction", ["BACKWARD", "FORWARD"])
def test_filters_let_through_exactly_what_they_name(
    lake: Deployment, parameters: dict[str, Any], expected: list[str], direction: str
) -> None:
    answer = lake.get("/v1/events", {**parameters, "direction": direction})

    assert answer.status == 200
    assert answer.event_ids == (expected if direction == "FORWARD" else expected[::-1])
    assert answer.body["completeness"]["complete"]
    assert "nextToken" not in answer.body


def test_events_of_several_regions_are_merged_in_order_of_time(lake: Deployment) -> None:
    answer = lake.get("/v1/events", {"region": ["cn-hangzhou", "cn-beijing", "us-east-1", "ap-southeast-1"]})

    times = [event["eventTime"] for event in answer.body["events"]]
    assert times == sorted(times, reverse=True)
    assert answer.event_ids == IDS[::-1]
    assert answer.body["completeness"]["partitions"] == 4


def test_events_come_back_verbatim(lake: Deployment) -> None:
    assert sorted(map(str, lake.get("/v1/events").body["events"])) == sorted(map(str, EVENTS))


@pytest.mark.parametrize("event", EVENTS, ids=IDS)
def test_each_event_is_found_by_its_id(lake: Deployment, event: Event) -> None:
    answer = lake.get(f"/v1/events/{event.get('eventId') or event['eventID']}")

    assert (answer.status, answer.body) == (200, event)


def test_an_event_that_is_not_there_is_told_by_its_id(lake: Deployment) -> None:
    answer = lake.get("/v1/events/nowhere")

    assert_error(answer, 404, "EventNotFound")
    assert "nowhere" in answer.body["message"]


# Windows


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-09T08:00:03Z", "2026-03-09T08:00:06Z", ["role", "kms", "service"]),
        ("2026-03-09T08:00:03Z", "2026-03-09T08:00:03.000001Z", ["role"]),
        ("2026-03-09T08:00:03.000001Z", "2026-03-09T08:00:04Z", []),
        ("2026-03-09T08:00:03.5Z", "2026-03-09T08:00:04.5Z", ["kms"]),
        ("2026-03-09T16:00:03+08:00", "2026-03-09T08:00:04Z", ["role"]),
        ("2026-03-09T09:00:00Z", "9999-12-31T23:59:59Z", ["cloudtrail"]),
        ("1970-01-01T00:00:00Z", "2026-03-09T08:00:01Z", ["plain"]),
        ("0001-01-01T00:00:00Z", "2026-03-09T08:00:01Z", ["plain"]),
        ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", IDS),
        ("2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z", []),
        ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z", []),
    ],
)
def test_windows_are_half_open(lake: Deployment, start: str, end: str, expected: list[str]) -> None:
    for direction, order in (("FORWARD", expected), ("BACKWARD", expected[::-1])):
        answer = lake.get("/v1/events", {"startTime": start, "endTime": end, "direction": direction})
        assert (answer.status, answer.event_ids) == (200, order), answer.text


# Errors

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"eventNam": "x"}, "eventNam"),
    ({"startDate": "2026-03-09"}, "startDate"),
    ({"": "x"}, "unknown parameter"),
    ({"!": "x"}, "unknown parameter"),
    ({"startTime!": "2026-03-09T08:00:00Z"}, "startTime!"),
    ({"region!": "cn-hangzhou"}, "region!"),
    ({"eventName!!": "x"}, "eventName!!"),
    ({"x" * 5_000: "x"}, "unknown parameter"),
    ({"__proto__": "x"}, "__proto__"),
    ({"eventName": ""}, "eventName"),
    ({"eventName": ["a", ""]}, "eventName"),
    ({"eventRW": "read"}, "eventRW"),
    ({"eventRW": "All"}, "eventRW"),
    ({"maxResults": "0"}, "maxResults"),
    ({"maxResults": "-1"}, "maxResults"),
    ({"maxResults": "1001"}, "maxResults"),
    ({"maxResults": "1e3"}, "maxResults"),
    ({"maxResults": "1e9"}, "maxResults"),
    ({"maxResults": "1000000000"}, "maxResults"),
    ({"maxResults": "-0"}, "maxResults"),
    ({"maxResults": "+5"}, "maxResults"),
    ({"maxResults": "Infinity"}, "maxResults"),
    ({"maxResults": "0x10"}, "maxResults"),
    ({"maxResults": "1_0"}, "maxResults"),
    ({"maxResults": ""}, "maxResults"),
    ({"maxResults": "\ud835\udfd9"}, "maxResults"),
    ({"maxResults": "1.5"}, "maxResults"),
    ({"maxResults": "NaN"}, "maxResults"),
    ({"maxResults": "１０"}, "maxResults"),
    ({"maxResults": " 10"}, "maxResults"),
    ({"maxResults": "9" * 5_000}, "maxResults"),
    ({"maxResults": ["10", "20"]}, "maxResults"),
    ({"direction": "backward"}, "direction"),
    ({"direction": ["BACKWARD", "FORWARD"]}, "direction"),
    ({"startTime": "yesterday"}, "startTime"),
    ({"startTime": "2026-03-09"}, "startTime"),
    ({"startTime": "2026-03-09T08:00:00"}, "startTime"),
    ({"startTime": "2026-03-09T08:00:00 08:00"}, "startTime"),
    ({"startTime": "1773043200"}, "startTime"),
    ({"endTime": "2026-02-30T00:00:00Z"}, "endTime"),
    ({"endTime": "10000-01-01T00:00:00Z"}, "endTime"),
    ({"endTime": ["2026-03-09T08:00:00Z"] * 2}, "endTime"),
    ({"sourceIpAddress": "192.0.2.0/33"}, "sourceIpAddress"),
    ({"sourceIpAddress": "not/a/network"}, "sourceIpAddress"),
    ({"sourceIpAddress": "2001:db8::zz"}, "sourceIpAddress"),
    ({"sourceIpAddress!": "10.0.0/8/8"}, "sourceIpAddress!"),
    ({"eventId": [f"id-{n}" for n in range(101)]}, "eventId"),
    ({"region": "../../x"}, "region"),
    ({"region": "us-east-1/date=2026-03-09"}, "region"),
    ({"region": ""}, "region"),
    ({"nextToken": ""}, "nextToken"),
    ({"insightType": "IpInsight"}, "insightType"),
    ({"sensitive": "True"}, "sensitive"),
    ({"sensitive": ["true", "maybe"]}, "sensitive"),
    ({"sensitive!": ""}, "sensitive!"),
    ({"eventName": "\ud800"}, "eventName"),
    ({"user!": ["alice", "a\udfff"]}, "user!"),
    ({"\ud800": "x"}, "unknown parameter"),
    ({"view": "Operator"}, "view"),
    ({"view": "ocsf"}, "view"),
    ({"view": ""}, "view"),
    ({"view": ["operator", "operator"]}, "view"),
    ({"view!": "operator"}, "view!"),
]


@pytest.mark.parametrize(("parameters", "named"), WRONG, ids=[str(parameters)[:50] for parameters, _ in WRONG])
def test_a_parameter_that_cannot_be_is_named(lake: Deployment, parameters: dict[str, Any], named: str) -> None:
    answer = lake.get("/v1/events", parameters)

    assert_error(answer, 400, "InvalidParameter")
    assert named in answer.body["message"]
    assert len(answer.text) < 1_000


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("eventNam", "eventName"),
        ("eventname", "eventName"),
        ("max_results", "maxResults"),
        ("startDate", "startTime"),
        ("sourceIPAddress", "sourceIpAddress"),
        ("regions", "region"),
        ("username", "user"),
        ("accessKeyID", "accessKeyId"),
        ("NextToken", "nextToken"),
        ("sensitiv", "sensitive"),
        ("isSensitive", "sensitive"),
        ("views", "view"),
    ],
)
def test_an_unknown_parameter_is_told_the_nearest_known_one(lake: Deployment, unknown: str, nearest: str) -> None:
    answer = lake.get("/v1/events", {unknown: "x"})

    assert_error(answer, 400, "InvalidParameter")
    assert nearest in answer.body["hint"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-09T08:00:00Z", "2026-03-09T08:00:00Z"),
        ("2026-03-09T08:00:00.000001Z", "2026-03-09T08:00:00Z"),
        ("2026-03-10T00:00:00Z", "2026-03-09T00:00:00Z"),
        ("2027-01-01T00:00:00Z", None),
        (None, "1970-01-01T00:00:00Z"),
        (None, "0001-01-01T00:00:00Z"),
    ],
)
def test_a_window_that_ends_before_it_starts_is_refused(lake: Deployment, start: str | None, end: str | None) -> None:
    parameters = {name: value for name, value in (("startTime", start), ("endTime", end)) if value}
    assert_error(lake.get("/v1/events", parameters), 400, "InvalidTimeRange")


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/event", "/v2/events", "/v1/Events", "/v1/insights/x", "//v1/events", "/v1/%65vents"]
)
def test_other_routes_are_not_found(lake: Deployment, path: str) -> None:
    assert_error(lake.get(path), 404, "RouteNotFound")


def test_an_unexpected_failure_is_told_by_its_request_id_alone(
    lake: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lake.function("query_events").__dict__, "lookup", None)

    answer = lake.get("/v1/events")

    assert_error(answer, 500, "InternalError")
    assert answer.body["requestId"] == "6f1d2c3b-0000-4000-8000-000000000001"
    assert "NoneType" not in answer.text


def test_answers_are_json_that_nobody_stores(lake: Deployment) -> None:
    for answer in (lake.get("/v1/events"), lake.get("/v1/nope"), lake.get("/v1/me")):
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_single_valued_request_works_where_the_gateway_sends_no_lists(lake: Deployment) -> None:
    event = sample("query_events/lookup.json")
    event |= {"multiValueQueryStringParameters": None, "queryStringParameters": {"eventId": "bob"}}
    event["requestContext"]["authorizer"] = ALL_SCOPES

    assert '"eventId": "bob"' in lake.invoke("query_events", event)["body"]
