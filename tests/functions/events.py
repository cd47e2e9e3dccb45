"""Events to land: sound ones in ActionTrail's shape, and log objects made of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any

Event = dict[str, Any]


def make_event(event_id: str | None = "event-1", **changes: Any) -> Event:
    """A sound event; a field that is changed to ``...`` is left out."""
    event: Event = {
        "eventId": event_id,
        "eventVersion": 1,
        "eventCategory": "Management",
        "eventType": "ApiCall",
        "eventName": "DescribeInstances",
        "eventRW": "Read",
        "eventSource": "ecs.cn-hangzhou.aliyuncs.com",
        "serviceName": "Ecs",
        "eventTime": "2026-03-09T08:00:00Z",
        "acsRegion": "cn-hangzhou",
        "isGlobal": False,
        "requestId": f"request-of-{event_id}",
        "sourceIpAddress": "192.0.2.10",
        "userAgent": "AliyunConsole",
        "userIdentity": {
            "type": "ram-user",
            "accountId": "1700000000000011",
            "principalId": "200000000000000001",
            "userName": "alice",
            "accessKeyId": "LTAI5tAliceExample000001",
        },
        "requestParameters": {},
        **changes,
    }
    return {name: value for name, value in event.items() if value is not ... and (name, value) != ("eventId", None)}


def make_events(count: int, prefix: str = "event", **changes: Any) -> list[Event]:
    """So many events, a second apart."""
    return [
        make_event(
            f"{prefix}-{n}", **{"eventTime": f"2026-03-09T{8 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z", **changes}
        )
        for n in range(count)
    ]


def as_array(events: Iterable[Event]) -> bytes:
    return json.dumps(list(events), ensure_ascii=False).encode()


def as_lines(events: Iterable[Event]) -> bytes:
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)


def as_gzip(events: Iterable[Event]) -> bytes:
    return gzip.compress(as_array(events), mtime=0)
