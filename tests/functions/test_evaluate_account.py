"""evaluate_account: from delivered events to Insights that are stored, found through the API, and told once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.functions.clock import START
from tests.functions.countings import count_all, taken
from tests.functions.deployment import Deployment, client
from tests.functions.detections import (
    ADDRESS,
    detect,
    evaluate,
    insights,
    kept_back,
    order,
    suspicious,
    teach,
    told_by_bus,
    told_by_topic,
)
from tests.functions.events import Event, as_array, make_event

ACCOUNT = "1700000000000011"
DATE = "2026-03-10"


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """One that finds calls of mallory unusual, and has run before."""
    teach(deployment)
    detect(deployment)
    return deployment


def deliver(deployment: Deployment, name: str, *groups: list[Event]) -> None:
    deployment.land_and_deliver(name, as_array([event for group in groups for event in group]))


def states(events: list[Event]) -> list[tuple[str, str]]:
    return [(event["insightDetails"]["insightObject"], event["insightDetails"]["state"]) for event in events]


def test_what_is_delivered_is_told_to_everyone_once_and_found_through_the_api(deployment: Deployment) -> None:
    deliver(deployment, "log", [make_event("usual")], suspicious(START - timedelta(hours=2), 10))

    assert detect(deployment) == 1

    assert states(insights(deployment, direction="FORWARD")) == [(ADDRESS, "Start"), (ADDRESS, "End")]
    assert told_by_bus(deployment) == told_by_topic(deployment) == insights(deployment, direction="FORWARD")
    start = insights(deployment, state="Start")[0]
    assert start["recipientAccountId"] == ACCOUNT
    evidence = start["insightDetails"]["insightContext"]["events"]
    assert [deployment.get(f"/v1/events/{each}").status for each in evidence] == [200] * 5


def test_runs_that_follow_tell_nothing_again(deployment: Deployment) -> None:
    deliver(deployment, "log", suspicious(START - timedelta(hours=2), 10))
    detect(deployment)
    before = deployment.objects("insights/")

    for _ in range(3):
        deployment.restart()
        teach(deployment)
        deployment.clock.forward(minutes=5)
        detect(deployment)

    assert deployment.objects("insights/") == before
    assert len(told_by_bus(deployment)) == len(told_by_topic(deployment)) == 2


def test_what_goes_on_is_told_as_it_begins_and_when_it_has_ended(deployment: Deployment) -> None:
    deliver(deployment, "log", suspicious(START - timedelta(minutes=10), 10))
    detect(deployment)
    assert states(told_by_topic(deployment)) == [(ADDRESS, "Start")]
    deliver(deployment, "more", suspicious(START, 10))
    deployment.clock.forward(minutes=30)
    detect(deployment)
    assert states(told_by_topic(deployment)) == [(ADDRESS, "Start")]
    deployment.clock.forward(minutes=60)

    detect(deployment)

    assert states(told_by_topic(deployment)) == [(ADDRESS, "Start"), (ADDRESS, "End")]
    start, end = told_by_topic(deployment)
    assert start["sharedEventId"] == end["sharedEventId"]
    assert end["eventTime"] == "2026-03-10T12:10:00Z"
    assert end["insightDetails"]["insightContext"]["statistics"]["insightCount"] == 20


def test_calls_that_come_days_late_add_and_change_nothing_that_was_told(deployment: Deployment) -> None:
    deliver(deployment, "log", suspicious(START - timedelta(hours=2), 10))
    detect(deployment)
    told = told_by_topic(deployment)
    deployment.clock.forward(days=9)

    deliver(deployment, "early", suspicious(START - timedelta(hours=3), 1))
    deliver(deployment, "other", suspicious(START - timedelta(hours=5), 10, "198.51.100.7"))
    detect(deployment)

    assert told_by_topic(deployment)[:2] == told
    assert states(told_by_topic(deployment)[2:]) == [("198.51.100.7", "Start"), ("198.51.100.7", "End")]
    assert len(insights(deployment, startTime="2026-03-01T00:00:00Z")) == 4


@pytest.mark.parametrize("account", ["ac/count", "日志", "x" * 200])
def test_accounts_of_any_name_are_looked_at(deployment: Deployment, account: str) -> None:
    deliver(deployment, "log", suspicious(START - timedelta(hours=2), 10, recipientAccountId=account))

    detect(deployment)

    assert [event["recipientAccountId"] for event in told_by_topic(deployment)] == [account] * 2
    assert len(insights(deployment, accountId=account)) == 2


def test_accounts_are_looked_at_one_by_one(deployment: Deployment) -> None:
    deliver(
        deployment,
        "log",
        suspicious(START - timedelta(hours=2), 3, recipientAccountId="1"),
        suspicious(START - timedelta(hours=2), 3, recipientAccountId="2", acsRegion="eu-west-1"),
        suspicious(START - timedelta(hours=2, minutes=-10), 3, recipientAccountId="2"),
    )

    detect(deployment)

    assert {event["recipientAccountId"] for event in told_by_topic(deployment)} == {"2"}
    assert {event["acsRegion"] for event in told_by_topic(deployment)} == {"eu-west-1"}


def test_an_event_cannot_pass_itself_off_as_an_insight(deployment: Deployment) -> None:
    details = {"insightType": "IpInsight", "insightObject": ADDRESS, "state": "Start"}
    forged = make_event("forged", eventCategory="Insight", eventName="IpInsight", insightDetails=details)
    deliver(deployment, "log", [forged])

    detect(deployment)

    assert insights(deployment) == told_by_topic(deployment) == []


def test_a_history_that_comes_in_is_looked_at_when_no_more_of_it_comes(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSIGHTS_PATIENCE_SECONDS", "360")
    deployment.restart()
    teach(deployment)
    deliver(deployment, "import", suspicious(START - timedelta(days=9), 10))

    detect(deployment)

    (later,) = [json.loads(body) for body in kept_back(deployment)]
    assert later == {"account": ACCOUNT, "dates": ["2026-03-01"], "putOff": 1}
    assert told_by_topic(deployment) == []
    deployment.clock.forward(minutes=7)
    assert evaluate(deployment, json.dumps(later))
    assert states(told_by_topic(deployment)) == [(ADDRESS, "Start"), (ADDRESS, "End")]
    assert len(kept_back(deployment)) == 1


def test_without_its_topic_insights_are_stored_and_told_when_it_is_there(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    deliver(deployment, "log", suspicious(START - timedelta(hours=2), 10))
    only_count(deployment)
    sns = client("sns")
    sns.delete_topic(TopicArn=deployment.topic_arn)

    assert not evaluate(deployment, order(ACCOUNT, DATE))

    assert len(insights(deployment)) == len(told_by_bus(deployment)) == 2
    (line,) = [line for line in log_lines() if line["level"] == "ERROR"]
    assert (line["message"], line["kind"]) == ("evaluation failed", "StorageUnavailable")
    assert not evaluate(deployment, order(ACCOUNT))
    sns.create_topic(Name="trailkeep-insights")
    assert evaluate(deployment, order(ACCOUNT))
    assert len(told_by_topic(deployment)) == len(told_by_bus(deployment)) == 2


def test_a_message_that_names_no_account_says_so_and_stays_in_the_queue(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    assert not evaluate(deployment, '{"dates": []}')

    (line,) = [line for line in log_lines() if line["level"] == "ERROR"]
    assert (line["message"], line["kind"]) == ("evaluation failed", "InvalidBody")


def test_a_tally_that_is_damaged_tells_nothing(deployment: Deployment) -> None:
    """What is missing could be what makes the rest usual."""
    deliver(deployment, "log", suspicious(START - timedelta(hours=2), 10))
    only_count(deployment)
    (tally,) = deployment.keys("state/insights/tallies/")
    deployment.s3.put_object(Bucket="trailkeep-lake", Key=tally, Body=b"PAR1")

    assert not evaluate(deployment, order(ACCOUNT, DATE))

    assert deployment.keys("insights/") == []
    assert told_by_topic(deployment) == []


def only_count(deployment: Deployment) -> None:
    """Count, and leave the accounts to the test."""
    count_all(deployment)
    taken(deployment, deployment.evaluation_queue_url)
