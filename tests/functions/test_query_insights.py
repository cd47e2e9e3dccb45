"""query_events: GET /v1/insights, by what an Insight is about and by what it tells of the calls behind it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.functions.answers import assert_error
from tests.functions.deployment import ALL_SCOPES, GLOBAL_REGION, HOME_REGION, LAKE, Deployment
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import date_of, parse_micros, to_micros
from trailkeep.insights.insight import Attribution, Insight, Moment, withdrawal_of
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import INSIGHTS, Part, Partition
from trailkeep.lake.storage import Bucket


def at(time: str, **told: list[str]) -> Moment:
    attributions = [
        Attribution(name, [(value, 1.5) for value in values], [("usual", 0.1)]) for name, values in told.items()
    ]
    return Moment(parse_micros(f"2026-03-09T{time}:00Z"), 9, 6, attributions, ["event-1"])


def make(insight_type: str, subject: str, start: Moment, end: Moment | None = None, **more: Any) -> Insight:
    return Insight(
        insight_type=insight_type,
        insight_object=subject,
        account_id=more.get("account", "1"),
        region=more.get("region", "cn-hangzhou"),
        date="2026-03-09",
        number=1,
        baseline_rate=0.1,
        baseline_minutes=40_320,
        start=start,
        end=end,
        details={"series": [{"time": "2026-03-09T08:00:00Z", "calls": 9, "usual": 0.5}]},
    )


IP = make(
    "IpInsight",
    "203.0.113.7",
    at("08:00", apiRelated=["Ecs:StopInstances", "Ram:CreateUser"], sourceIpAddress=["203.0.113.7"]),
    at("09:00", apiRelated=["Ecs:StopInstances", "Oss:ListBuckets"], sourceIpAddress=["203.0.113.7"]),
)
KEY = make(
    "AkInsight",
    "LTAI5tExample",
    at(
        "08:30", accessKeyId=["LTAI5tExample"], sourceIpAddress=["192.0.2.1", "2001:db8::7"], errorCode=["NoPermission"]
    ),
    account="2",
    region="us-east-1",
)


def store(deployment: Deployment, event: dict[str, Any]) -> None:
    """As evaluation stores it."""
    now = to_micros(deployment.clock.time)
    arrival = Arrival("insights", now, RegionRules(HOME_REGION, GLOBAL_REGION))
    result = normalise(Record(0, msgspec.json.encode(event)), arrival)
    assert not isinstance(result, Rejected)
    row, _ = result
    part = Part(Partition(INSIGHTS, row.region, date_of(row.event_time)), row.event_time, row.event_time, row.uid.hex())
    assert Bucket(LAKE).create(part.key, encode_part([row], now).body)


@pytest.fixture
def stack(deployment: Deployment) -> Deployment:
    for insight in (IP, KEY):
        for _, event in insight.events():
            store(deployment, event)
    (_, start), *_ = KEY.events()
    store(deployment, withdrawal_of(start, parse_micros("2026-03-09T10:00:00Z")))
    deployment.settle()
    return deployment


def found(deployment: Deployment, who: Any = ALL_SCOPES, **parameters: Any) -> list[str]:
    """The type and the state of each Insight event, the oldest first."""
    asked = {"direction": "FORWARD", **{name.replace("_not", "!"): value for name, value in parameters.items()}}
    answer = deployment.get("/v1/insights", asked, who)
    assert answer.status == 200, answer.text
    assert answer.body["completeness"]["complete"] is True
    details = [event["insightDetails"] for event in answer.body["insights"]]
    return [f"{each['insightType']} {each['state']}" for each in details]


START, END, KEY_START, WITHDRAWN = "IpInsight Start", "IpInsight End", "AkInsight Start", "AkInsight Withdrawn"
ALL = [START, KEY_START, END, WITHDRAWN]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ALL),
        ({"insightType": "IpInsight"}, [START, END]),
        ({"insightType": ["IpInsight", "AkInsight"]}, ALL),
        ({"insightObject": "LTAI5tExample"}, [KEY_START, WITHDRAWN]),
        ({"serviceName": "Ecs"}, [START, END]),
        ({"serviceName": "Ram"}, [START]),
        ({"serviceName": "Oss"}, [END]),
        ({"serviceName": "usual"}, []),
        ({"eventName": "StopInstances"}, [START, END]),
        ({"eventName": ["CreateUser", "ListBuckets"]}, [START, END]),
        ({"sourceIpAddress": "203.0.113.7"}, [START, END]),
        ({"sourceIpAddress": "192.0.2.0/24"}, [KEY_START, WITHDRAWN]),
        ({"sourceIpAddress": "2001:DB8:0::/48"}, [KEY_START, WITHDRAWN]),
        ({"accessKeyId": "LTAI5tExample"}, [KEY_START, WITHDRAWN]),
        ({"errorCode": "NoPermission", "state": "Start"}, [KEY_START]),
        ({"state": "Withdrawn"}, [WITHDRAWN]),
        ({"state": ["Start", "End"], "serviceName": "Ecs"}, [START, END]),
        ({"state_not": "Start"}, [END, WITHDRAWN]),
        ({"serviceName_not": "Ecs"}, [KEY_START, WITHDRAWN]),
        ({"accountId": "2"}, [KEY_START, WITHDRAWN]),
        ({"region": "us-east-1"}, [KEY_START, WITHDRAWN]),
        ({"startTime": "2026-03-09T08:30:00Z", "endTime": "2026-03-09T09:30:00Z"}, [KEY_START, END]),
        ({"serviceName": "Ecs", "accessKeyId": "LTAI5tExample"}, []),
    ],
    ids=str,
)
def test_insights_are_found_by_one_or_more_of_what_they_say(
    stack: Deployment, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert found(stack, **parameters) == expected


def test_a_narrowed_token_finds_what_it_may_see(stack: Deployment) -> None:
    assert found(stack, {**ALL_SCOPES, "accounts": "2"}) == [KEY_START, WITHDRAWN]
    assert found(stack, {**ALL_SCOPES, "regions": "cn-hangzhou"}, sourceIpAddress="0.0.0.0/0") == [START, END]
    assert found(stack, {**ALL_SCOPES, "accounts": "1"}, accessKeyId="LTAI5tExample") == []


def test_pages_of_filtered_insights_together_are_the_whole(stack: Deployment) -> None:
    asked = {"sourceIpAddress": ["203.0.113.0/24", "192.0.2.1"], "maxResults": "1"}

    pages = list(stack.pages(asked, "/v1/insights"))
    stack.restart()

    events = [event for page in pages for event in page.body["insights"]]
    assert [len(page.body["insights"]) for page in pages] == [1] * 4
    assert len({event["eventId"] for event in events}) == 4
    again = stack.get("/v1/insights", {**asked, "nextToken": pages[0].body["nextToken"]})
    assert again.body["insights"] == pages[1].body["insights"]


def test_an_insight_is_told_verbatim_with_its_series(stack: Deployment) -> None:
    (event,) = stack.get("/v1/insights", {"state": "Start", "serviceName": "Ram"}).body["insights"]

    assert event == dict(IP.events())["Start"]
    assert event["insightDetails"]["insightContext"]["series"][0]["usual"] == 0.5


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"sourceIpAddress": "10.0.0.0/99"}, "sourceIpAddress"),
        ({"insightTyp": "IpInsight"}, "insightTyp"),
        ({"state": ""}, "state"),
        ({"view": "operator"}, "view"),
    ],
)
def test_what_cannot_be_asked_of_insights_is_refused(stack: Deployment, parameters: dict[str, str], named: str) -> None:
    answer = stack.get("/v1/insights", parameters)

    assert_error(answer, 400, "InvalidParameter")
    assert named in answer.body["message"]
