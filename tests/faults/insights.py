"""Detection, to be interrupted: what is new is counted, whoever it is of is looked at, and all is told once."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import msgspec

from tests.faults.invariants import Invariant, demand
from tests.faults.scenario import Scenario, scheduled
from tests.faults.world import objects_of
from tests.functions.clock import START
from tests.functions.countings import count, count_all, plan, taken, to_evaluate
from tests.functions.deployment import LAKE, Deployment, sample
from tests.functions.detections import (
    evaluate,
    insights,
    kept_back,
    order,
    suspicious,
    teach,
    told_by_bus,
    told_by_topic,
)
from tests.functions.events import Event, as_array
from trailkeep.events.timestamps import to_micros
from trailkeep.insights.counting.tallies import list_tallies, read_facts
from trailkeep.insights.telling.told_state import TOLD, ToldDate
from trailkeep.lake.storage import Bucket

ACCOUNT = "1700000000000011"
DATE = "2026-03-10"
NEW = ("203.0.113.9", "198.51.100.7")


def _deliver(deployment: Deployment, name: str, *groups: list[Event]) -> None:
    deployment.land_and_deliver(name, as_array([event for group in groups for event in group]))


# What is new is ordered to be counted


def _prepare_orders(deployment: Deployment) -> None:
    """New events in two regions, beside what has been counted."""
    plan(deployment)
    _deliver(deployment, "first", suspicious(START - timedelta(hours=5), 1, NEW[0]))
    count_all(deployment)
    to_evaluate(deployment)
    deployment.clock.forward(minutes=5)
    _deliver(deployment, "second", suspicious(START - timedelta(hours=3), 3, NEW[0]))
    _deliver(deployment, "third", suspicious(START - timedelta(hours=3), 3, NEW[1], acsRegion="eu-west-1"))


def _check_orders(deployment: Deployment) -> None:
    bodies = taken(deployment, deployment.counting_queue_url)
    regions = {msgspec.json.decode(body)["region"] for body in bodies}
    demand(Invariant.NOTHING_LOST, regions == {"cn-hangzhou", "eu-west-1"}, f"ordered: {bodies}")
    demand(Invariant.NOTHING_LOST, set(to_evaluate(deployment)) == {ACCOUNT}, "the active account")
    for body in bodies:
        demand(Invariant.ENDS, count(deployment, body), body)
    demand(Invariant.NOTHING_TWICE, _counted() == 7, f"calls: {_counted()}")


ORDERS = Scenario(
    function="detect_insights",
    about="new events in two regions",
    prepare=_prepare_orders,
    run=scheduled("detect_insights"),
    check=_check_orders,
    # What matters is in the queues, which have to be looked at.
    stands=lambda deployment: None,
    comes_again=True,
    may_repeat=False,  # who is active is looked at each time
)


# What is ordered is counted


def _counted() -> int:
    lake = Bucket(LAKE)
    return sum(fact.calls for fact in read_facts(lake, list_tallies(lake, ACCOUNT, "2026-01-01", "2026-12-31")))


def _prepare_counting(deployment: Deployment) -> None:
    """One hour has new events, another one was counted before; one of the events came twice."""
    plan(deployment)
    first = suspicious(START - timedelta(hours=5), 3, NEW[0])
    _deliver(deployment, "first", first)
    count_all(deployment)
    _deliver(deployment, "second", suspicious(START - timedelta(hours=3), 3, NEW[0]), first)
    _deliver(deployment, "other", suspicious(START - timedelta(hours=3), 3, NEW[1], recipientAccountId="2"))


def _count(deployment: Deployment) -> bool:
    at = to_micros(START - timedelta(hours=3))
    dates = [{"date": DATE, "first": at, "last": at}]
    return count(deployment, json.dumps({"region": "cn-hangzhou", "dates": dates}))


def _check_counting(deployment: Deployment) -> None:
    demand(Invariant.CONSERVED, _counted() == 6, f"calls: {_counted()}")
    accounts = to_evaluate(deployment)
    demand(Invariant.NOTHING_LOST, accounts == {ACCOUNT: {DATE}, "2": {DATE}}, f"to be looked at: {accounts}")


COUNTING = Scenario(
    function="count_calls",
    about="an hour with new events of two accounts",
    prepare=_prepare_counting,
    run=_count,
    check=_check_counting,
    # Whoever is to be looked at is in a queue.
    stands=lambda deployment: None,
)


# What is unusual is told


def _prepare_telling(deployment: Deployment) -> None:
    """Two addresses that nobody knows; a third was told of, and is none of these any more."""
    teach(deployment)
    plan(deployment)
    gone = suspicious(START - timedelta(hours=9), 9, "192.0.2.77")
    _deliver(deployment, "gone", gone)
    count_all(deployment)
    assert evaluate(deployment, order(ACCOUNT, DATE))
    deployment.clock.forward(minutes=20)
    deployment.invoke("sweep_landing", sample("sweep_landing/schedule.json"))
    (tally,) = deployment.keys("state/insights/tallies/")
    deployment.s3.delete_object(Bucket=LAKE, Key=tally)
    for part in deployment.keys(f"events/region=cn-hangzhou/date={DATE}/"):
        deployment.s3.delete_object(Bucket=LAKE, Key=part)
    _deliver(deployment, "new", *[suspicious(START - timedelta(hours=3), 20, new) for new in NEW])
    count_all(deployment)


WANTED = Counter(
    {("192.0.2.77", state): 1 for state in ("Start", "End", "Withdrawn")}
    | {(new, state): 1 for new in NEW for state in ("Start", "End")}
)
"""All that was told at last, of what and in which state."""


def _tell(deployment: Deployment) -> bool:
    """By now nobody can still hold what a run had claimed that was cut off."""
    deployment.clock.forward(minutes=6)
    teach(deployment)
    return evaluate(deployment, order(ACCOUNT, DATE))


def counted(events: list[Event]) -> Counter[tuple[str, str]]:
    """How often events of each object and state were told."""
    return Counter((event["insightDetails"]["insightObject"], event["insightDetails"]["state"]) for event in events)


def _check_telling(deployment: Deployment) -> None:
    told = counted(insights(deployment, startTime="2026-01-01T00:00:00Z"))
    demand(Invariant.NOTHING_LOST, not WANTED - told, f"not told: {WANTED - told}")
    demand(Invariant.NOTHING_TWICE, told == WANTED, f"told too often: {told - WANTED}")
    stored = {event["eventId"]: event for event in insights(deployment, startTime="2026-01-01T00:00:00Z")}
    for heard in (told_by_bus(deployment), told_by_topic(deployment)):
        told_of = {event["eventId"] for event in heard}
        expected = {event_id for event_id, event in stored.items() if _is_new(event)}
        demand(Invariant.NOTHING_LOST, told_of == expected, f"notified: {counted(heard)}")
        demand(Invariant.ONE_OUTCOME, all(event == stored[event["eventId"]] for event in heard), "in other words")


def _is_new(event: Event) -> bool:
    """Whether it is one of those that this deployment has told, and not the one before it."""
    return event["insightDetails"]["insightObject"] in NEW or event["insightDetails"]["state"] == "Withdrawn"


def _left_by_telling(deployment: Deployment) -> dict[str, Any]:
    """All but the times at which it was done, and how often a notification that was sent was not noted."""
    objects = {stood.key: stood.body for stood in objects_of(deployment) if stood.bucket == LAKE}
    (told,) = [msgspec.json.decode(body, type=ToldDate) for key, body in objects.items() if key.startswith(TOLD)]
    return {
        "told": [(each.insight_object, [(event.state, event.done) for event in each.events]) for each in told.insights],
        "stored": sorted(key.rpartition("/")[0] for key in objects if key.startswith("insights/")),
        "bus": sorted({event["eventId"] for event in told_by_bus(deployment)}),
        "topic": sorted({event["eventId"] for event in told_by_topic(deployment)}),
    }


TELLING = Scenario(
    function="evaluate_account",
    about="two Insights that begin and end, and one that is withdrawn",
    prepare=_prepare_telling,
    run=_tell,
    check=_check_telling,
    stands=_left_by_telling,
)


# What is still coming in is looked at later


def _prepare_history(deployment: Deployment) -> None:
    """A history that has just come in, and something of today."""
    plan(deployment)
    _deliver(deployment, "history", suspicious(START - timedelta(days=9), 9, NEW[0]))
    _deliver(deployment, "today", suspicious(START - timedelta(hours=3), 9, NEW[1]))
    count_all(deployment)


def _put_off(deployment: Deployment) -> bool:
    with patch.dict("os.environ", {"INSIGHTS_PATIENCE_SECONDS": "360"}):
        teach(deployment)
    return evaluate(deployment, order(ACCOUNT, "2026-03-01", DATE))


def _check_put_off(deployment: Deployment) -> None:
    later = set(kept_back(deployment))
    wanted = '{"account": "1700000000000011", "dates": ["2026-03-01"], "putOff": 1}'
    demand(Invariant.NOTHING_LOST, later == {wanted}, f"to be looked at later: {later}")
    demand(Invariant.NOTHING_TWICE, not told_by_topic(deployment), "told by half of its history")


PUTTING_OFF = Scenario(
    function="evaluate_account",
    about="dates of which more seems to come",
    prepare=_prepare_history,
    run=_put_off,
    check=_check_put_off,
    # What matters is in the queue.
    stands=lambda deployment: None,
)
