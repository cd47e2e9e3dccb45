"""Log objects for the tests, and what the API makes of them."""

import gzip
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.local.stack import LocalStack

Event = dict[str, Any]


def events(count: int, user: str, region: str = "eu-central-1") -> list[Event]:
    """Events of the last minutes, of one user whom nobody else uses."""
    now = datetime.now(UTC)
    return [
        {
            "eventId": str(uuid.uuid4()),
            "eventVersion": "1",
            "eventName": "DescribeInstances",
            "eventSource": f"ecs.{region}.aliyuncs.com",
            "eventTime": (now - timedelta(seconds=60 + number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventType": "ApiCall",
            "eventRW": "Read",
            "serviceName": "Ecs",
            "acsRegion": region,
            "requestId": str(uuid.uuid4()),
            "sourceIpAddress": "192.0.2.7",
            "userAgent": "end-to-end test",
            "userIdentity": {"accountId": "1000000000000001", "type": "ram-user", "userName": user},
        }
        for number in range(count)
    ]


def log_object(content: list[Event]) -> bytes:
    """Events as ActionTrail delivers them: a gzipped JSON array."""
    return gzip.compress(json.dumps(content).encode())


def found(stack: LocalStack, user: str) -> list[Event]:
    """All events of a user, page by page."""
    query: dict[str, Any] = {"user": user, "maxResults": 1000}
    rows: list[Event] = []
    while True:
        answer = stack.api("GET", "/v1/events", token=stack.admin_token, query=query)
        assert answer.status == 200, answer.body
        rows += answer.json["events"]
        if "nextToken" not in answer.json:
            return rows
        query["nextToken"] = answer.json["nextToken"]


def ids(rows: list[Event]) -> list[str]:
    """Event IDs, sorted: lists that are equal hold the same events equally often."""
    return sorted(row["eventId"] for row in rows)


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether a condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True
