"""A lake in memory that lives: log objects are delivered, partitions compacted, the index published, time passes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.compaction.worker import Compaction
from trailkeep.delivery import Delivery
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import from_micros, parse_micros
from trailkeep.lake.partitions import Partition, parse_part
from trailkeep.lake.parts import Lake

NOW = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
MIDNIGHT = parse_micros("2026-03-09T00:00:00Z")
SECOND = 1_000_000
DAY = 86_400 * SECOND

REGIONS = ("cn-hangzhou", "us-east-1", "eu-west-1")
SERVICES = ("Ecs", "Oss", "Ram", "日志", "ecs.aliyuncs.com")
NAMES = ("RunInstances", "PutObject", 'Delete"Quoted"', "ListUsers", "DeleteBucket")
USERS = ("alice", "bob", "carol")
KEYS = ("LTAI5tAAAAAAAAAAAAAAAAAA", "LTAI5tBBBBBBBBBBBBBBBBBB", "STS.NTabc")
ADDRESSES = (
    "192.0.2.1", "192.0.2.77", "2001:db8::1", "ecs.aliyuncs.com",
    "::ffff:192.0.2.1", "0:0:0:0:0:FFFF:c000:201", "2001:DB8:0:0::1",
)  # fmt: skip
"""Some of them are the same address in other spellings."""

Record = dict[str, Any]


def make_record(number: int, time: int) -> Record:
    """A record of its own for each number; what it says follows from the number, so that copies are copies."""
    dice = blake2b(str(number).encode(), digest_size=8).digest()
    record: Record = {
        "eventTime": from_micros(time).isoformat().replace("+00:00", "Z"),
        "eventName": NAMES[dice[0] % len(NAMES)],
        "eventSource": "ecs.aliyuncs.com" if dice[1] % 3 else "oss.aliyuncs.com",
        "serviceName": SERVICES[min(dice[1] % 9, len(SERVICES) - 1)],
        "acsRegion": REGIONS[dice[2] % 3],
        "recipientAccountId": "1" if dice[3] % 4 else "2",
        "userIdentity": {
            "type": "ram-user",
            "userName": USERS[dice[4] % 3],
            "accessKeyId": KEYS[min(dice[5] % 20, 2)],
            "principalId": "28",
        },
        "sourceIpAddress": ADDRESSES[dice[6] % len(ADDRESSES)],
        "eventRW": "Write" if dice[7] % 3 else "Read",
        "requestParameters": {"number": number, "password": "hunter2hunter2" if dice[0] % 7 == 0 else None},
    }
    if dice[6] % 8 == 0:
        record |= {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}
        del record["serviceName"]
        if dice[5] % 2:
            record["userIdentity"] = {"type": "Root", "accountId": "1"}
    if number % 11:
        record["eventId"] = f"id-{number}"
    if dice[1] % 5 == 0:
        record["errorCode"] = "Forbidden"
    if dice[2] % 4 == 0:
        record["resourceName"] = f"i-{dice[2]}"
        record["resourceType"] = "ACS::ECS::Instance"
    return record


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record around one midnight, where dates part and events share a moment, or anywhere in the days around it."""
    number = draw(st.integers(0, 400))
    near = st.integers(-2, 2).map(lambda seconds: MIDNIGHT + seconds * SECOND)
    anywhere = st.integers(-86_400, 86_400).map(lambda seconds: MIDNIGHT + seconds * SECOND)
    return make_record(number, draw(st.shared(near | anywhere, key=f"time-{number}")))


class LivingLake:
    """Both buckets, one clock, and what was delivered."""

    def __init__(self, start: datetime = NOW) -> None:
        self.now = start
        self.landing = MemoryBucket("landing", start)
        self.bucket = MemoryBucket("lake", start)
        self.lake = Lake(self.bucket)
        self._delivery = Delivery(self.landing, self.bucket, RegionRules("cn-hangzhou", "ap-southeast-1"))
        self._objects = 0

    def wait(self, **duration: float) -> None:
        """Let time pass."""
        self.now += timedelta(**duration)
        self.landing.now = self.bucket.now = self.now

    def deliver(self, batch: list[Record]) -> None:
        """Deliver records in a log object of their own."""
        self._objects += 1
        self.landing.put(f"{self._objects}.json", json.dumps(batch, ensure_ascii=False).encode())
        self._delivery.deliver(f"{self._objects}.json", self.now)
        self.wait(seconds=2)

    @property
    def partitions(self) -> list[Partition]:
        """All partitions that have objects."""
        found = {part.partition for key in self.bucket.objects if (part := parse_part(key))}
        return sorted(found, key=lambda partition: partition.prefix)

    def compact(self, *numbers: int) -> None:
        """Compact all partitions, or some by their number."""
        for number, partition in enumerate(self.partitions):
            if not numbers or number in numbers:
                Compaction(self.bucket, lambda: self.now).compact(partition)
        self.wait(seconds=2)
