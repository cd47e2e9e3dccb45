"""Detection through its three functions, as the schedule and the queues start them, and what it tells."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from tests.functions.countings import count_all, taken
from tests.functions.deployment import Deployment, sample
from tests.functions.events import Event, make_event
from tests.unit import insight_findings

ADDRESS = "203.0.113.9"


def suspicious(first: datetime, count: int, address: str = ADDRESS, **changes: Any) -> list[Event]:
    """A call each minute, by somebody whom a deployment that was taught finds unusual."""
    identity = {**make_event()["userIdentity"], "userName": "mallory"}
    times = [(first + timedelta(minutes=n)).isoformat().replace("+00:00", "Z") for n in range(count)]
    planted: dict[str, Any] = {"userIdentity": identity, "sourceIpAddress": address, **changes}
    return [make_event(f"call-{address}-{time}", eventTime=time, **planted) for time in times]


def detect(deployment: Deployment) -> int:
    """From what is delivered to what is told, as the schedules do it; gives the number of messages about accounts."""
    deployment.invoke("sweep_landing", sample("sweep_landing/schedule.json"))
    count_all(deployment)
    bodies = taken(deployment, deployment.evaluation_queue_url)
    for body in bodies:
        assert evaluate(deployment, body)
    return len(bodies)


def evaluate(deployment: Deployment, body: str) -> bool:
    """Hand one message to the function; gives whether it was acknowledged."""
    event = sample("evaluate_account/sqs_account.json")
    event["Records"][0]["body"] = body
    answer = deployment.invoke("evaluate_account", event)
    assert set(answer) == {"batchItemFailures"}
    return not answer["batchItemFailures"]


def order(account: str, *dates: str) -> str:
    return json.dumps({"account": account, "dates": dates})


def teach(deployment: Deployment) -> None:
    """Let the function find what is easy to plant, whatever the detectors look for."""
    with patch("trailkeep.insights.detectors.DETECTORS", insight_findings.DETECTORS):
        deployment.function("evaluate_account")


def kept_back(deployment: Deployment) -> list[str]:
    """The messages about accounts that the queue does not give out yet."""
    queue = sqs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].queues["trailkeep-evaluation"]
    return [message.body for message in queue._messages if message.delayed]


def insights(deployment: Deployment, **parameters: Any) -> list[Event]:
    deployment.settle()
    pages = deployment.pages(parameters, path="/v1/insights")
    return [event for page in pages for event in page.body["insights"]]


def told_by_bus(deployment: Deployment) -> list[Event]:
    """The Insight events that were put on the bus, in their order."""
    return deployment.on_bus


def told_by_topic(deployment: Deployment) -> list[Event]:
    """The Insight events that were published, in their order."""
    topic = sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].topics[deployment.topic_arn]
    return [json.loads(message) for _, message, *_ in topic.sent_notifications]
