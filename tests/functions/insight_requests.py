"""Requests to what is below /v1/insights, and calls as counting leaves them for detection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from tests.functions.answers import Answer
from tests.functions.deployment import ALL_SCOPES, LAKE, Deployment
from tests.openapi_schemas import complaints, operations
from trailkeep.events.timestamps import parse_micros
from trailkeep.insights.counting.counted import read_counted, write_counted
from trailkeep.insights.counting.tallies import write_tally
from trailkeep.insights.facts import FACTS
from trailkeep.insights.insight import MINUTE
from trailkeep.lake.storage import Bucket

PATHS = {"settings": "/v1/insights/settings", "accounts": "/v1/insights/accounts", "replay": "/v1/insights/replay"}
WINDOW = {"startTime": "2026-03-05T00:00:00Z", "endTime": "2026-03-08T00:00:00Z"}


def ask(
    deployment: Deployment, method: str, route: str, body: object = None, who: Any = ALL_SCOPES, **more: Any
) -> Answer:
    """A request to a route by its name, or by its path."""
    return deployment.insights(method, PATHS.get(route, route), body, who=who, **more)


def settings(deployment: Deployment, who: Any = ALL_SCOPES, **parameters: str) -> Answer:
    return ask(deployment, "GET", "settings", who=who, parameters=parameters)


def put(deployment: Deployment, who: Any = ALL_SCOPES, **fields: Any) -> Answer:
    return ask(deployment, "PUT", "settings", fields, who=who)


def replay(deployment: Deployment, who: Any = ALL_SCOPES, **fields: Any) -> Answer:
    return ask(deployment, "POST", "replay", {**WINDOW, **fields}, who=who)


Row = tuple[str, str, str]
"""The time of a call, who made it, and the address."""


def tally(account: str, date: str, rows: Iterable[Row], region: str = "cn-hangzhou") -> None:
    """What counting makes of calls of one date."""
    bucket = Bucket(LAKE)
    facts = [
        {
            "minute": parse_micros(f"{date}T{time}:00Z") // MINUTE,
            "identity": f"user/{user}",
            "kind": "address",
            "address": address,
            "service": "Ecs",
            "event": "DescribeInstances",
            "agent": "aliyun-cli/3.0",
            "calls": 1,
            "event_id": f"{date}-{time}-{user}",
        }
        for time, user, address in rows
    ]
    table = pa.Table.from_pylist(facts, schema=FACTS)
    assert write_tally(bucket, account, date, region, table, None)
    known, etag = read_counted(bucket, date, region)
    assert write_counted(bucket, date, region, {*(known.accounts if known else ()), account}, etag)


def calls(address: str, hour: int, user: str = "mallory", count: int = 6) -> list[Row]:
    """One a minute, from the beginning of an hour."""
    return [(f"{hour:02}:{minute:02}", user, address) for minute in range(count)]


def sound(answer: Answer, method: str, route: str) -> Any:
    """The body of an answer, as the API's document has it."""
    assert answer.status == 200, answer.text
    (described,) = (each for at, path, each in operations() if (at, path) == (method, PATHS[route]))
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    assert complaints(schema, answer.body, strictly=True) == []
    return answer.body
