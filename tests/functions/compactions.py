"""Compaction through its two functions, as the schedule and the queue start them."""

from __future__ import annotations

import json
from typing import Any

from tests.functions.deployment import Deployment, sample


def plan(deployment: Deployment, *, full: bool = False) -> dict[str, Any]:
    event = "plan_compaction/full.json" if full else "plan_compaction/schedule.json"
    answer: dict[str, Any] = deployment.invoke("plan_compaction", sample(event))
    return answer


def ordered(deployment: Deployment) -> list[str]:
    """The bodies of all messages in the compaction queue, taken out of it."""
    url = deployment.compaction_queue_url
    bodies: list[str] = []
    while True:
        answer = deployment.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return bodies
        for message in answer["Messages"]:
            bodies.append(message["Body"])
            deployment.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def compact(deployment: Deployment, body: str, remaining_milliseconds: int = 900_000) -> bool:
    """Hand one message to the function; gives whether it was acknowledged."""
    event = sample("compact_partition/sqs_partition.json")
    event["Records"][0]["body"] = body
    answer = deployment.invoke("compact_partition", event, remaining_milliseconds)
    assert set(answer) == {"batchItemFailures"}
    return not answer["batchItemFailures"]


def compact_all(deployment: Deployment) -> int:
    """Plan, and work until the queue is empty; gives the number of messages."""
    plan(deployment)
    worked = 0
    while bodies := ordered(deployment):
        for body in bodies:
            assert compact(deployment, body)
            worked += 1
    return worked


def quiet(deployment: Deployment) -> None:
    """Let the schedule come every ten minutes until compaction has nothing left to do."""
    for _ in range(30):
        compact_all(deployment)
        deployment.clock.forward(minutes=10)


def message(partition: str) -> str:
    return json.dumps({"partition": partition})
