"""detect_insights, count_calls, evaluate_account: what is unusual in a usual week is told, once, and little else is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.functions.clock import START, Clock
from tests.functions.deployment import Deployment, deployed
from tests.functions.detections import detect, insights, told_by_bus, told_by_topic
from tests.functions.events import Event
from tests.local.history import PLANTED_ACCESS_KEY, PLANTED_ADDRESS, PLANTED_USER, LandingObject, landing_objects
from tests.local.history_cast import ACTIONTRAIL_ACCOUNT, CLOUDTRAIL_ACCOUNT

DAYS = 10
"""Of history: about what it takes until people have habits of their own."""

SINCE = "2026-01-01T00:00:00Z"
JOINING = "AddUserToGroup"
"""The one change of permissions that people of the history make, now and then."""


def deliver(deployment: Deployment, objects: Iterable[LandingObject]) -> None:
    keys = [deployment.land(each.key, each.body) for each in objects]
    for first in range(0, len(keys), 10):
        assert deployment.deliver(*keys[first : first + 10]) == []
    deployment.settle()


def arrived(item: LandingObject) -> datetime:
    """The end of the window of a log object, by its key."""
    name = item.key.rpartition("/")[2].split("_")
    if item.key.startswith("AWSLogs/"):
        return datetime.strptime(name[3], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    return datetime.strptime(name[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def told_in_time() -> list[list[Event]]:
    """What was told by the end of the attack, and by now, of days that were looked at window by window."""
    told = []
    end_of_attack = START - timedelta(minutes=90)
    objects = list(landing_objects(START, days=DAYS))
    with deployed(Clock(end_of_attack)) as deployment:
        assert detect(deployment) == 0
        before = datetime.min.replace(tzinfo=UTC)
        for now in (end_of_attack, START):
            deployment.clock.time = now
            deliver(deployment, [each for each in objects if before < arrived(each) <= now])
            detect(deployment)
            told.append(told_by_topic(deployment))
            before = now
    return told


@pytest.fixture(scope="module")
def history(told_in_time: object) -> Iterator[Deployment]:
    """Days up to now, delivered, and looked at once; the only deployment at its time."""
    with deployed() as deployment:
        deliver(deployment, landing_objects(START, days=DAYS))
        assert detect(deployment) > 0
        yield deployment


def of_type(name: str, events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event["insightDetails"]["insightType"] == name]


def states(events: Iterable[Event]) -> list[str]:
    return [event["insightDetails"]["state"] for event in events]


@pytest.fixture(scope="module")
def calls(history: Deployment) -> Mapping[str, Event]:
    """Every event that a lookup finds, by its ID."""
    found = history.all_events()
    return {event.get("eventId") or event["eventID"]: event for event in found}


def evidence(calls: Mapping[str, Event], insight: Event) -> list[Event]:
    """The events that an Insight rests on."""
    return [calls[event_id] for event_id in insight["insightDetails"]["insightContext"]["events"]]


# The planted address


def test_exactly_the_planted_address_is_found(history: Deployment) -> None:
    start, end = of_type("IpInsight", insights(history, startTime=SINCE, direction="FORWARD"))

    assert states([start, end]) == ["Start", "End"]
    for event in (start, end):
        assert (event["eventCategory"], event["eventName"]) == ("Insight", "IpInsight")
        assert event["insightDetails"]["insightObject"] == PLANTED_ADDRESS
        assert event["recipientAccountId"] == ACTIONTRAIL_ACCOUNT
        assert event["acsRegion"] in ("cn-hangzhou", "ap-southeast-1")
    assert start["sharedEventId"] == end["sharedEventId"]
    assert start["eventId"] != end["eventId"]
    assert end["insightDetails"]["insightContext"]["statistics"]["insightCount"] == 40


def test_an_insight_rests_on_events_that_are_found(history: Deployment, calls: Mapping[str, Event]) -> None:
    for insight in insights(history, insightType="IpInsight"):
        behind = evidence(calls, insight)

        assert 5 <= len(behind) <= 20  # of calls of a minute that are alike, one
        assert {event["sourceIpAddress"] for event in behind} == {PLANTED_ADDRESS}
        assert {event["userIdentity"]["accessKeyId"] for event in behind} == {PLANTED_ACCESS_KEY}


def test_an_insight_says_why_and_by_how_much(history: Deployment) -> None:
    (end,) = insights(history, insightType="IpInsight", state="End")
    context = end["insightDetails"]["insightContext"]

    told = {each["attribution"]: [each["value"] for each in each["insight"]] for each in context["attributions"]}
    assert list(told) == ["userAgent", "principalId", "apiRelated", "errorCode", "sourceIpAddress", "accessKeyId"]
    assert told["apiRelated"][0] == "Oss:GetObject"
    assert told["principalId"] == [f"user/{PLANTED_USER}"]
    assert (told["sourceIpAddress"], told["accessKeyId"]) == ([PLANTED_ADDRESS], [PLANTED_ACCESS_KEY])
    assert sum(each["points"] for each in context["evidence"]) == pytest.approx(context["score"], abs=0.01)
    assert sum(hour["calls"] for hour in context["series"]) == 40


def test_what_else_is_found_is_of_the_planted_caller(history: Deployment, calls: Mapping[str, Event]) -> None:
    """But for the change of permissions that is really one, by somebody who had not made it within these few days."""
    found = insights(history, startTime=SINCE)
    of_others = set()
    for insight in found:
        behind = evidence(calls, insight)
        if {event.get("sourceIpAddress") for event in behind} != {PLANTED_ADDRESS}:
            of_others.add((insight["eventName"], *(event["eventName"] for event in behind)))

    assert {event["recipientAccountId"] for event in found} == {ACTIONTRAIL_ACCOUNT}
    assert of_others <= {("PolicyChangeInsight", JOINING)}


def test_the_attempt_to_stop_the_trail_is_found(history: Deployment, calls: Mapping[str, Event]) -> None:
    start, end = insights(history, insightType="TrailConcealmentInsight", startTime=SINCE, direction="FORWARD")

    assert states([start, end]) == ["Start", "End"]
    for insight in (start, end):
        (call,) = evidence(calls, insight)
        assert (call["eventName"], call["sourceIpAddress"]) == ("StopLogging", PLANTED_ADDRESS)


# Told once


def test_all_that_is_stored_is_told_to_everyone(history: Deployment) -> None:
    stored = sorted(event["eventId"] for event in insights(history, startTime=SINCE))

    assert sorted(event["eventId"] for event in told_by_bus(history)) == stored
    assert sorted(event["eventId"] for event in told_by_topic(history)) == stored


def test_looking_again_stores_and_tells_nothing_again(history: Deployment) -> None:
    before, told = history.objects("insights/"), len(told_by_topic(history))
    start = history.clock.time

    for _ in range(3):
        history.restart()
        history.clock.forward(minutes=5)
        detect(history)

    history.clock.time = start
    assert history.objects("insights/") == before
    assert len(told_by_bus(history)) == len(told_by_topic(history)) == told


def test_as_time_goes_by_the_same_is_told_as_afterwards(history: Deployment, told_in_time: list[list[Event]]) -> None:
    """But for the score at the start: it rests on what is known by then."""
    at_its_end, an_hour_later = (of_type("IpInsight", told) for told in told_in_time)
    start, end = an_hour_later
    later_start, later_end = insights(history, insightObject=PLANTED_ADDRESS, startTime=SINCE, direction="FORWARD")

    assert states(at_its_end) == ["Start"]
    assert end == later_end
    assert without_score(start) == without_score(later_start)


def without_score(insight: Event) -> Event:
    details = insight["insightDetails"]
    context = {name: value for name, value in details["insightContext"].items() if name not in ("score", "evidence")}
    return {**insight, "insightDetails": {**details, "insightContext": context}}


# Looked up


@pytest.mark.parametrize(
    ("parameters", "expected"),
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
        ({"accessKeyId": PLANTED_ACCESS_KEY}, ["End", "Start"]),
        ({"serviceName": "Oss", "eventName": "GetObject"}, ["End"]),
        ({"state": "Start"}, ["Start"]),
        ({"state": ["Start", "End"]}, ["End", "Start"]),
        ({"state!": "Start"}, ["End"]),
        ({"region": ["cn-hangzhou", "ap-southeast-1"]}, ["End", "Start"]),
        ({"region": "us-east-1"}, []),
        ({"accountId": ACTIONTRAIL_ACCOUNT}, ["End", "Start"]),
        ({"accountId": CLOUDTRAIL_ACCOUNT}, []),
        ({"maxResults": "1"}, ["End", "Start"]),
        ({"endTime": "2026-03-10T00:00:00Z"}, []),
        ({"startTime": "2026-03-10T00:00:00Z"}, ["End", "Start"]),
    ],
    ids=str,
)
def test_insights_are_looked_up_as_events_are(
    history: Deployment, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert states(of_type("IpInsight", insights(history, **parameters))) == expected


@pytest.mark.parametrize("what", [{"sourceIpAddress": PLANTED_ADDRESS}, {"insightObject": PLANTED_ADDRESS}], ids=str)
def test_asked_about_the_planted_address_nothing_of_others_is_answered(
    history: Deployment, calls: Mapping[str, Event], what: dict[str, str]
) -> None:
    for insight in insights(history, startTime=SINCE, **what):
        assert {event["sourceIpAddress"] for event in evidence(calls, insight)} == {PLANTED_ADDRESS}


def test_a_narrowed_token_sees_insights_of_its_own_accounts_only(history: Deployment) -> None:
    who = {"tokenId": "x", "scopes": "view", "accounts": CLOUDTRAIL_ACCOUNT, "regions": "*"}
    assert history.get("/v1/insights", who=who).body["insights"] == []
    own = history.get("/v1/insights", who={**who, "accounts": ACTIONTRAIL_ACCOUNT}).body["insights"]
    assert states(of_type("IpInsight", own)) == ["End", "Start"]
