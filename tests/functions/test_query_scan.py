"""query_events against a full scan in plain Python: any question over any events gives what the scan gives."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.functions.clock import START
from tests.functions.deployment import deployed
from tests.functions.events import Event, as_lines, make_event

REGIONS = ("cn-hangzhou", "us-east-1", "eu-west-1")
EDGES = [datetime(2026, 3, 8, 23, 59, 59, 999_999, tzinfo=UTC) + timedelta(microseconds=n) for n in range(3)]
"""Around midnight and around the default window's start, with others that stand for themselves."""
MOMENTS = [
    *EDGES,
    START - timedelta(days=7),
    START - timedelta(days=7, microseconds=1),
    datetime(2026, 3, 9, 8, tzinfo=UTC),
]
ADDRESSES = [
    "192.0.2.1",
    "192.0.2.200",
    "2001:db8::1",
    "2001:0DB8:0:0::1",
    "2001:db8::ff",
    "Internal",
    "192.0.2.999",
    "::ffff:192.0.2.1",
    None,
]

moments = st.sampled_from(MOMENTS) | st.integers(0, 3 * 86_400 * 10**6).map(
    lambda n: START - timedelta(days=3.5) + timedelta(microseconds=n)
)


def text_of(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@st.composite
def events(draw: st.DrawFn) -> Event:
    return make_event(
        eventTime=text_of(draw(moments)),
        acsRegion=draw(st.sampled_from(REGIONS)),
        eventName=draw(st.sampled_from(["RunInstances", "DeleteBucket", "run", "日志"])),
        eventRW=draw(st.sampled_from(["Read", "Write"])),
        serviceName=draw(st.sampled_from(["Ecs", "Oss", None])),
        eventSource=draw(st.sampled_from(["ecs.aliyuncs.com", "Oss"])),
        sourceIpAddress=draw(st.sampled_from(ADDRESSES)),
        errorCode=draw(st.sampled_from([None, "Forbidden", "Throttling"])),
        resourceName=draw(st.sampled_from([None, "i-1", "i-2", "i-1,i-2"])),
        userIdentity={
            "type": "ram-user",
            "accountId": "1",
            "userName": draw(st.sampled_from(["alice", "bob"])),
            "accessKeyId": draw(st.sampled_from(["LTAI1", "LTAI2", "null"])),
        },
    )


def named(objects: list[list[Event]]) -> list[list[Event]]:
    """The same events, each with an ID of its own."""
    return [[{**event, "eventId": f"{n}-{m}"} for m, event in enumerate(content)] for n, content in enumerate(objects)]


lakes = st.lists(st.lists(events(), min_size=1, max_size=12), min_size=1, max_size=5).map(named)
values = {
    "eventName": ["RunInstances", "DeleteBucket", "run", "日志", "nothing"],
    "eventRW": ["Read", "Write"],
    "serviceName": ["Ecs", "Oss", "ecs.aliyuncs.com"],
    "user": ["alice", "bob", "carol"],
    "accessKeyId": ["LTAI1", "LTAI2", "null"],
    "errorCode": ["Forbidden", "Throttling"],
    "resourceName": ["i-1", "i-2", "i-1,i-2"],
    "sourceIpAddress": ["192.0.2.1", "192.0.2.0/25", "0.0.0.0/0", "2001:db8::1", "2001:db8::/64", "Internal"],
    "sensitive": ["true", "false"],
}  # fmt: skip
filters = st.dictionaries(
    st.sampled_from(sorted(values)).flatmap(lambda name: st.sampled_from([name, f"{name}!"])), st.none(), max_size=3
).flatmap(
    lambda chosen: st.fixed_dictionaries(
        {name: st.lists(st.sampled_from(values[name.removesuffix("!")]), min_size=1, max_size=2) for name in chosen}
    )
)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    asked: dict[str, Any] = draw(filters)
    asked["maxResults"] = str(draw(st.integers(1, 12)))
    if draw(st.booleans()):
        asked["direction"] = draw(st.sampled_from(["BACKWARD", "FORWARD"]))
    if draw(st.booleans()):
        asked["region"] = draw(st.lists(st.sampled_from([*REGIONS, "mars-west-1", "*"]), min_size=1, max_size=2))
    start, end = sorted([draw(moments), draw(moments)])
    if draw(st.booleans()):
        asked["startTime"] = text_of(start)
    if draw(st.booleans()) and end > start:
        asked["endTime"] = text_of(end)
    return asked


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(objects=lakes, asked=st.lists(questions(), min_size=1, max_size=4))
@example(objects=[[make_event("e1")], [make_event("e1"), make_event("e2")]], asked=[{"maxResults": "1"}])
def test_any_question_gives_what_a_full_scan_gives(objects: list[list[Event]], asked: list[dict[str, Any]]) -> None:
    """Every object is delivered, the first one twice under another name, so that copies stand in the lake."""
    with deployed() as deployment:
        keys = [deployment.land(f"log-{n}", as_lines(content)) for n, content in enumerate([*objects, objects[0]])]
        assert deployment.deliver(*keys) == []
        deployment.settle()
        now = deployment.clock.time

        for question in asked:
            expected = full_scan([event for content in objects for event in content], question, now)
            pages = list(deployment.pages(question))
            found = [event for page in pages for event in page.body["events"]]

            assert sorted(event["eventId"] for event in found) == sorted(event["eventId"] for event in expected)
            assert [event["eventTime"] for event in found] == [event["eventTime"] for event in expected]
            assert all(len(page.event_ids) == int(question["maxResults"]) for page in pages[:-1])
            assert all(page.body["completeness"]["complete"] for page in pages)


def full_scan(every: list[Event], question: dict[str, Any], now: datetime) -> list[Event]:
    """The events that a question asks for, each once, in the order asked for; ties in any order."""
    end = datetime.fromisoformat(question["endTime"]) if "endTime" in question else now
    start = datetime.fromisoformat(question["startTime"]) if "startTime" in question else end - timedelta(days=7)
    regions = question.get("region", ["*"])
    unique = {(event["eventId"], event["eventTime"]): event for event in every}
    wanted = [
        event
        for event in unique.values()
        if start <= datetime.fromisoformat(event["eventTime"]) < end
        and ("*" in regions or event["acsRegion"] in regions)
        and all(matches(event, name, question[name]) for name in question if name.removesuffix("!") in values)
    ]
    newest_first = question.get("direction", "BACKWARD") == "BACKWARD"
    return sorted(wanted, key=lambda event: datetime.fromisoformat(event["eventTime"]), reverse=newest_first)


def matches(event: Event, name: str, wanted: list[str]) -> bool:
    if name.endswith("!"):
        return not matches(event, name[:-1], wanted)
    match name:
        case "user" | "accessKeyId":
            value = event["userIdentity"][{"user": "userName"}.get(name, name)]
            return value != "null" and value in wanted
        case "serviceName":
            return event["eventSource"] in wanted or event["serviceName"] in wanted
        case "resourceName":
            return any(resource in wanted for resource in (event["resourceName"] or "").split(","))
        case "sourceIpAddress":
            return any(is_address(event["sourceIpAddress"], value) for value in wanted)
        case "sensitive":
            is_sensitive = event["eventName"] == "DeleteBucket" and "Oss" in (
                event["serviceName"],
                event["eventSource"],
            )
            return ("true" if is_sensitive else "false") in wanted
    return event[name] in wanted


def is_address(address: str | None, wanted: str) -> bool:
    if address is None or address == wanted:
        return address == wanted
    try:
        return ipaddress.ip_address(address.removeprefix("::ffff:")) in ipaddress.ip_network(wanted)
    except ValueError:
        return False
