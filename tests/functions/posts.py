"""Events posted to the API, and what becomes of them."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from tests.functions.deployment import LANDING, Deployment
from tests.functions.events import Event

ORDER: Event = {
    "eventName": "order.refunded",
    "serviceName": "orders",
    "requestParameters": {"amount": 129.5, "note": "ü 张"},
}


def batch(*events: Event) -> str:
    return json.dumps({"events": list(events)})


def packed(body: str | bytes) -> dict[str, Any]:
    """A compressed body, as API Gateway hands over binary ones."""
    content = gzip.compress(body.encode() if isinstance(body, str) else body)
    return {
        "body": base64.b64encode(content).decode(),
        "headers": {"Content-Encoding": "gzip"},
        "isBase64Encoded": True,
    }


def landed(deployment: Deployment) -> list[str]:
    return deployment.keys(bucket=LANDING)


def deliver_all(deployment: Deployment) -> None:
    assert deployment.deliver(*landed(deployment)) == []
    deployment.settle()


def assert_nothing_stored(deployment: Deployment) -> None:
    assert landed(deployment) == []
    assert deployment.keys() == []
