"""Runs of the detection, and the Insights that the API then answers."""

from __future__ import annotations

from typing import Any

from tests.functions.deployment import Deployment, sample
from tests.functions.events import Event


def detect(deployment: Deployment) -> dict[str, int]:
    counts: dict[str, int] = deployment.invoke("detect_insights", sample("detect_insights/schedule.json"))
    return counts


def insights(deployment: Deployment, **parameters: Any) -> list[Event]:
    deployment.settle()
    pages = deployment.pages(parameters, path="/v1/insights")
    return [event for page in pages for event in page.body["insights"]]
