"""Deliveries and sweeps, to be interrupted."""

from __future__ import annotations

from tests.faults.invariants import Invariant, demand
from tests.faults.lake import demand_answered_once, demand_sound_commits
from tests.faults.scenario import Scenario, everything, scheduled
from tests.functions.deployment import LANDING, Deployment
from tests.functions.events import as_lines, make_event, make_events
from trailkeep.announcements import announced_keys

KEY = "AliyunLogs/log of two regions.ndjson"
EVENTS = [
    *make_events(20),
    make_event("elsewhere", acsRegion="us-east-1"),
    make_event("yesterday", eventTime="2026-03-08T23:59:59Z"),
]
BODY = as_lines(EVENTS) + b'{"eventName": "of no time"}\nnot an object\n' + as_lines(EVENTS[:3])
"""Parts in three partitions, rejects, and duplicates."""


def check_delivery(deployment: Deployment) -> None:
    """The object of :data:`BODY` stands in the lake, whole and once."""
    demand_sound_commits(deployment)
    demand_answered_once(deployment, (event["eventId"] for event in EVENTS))


DELIVERY = Scenario(
    function="deliver_events",
    about="an object of several regions and days, with rejects and duplicates",
    prepare=lambda deployment: deployment.land(KEY, BODY),
    run=lambda deployment: deployment.deliver(KEY) == [],
    check=check_delivery,
)

DELIVERED, LOST = "delivered.json", "lost ü+ .json"


def _prepare_sweep(deployment: Deployment) -> None:
    """One object was delivered, of the other one nobody was told."""
    for key in (DELIVERED, LOST):
        deployment.land(key, as_lines([make_event(key)]))
    assert deployment.deliver(DELIVERED) == []
    deployment.clock.forward(minutes=10)


def _announced(deployment: Deployment) -> set[str]:
    answer = deployment.sqs.receive_message(QueueUrl=deployment.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return {key for message in answer.get("Messages", []) for key in announced_keys(message["Body"], LANDING)}


def _check_sweep(deployment: Deployment) -> None:
    demand(Invariant.NOTHING_LOST, _announced(deployment) == {LOST}, _announced(deployment))
    assert deployment.deliver(LOST, LOST) == []
    demand_sound_commits(deployment)
    demand_answered_once(deployment, (DELIVERED, LOST))
    watermark = deployment.invoke("sweep_landing", {})["watermark"]
    demand(Invariant.NOTHING_LOST, watermark == "2026-03-10T12:09:03Z", watermark)


SWEEP = Scenario(
    function="sweep_landing",
    about="an object that nobody announced",
    prepare=_prepare_sweep,
    run=scheduled("sweep_landing"),
    check=_check_sweep,
    stands=lambda deployment: {**everything(deployment), "announced": _announced(deployment)},
    comes_again=True,
)
