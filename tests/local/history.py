"""Some days of audit events up to `now`, as the log objects that ActionTrail and CloudTrail would have delivered.

The same `now`, `seed` and `days` give the same objects, byte for byte on one version of Python. No event lies in the
future. Two histories of different times share no event ID.

Ten people work office hours on weekdays; programs, roles and services work round the clock, in three ActionTrail
regions and one CloudTrail region. Within the first 24 hours everybody has called from each of their addresses, in
each of their regions. From then on **no address and no network (/24, or /48 for IPv6) appears for the first time, in
any region or for any caller, except one**: about three hours before `now`, PLANTED_ACCESS_KEY of PLANTED_USER is used
from PLANTED_ADDRESS, whose network nobody has used, for 40 calls in 90 minutes. A test holds this.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from tests.local.history_calls import letters, usual_calls, whole_second
from tests.local.history_cast import (
    CLOUDTRAIL_ACCOUNT,
    GLOBAL_REGION,
    HANGZHOU,
    PEOPLE,
    SERVICES,
    VIRGINIA,
)
from tests.local.history_events import Call, actiontrail_event, cloudtrail_event

PLANTED_ADDRESS = "203.0.113.77"
PLANTED_USER = "carol"
PLANTED_ACCESS_KEY = "LTAI5tCarolExample000003"

_PLANTED_START = timedelta(hours=3)
_PLANTED_SPAN = timedelta(minutes=90)
# (how many of the 40 calls, service, operation, error): looking around, fetching, then trying to stay.
_PLANTED_OPERATIONS = (
    (2, "Sts", "GetCallerIdentity", None),
    (4, "Oss", "ListBuckets", None),
    (5, "Oss", "GetBucketAcl", None),
    (6, "Ecs", "DescribeInstances", None),
    (3, "Rds", "DescribeDBInstances", "NoPermission"),
    (12, "Oss", "GetObject", None),
    (3, "Ram", "ListAccessKeys", None),
    (1, "Ram", "CreateAccessKey", None),
    (2, "Ram", "AttachPolicyToUser", "NoPermission"),
    (1, "Actiontrail", "DescribeTrails", None),
    (1, "Actiontrail", "StopLogging", "NoPermission"),
)


@dataclass(frozen=True, slots=True)
class LandingObject:
    """One object of the landing bucket."""

    key: str
    body: bytes


def landing_objects(now: datetime, seed: int = 7, days: int = 5) -> Iterator[LandingObject]:
    """The history of the last `days` days before `now`, oldest object first."""
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    if days < 2:
        raise ValueError("the first day is the learning period: days must be 2 or more")
    now = now.astimezone(UTC).replace(microsecond=0)
    start = now - timedelta(days=days)
    random = Random(f"{seed} {days} {now.isoformat()}")
    calls = [*usual_calls(random, start, now), *_planted_calls(random, now)]
    edges = _window_edges(start, now)
    windows: dict[tuple[datetime, str], list[Call]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.time):
        if start <= call.time < now:
            windows[edges[bisect_right(edges, call.time)], call.region].append(call)
    for (end, region), members in sorted(windows.items(), key=lambda window: window[0]):
        pack = _cloudtrail_object if region == VIRGINIA else _actiontrail_object
        yield pack(random, region, end, members)


def _window_edges(start: datetime, now: datetime) -> list[datetime]:
    """Ends of the delivery windows: five minutes just before `now`, eight hours in the past."""
    edges = [now]
    last = now - timedelta(minutes=now.minute % 5, seconds=now.second)
    for minutes in (5, 25, 60, 150):
        last -= timedelta(minutes=minutes)
        edges.append(last)
    while last - timedelta(hours=8) > start:
        last -= timedelta(hours=8)
        edges.append(last)
    return edges[::-1]


def _planted_calls(random: Random, now: datetime) -> Iterator[Call]:
    actor = next(person for person in PEOPLE if person.name == PLANTED_USER)
    operations = [step[1:] for step in _PLANTED_OPERATIONS for _ in range(step[0])]
    for number, (name, operation, error) in enumerate(operations):
        service = SERVICES[name]
        share = (number + random.random()) / len(operations)
        yield Call(
            time=whole_second(now - _PLANTED_START + share * _PLANTED_SPAN),
            actor=actor,
            region=GLOBAL_REGION if service.is_global else HANGZHOU,
            address=PLANTED_ADDRESS,
            service=service,
            operation=operation,
            resource=None if operation == "ListBuckets" or not service.resources else random.choice(service.resources),
            access_key_id=PLANTED_ACCESS_KEY,
            error=error,
            agent="AlibabaCloud (Linux; x86_64) Python/3.12.3 Core/2.14",
        )


def _actiontrail_object(random: Random, region: str, end: datetime, calls: list[Call]) -> LandingObject:
    document = _json([actiontrail_event(call, _event_id(random)) for call in calls])
    # Size and digest of the document, not of the gzip: these stay the same with every zlib.
    name = f"{len(calls)}_{len(document)}_{hashlib.md5(document, usedforsecurity=False).hexdigest()}"
    key = f"AliyunLogs/Actiontrail/{region}/{end:%Y/%m/%d}/Actiontrail_{region}_{end:%Y%m%d%H%M%S}_1002_{name}.gz"
    return LandingObject(key, gzip.compress(document, mtime=0))


def _cloudtrail_object(random: Random, region: str, end: datetime, calls: list[Call]) -> LandingObject:
    document = _json({"Records": [cloudtrail_event(call, _event_id(random)) for call in calls]})
    name = f"{CLOUDTRAIL_ACCOUNT}_CloudTrail_{region}_{end:%Y%m%dT%H%MZ}_{letters(document, 16)}.json.gz"
    key = f"AWSLogs/{CLOUDTRAIL_ACCOUNT}/CloudTrail/{region}/{end:%Y/%m/%d}/{name}"
    return LandingObject(key, gzip.compress(document, mtime=0))


def _event_id(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
