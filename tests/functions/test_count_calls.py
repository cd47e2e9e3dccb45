"""Planning and counting as deployed: from delivered objects to tallies, and the messages about accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functions.compactions import quiet
from tests.functions.countings import count, count_all, plan, taken, to_evaluate
from tests.functions.deployment import LAKE, Deployment
from tests.functions.events import as_array, make_event
from trailkeep.errors import StorageUnavailable
from trailkeep.insights.counting.tallies import list_tallies, read_facts
from trailkeep.insights.facts import Fact
from trailkeep.lake.storage import Bucket

TODAY = "2026-03-10"


def deliver(deployment: Deployment, name: str, *events: dict[str, Any]) -> None:
    deployment.land_and_deliver(f"{name}.json", as_array(list(events)))


def event(name: str, time: str = f"{TODAY}T08:00:00Z", account: str = "222233334444", **more: Any) -> dict[str, Any]:
    return make_event(name, eventTime=time, recipientAccountId=account, **more)


def facts(deployment: Deployment, account: str = "222233334444") -> list[Fact]:
    lake = Bucket(LAKE)
    return read_facts(lake, list_tallies(lake, account, "2026-01-01", "2026-12-31"))


def test_from_a_delivery_to_the_accounts_that_are_to_be_evaluated(deployment: Deployment) -> None:
    plan(deployment)
    later = event("b", f"{TODAY}T08:00:30Z")
    deliver(deployment, "first", later, event("a"), event("c", account="1", acsRegion="cn-beijing"))

    assert count_all(deployment) == 2

    assert to_evaluate(deployment) == {"222233334444": {TODAY}, "1": {TODAY}}
    assert [(fact.calls, fact.event_id, fact.region) for fact in facts(deployment)] == [(2, "a", "cn-hangzhou")]
    assert [fact.region for fact in facts(deployment, "1")] == ["cn-beijing"]


def test_the_same_event_delivered_again_and_compacted_counts_once(deployment: Deployment) -> None:
    plan(deployment)
    for name in ("first", "again"):
        deliver(deployment, name, event("a"), event("b", f"{TODAY}T09:00:00Z"))
        count_all(deployment)
    before = facts(deployment)
    deployment.restart()
    quiet(deployment)
    deliver(deployment, "late", event("c", f"{TODAY}T09:30:00Z"))

    count_all(deployment)

    assert sum(fact.calls for fact in before) == 2
    assert [fact.event_id for fact in facts(deployment)] == ["a", "b", "c"]


def test_the_first_run_counts_a_lake_that_stands_and_a_full_run_counts_it_again(deployment: Deployment) -> None:
    deliver(deployment, "first", event("a"), event("b", "2026-02-20T09:00:00Z"))
    assert plan(deployment)["full"] is True
    taken(deployment, deployment.counting_queue_url)
    deployment.clock.forward(minutes=30)
    assert plan(deployment)["CountsOrdered"] == 0

    assert plan(deployment, full=True)["CountsOrdered"] == 2
    for body in taken(deployment, deployment.counting_queue_url):
        assert count(deployment, body)

    assert [fact.event_id for fact in facts(deployment)] == ["b", "a"]
    assert to_evaluate(deployment) == {"222233334444": {TODAY, "2026-02-20"}}
    assert plan(deployment)["EvaluationsOrdered"] == 1
    assert to_evaluate(deployment) == {"222233334444": set()}


def test_what_time_does_not_allow_for_is_ordered_again(deployment: Deployment) -> None:
    plan(deployment)
    deliver(deployment, "first", event("a"), event("b", "2026-03-08T09:00:00Z"))
    plan(deployment)
    (body,) = taken(deployment, deployment.counting_queue_url)

    assert count(deployment, body, remaining_milliseconds=1_000)

    (rest,) = taken(deployment, deployment.counting_queue_url)
    assert [each["date"] for each in json.loads(rest)["dates"]] == [TODAY]
    assert to_evaluate(deployment) == {"222233334444": {"2026-03-08"}}
    assert count(deployment, rest)
    assert len(facts(deployment)) == 2


def test_a_message_that_cannot_be_worked_on_says_why_and_stays_in_the_queue(
    deployment: Deployment, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    assert not count(deployment, '{"region": "cn hangzhou"}')

    (line,) = [line for line in log_lines() if line["level"] == "ERROR"]
    assert (line["message"], line["kind"]) == ("counting failed", "InvalidBody")


def test_a_damaged_object_keeps_the_message_and_the_tallies(deployment: Deployment) -> None:
    plan(deployment)
    deliver(deployment, "first", event("a"))
    count_all(deployment)
    deliver(deployment, "second", event("b"))
    (part,) = deployment.commit_of("second.json")["parts"]
    deployment.s3.put_object(Bucket=LAKE, Key=part["key"], Body=b"PAR1")
    plan(deployment)
    (body,) = taken(deployment, deployment.counting_queue_url)

    assert not count(deployment, body)

    assert [fact.event_id for fact in facts(deployment)] == ["a"]


@pytest.mark.parametrize("queue", ["counting_queue_url", "evaluation_queue_url"])
def test_without_its_queues_a_run_fails_and_the_next_one_makes_up_for_it(
    deployment: Deployment, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(deployment)
    deliver(deployment, "first", event("a"))
    url = getattr(deployment, queue)
    name = url.rpartition("/")[2]
    if queue == "evaluation_queue_url":
        count_all(deployment)
        deliver(deployment, "second", event("b"))
    deployment.sqs.delete_queue(QueueUrl=url)

    with pytest.raises(StorageUnavailable):
        plan(deployment)

    deployment.sqs.create_queue(QueueName=name)
    plan(deployment)
    bodies = taken(deployment, deployment.counting_queue_url)
    assert bodies
    assert all(count(deployment, body) for body in bodies)
    assert to_evaluate(deployment) == {"222233334444": {TODAY}}
