"""Counting through its two functions, as the schedule and the queue start them."""

from __future__ import annotations

import json
from typing import Any

from tests.functions.deployment import Deployment, sample


def plan(deployment: Deployment, *, full: bool = False) -> dict[str, Any]:
    event = "detect_insights/full.json" if full else "detect_insights/schedule.json"
    answer: dict[str, Any] = deployment.invoke("detect_insights", sample(event))
    return answer


def taken(deployment: Deployment, url: str) -> list[str]:
    """The bodies of all messages in a queue, taken out of it."""
    bodies: list[str] = []
    while True:
        answer = deployment.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return bodies
        for message in answer["Messages"]:
            bodies.append(message["Body"])
            deployment.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def count(deployment: Deployment, body: str, remaining_milliseconds: int = 900_000) -> bool:
    """Hand one message to the function; gives whether it was acknowledged."""
    event = sample("count_calls/sqs_region.json")
    event["Records"][0]["body"] = body
    answer = deployment.invoke("count_calls", event, remaining_milliseconds)
    assert set(answer) == {"batchItemFailures"}
    return not answer["batchItemFailures"]


def count_all(deployment: Deployment) -> int:
    """Plan, and count until the queue is empty; gives the number of messages."""
    plan(deployment)
    worked = 0
    while bodies := taken(deployment, deployment.counting_queue_url):
        for body in bodies:
            assert count(deployment, body)
            worked += 1
    return worked


def to_evaluate(deployment: Deployment) -> dict[str, set[str]]:
    """By account the dates that are to be evaluated, taken out of the queue."""
    found: dict[str, set[str]] = {}
    for message in map(json.loads, taken(deployment, deployment.evaluation_queue_url)):
        found.setdefault(message["account"], set()).update(message.get("dates", ()))
    return found
