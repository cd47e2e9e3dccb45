"""What tests of the lake generate: events that collide, in the parts that deliveries would have made of them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from hypothesis import strategies as st

from trailkeep.events.event import Event
from trailkeep.events.timestamps import date_of, parse_micros
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import EVENTS, Part, Partition
from trailkeep.lake.storage import Bucket

MIDNIGHT = parse_micros("2026-03-09T00:00:00Z")
DAY = 86_400_000_000

REGIONS = ("cn-hangzhou", "us-east-1", "eu-west-1")
NAMES = ("RunInstances", "run", "日志")

times = st.integers(-2, 2).map(lambda micros: MIDNIGHT + micros) | st.integers(MIDNIGHT - DAY, MIDNIGHT + DAY)
"""Around one midnight, where dates part and events share a microsecond, or anywhere in the days around it."""


def make_event(number: int = 0, **fields: Any) -> Event:
    """An event of its own for each number, with whatever fields a test is about."""
    made: dict[str, Any] = {
        "event_time": MIDNIGHT,
        "region": REGIONS[0],
        "channel": "objects",
        "event_id": f"id-{number}",
        "event_name": "RunInstances",
        "event_source": "ecs.aliyuncs.com",
        "service_name": "Ecs",
        "event_type": "ApiCall",
        "event_category": "Management",
        "event_rw": "Write",
        "account_id": "1",
        "user_name": "alice",
        "user_type": "ram-user",
        "principal_id": "28",
        "role_name": None,
        "access_key_id": "LTAI1",
        "source_ip_address": "192.0.2.1",
        "caller_class": "address",
        "user_agent": "sdk",
        "error_code": None,
        "error_message": None,
        "request_id": None,
        "resource_types": [],
        "resource_names": [],
        "shared_event_id": None,
        "insight_type": None,
        "insight_object": None,
        "insight_state": None,
        "mask_version": 1,
        **fields,
    }
    made.setdefault("uid", blake2b(f"{number}/{made['event_time']}".encode(), digest_size=16).digest())
    made.setdefault("event", f'{{"eventId":"id-{number}"}}')
    return Event(**made)


@st.composite
def events(draw: st.DrawFn, number: st.SearchStrategy[int] | None = None) -> Event:
    """An event; with few numbers to draw from, often one that another already is."""
    identity = draw(number if number is not None else st.integers(0, 1_000_000))
    dice = blake2b(str(identity).encode(), digest_size=3).digest()
    return make_event(
        identity,
        # What an event is follows from its number, so that copies of it are copies.
        event_time=draw(st.shared(times, key=f"time-{identity}")),
        region=REGIONS[dice[0] % 3],
        event_name=NAMES[dice[1] % 3],
        error_code=("Forbidden", None)[dice[2] % 2],
    )


def store(bucket: Bucket, stored: list[Event], name: str = "part", dataset: str = EVENTS) -> list[str]:
    """Store events as a delivery does: one part for each partition; gives the keys."""
    by_partition: dict[Partition, list[Event]] = {}
    for event in stored:
        by_partition.setdefault(Partition(dataset, event.region, date_of(event.event_time)), []).append(event)
    keys = []
    for partition, group in by_partition.items():
        encoded = encode_part(group, MIDNIGHT)
        keys.append(Part(partition, encoded.first, encoded.last, name).key)
        bucket.create(keys[-1], encoded.body)
    return keys
