"""detect_insights: what is unusual in the lake becomes Insights, told once, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functions.deployment import Deployment, deployed
from tests.functions.detections import detect, insights
from tests.local.history import PLANTED_ACCESS_KEY, PLANTED_ADDRESS, landing_objects
from tests.local.history_cast import ACTIONTRAIL_ACCOUNT

# The generated history with its planted address


@pytest.fixture(scope="module")
def history() -> Iterator[Deployment]:
    """Five days up to now, delivered, and looked at once."""
    with deployed() as deployment:
        objects = list(landing_objects(deployment.clock.time))
        for item in objects:
            deployment.land(item.key, item.body)
        for start in range(0, len(objects), 10):
            assert deployment.deliver(*[item.key for item in objects[start : start + 10]]) == []
        deployment.settle()
        assert detect(deployment) == {"calls": detect_counts(deployment), "insights": 1, "stored": 2}
        yield deployment


def detect_counts(deployment: Deployment) -> int:
    """Events from addresses: those of services do not count."""
    everything = deployment.all_events({"sourceIpAddress": ["0.0.0.0/0", "::/0"]})
    return len(everything)


def test_exactly_the_planted_address_is_found(history: Deployment) -> None:
    end, start = insights(history)

    assert (start["insightDetails"]["state"], end["insightDetails"]["state"]) == ("Start", "End")
    for event in (start, end):
        assert (event["eventCategory"], event["eventName"]) == ("Insight", "IpInsight")
        assert event["insightDetails"]["insightType"] == "IpInsight"
        assert event["insightDetails"]["insightObject"] == PLANTED_ADDRESS
        assert event["recipientAccountId"] == ACTIONTRAIL_ACCOUNT
        assert event["acsRegion"] in ("cn-hangzhou", "ap-southeast-1")
    assert start["sharedEventId"] == end["sharedEventId"]
    assert start["eventId"] != end["eventId"]
    assert end["insightDetails"]["insightContext"]["statistics"]["insightCount"] == 40


def test_an_insight_rests_on_events_that_are_found(history: Deployment) -> None:
    start = insights(history, state="Start")[0]
    context = start["insightDetails"]["insightContext"]

    assert len(context["events"]) == 10
    for event_id in context["events"]:
        evidence = history.get(f"/v1/events/{event_id}").body
        assert evidence["sourceIpAddress"] == PLANTED_ADDRESS
        assert evidence["userIdentity"]["accessKeyId"] == PLANTED_ACCESS_KEY
    names = [attribution["attribution"] for attribution in context["attributions"]]
    assert names == ["userAgent", "principalId", "apiRelated", "errorCode"]


def test_looking_again_stores_nothing_again(history: Deployment) -> None:
    before = history.objects("insights/")

    for _ in range(3):
        history.restart()
        history.clock.forward(minutes=5)
        assert detect(history)["stored"] == 0

    assert history.objects("insights/") == before
    assert len(insights(history)) == 2


@pytest.mark.parametrize(
    ("parameters", "states"),
    [
        ({}, ["End", "Start"]),
        ({"direction": "FORWARD"}, ["Start", "End"]),
        ({"insightType": "IpInsight"}, ["End", "Start"]),
        ({"insightType": "ApiCallRateInsight"}, []),
        ({"insightType!": "IpInsight"}, []),
        ({"insightObject": PLANTED_ADDRESS}, ["End", "Start"]),
        ({"insightObject": ["192.0.2.1", PLANTED_ADDRESS]}, ["End", "Start"]),
        ({"insightObject": "192.0.2.1"}, []),
        ({"sourceIpAddress": PLANTED_ADDRESS}, ["End", "Start"]),
        ({"sourceIpAddress": "203.0.113.0/24"}, ["End", "Start"]),
        ({"sourceIpAddress!": "203.0.113.0/24"}, []),
        ({"state": "Start"}, ["Start"]),
        ({"state": ["Start", "End"]}, ["End", "Start"]),
        ({"state!": "Start"}, ["End"]),
        ({"eventName": "IpInsight", "region": ["cn-hangzhou", "ap-southeast-1"]}, ["End", "Start"]),
        ({"region": "us-east-1"}, []),
        ({"accountId": ACTIONTRAIL_ACCOUNT}, ["End", "Start"]),
        ({"maxResults": "1"}, ["End", "Start"]),
        ({"endTime": "2026-03-10T00:00:00Z"}, []),
        ({"startTime": "2026-03-10T00:00:00Z"}, ["End", "Start"]),
    ],
    ids=str,
)
def test_insights_are_looked_up_as_events_are(
    history: Deployment, parameters: dict[str, Any], states: list[str]
) -> None:
    assert [event["insightDetails"]["state"] for event in insights(history, **parameters)] == states


def test_an_answer_of_insights_says_how_complete_it_is(history: Deployment) -> None:
    answer = history.get("/v1/insights", {"insightType": "IpInsight"})

    assert set(answer.body) == {"insights", "completeness"}
    assert answer.body["completeness"]["complete"] is True


def test_a_parameter_that_insights_do_not_know_is_named(history: Deployment) -> None:
    answer = history.get("/v1/insights", {"insightTyp": "IpInsight"})

    assert (answer.status, answer.body["code"]) == (400, "InvalidParameter")
    assert "insightType" in answer.body["hint"]


def test_a_narrowed_token_sees_insights_of_its_own_account_only(history: Deployment) -> None:
    who = {"tokenId": "x", "scopes": "view", "accounts": "1", "regions": "*"}
    assert history.get("/v1/insights", who=who).body["insights"] == []
    assert len(history.get("/v1/insights", who={**who, "accounts": ACTIONTRAIL_ACCOUNT}).body["insights"]) == 2
