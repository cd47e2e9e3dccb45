"""The region under which an event is kept: what becomes part of an object key is checked, never trusted."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trailkeep.events.values import says_something

UNKNOWN_REGION = "unknown"
_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_REGION_LENGTH = 32
_LONGEST_HOST = 253
_CLOUD_HOST = re.compile(r"\.(?:aliyuncs\.com|amazonaws\.com(?:\.cn)?)\Z")
_NOT_REGIONS = frozenset({"intranet", "internal", "share", "vpc", "public", "dualstack", "fips"})


@dataclass(frozen=True, slots=True)
class RegionRules:
    """Where events go that name no region, and those that belong to none."""

    home: str
    for_global_events: str


def is_region(name: str) -> bool:
    """Whether ``name`` may become part of a key: lower-case words and digits joined by ``-``, 32 characters at most."""
    return len(name) <= _REGION_LENGTH and _REGION.fullmatch(name) is not None


def region_of(record: dict[str, Any], rules: RegionRules) -> str:
    """The partition region of an event record; ``unknown`` where the record's own says nothing that a key can hold."""
    if str(record.get("isGlobal")).lower() == "true":
        return rules.for_global_events
    for name in ("acsRegion", "awsRegion", "region"):
        value = record.get(name)
        if says_something(value):
            return value if isinstance(value, str) and is_region(value) else UNKNOWN_REGION
    source = record.get("eventSource")
    if isinstance(source, str) and len(source) <= _LONGEST_HOST:
        return _region_in_host(source.lower()) or rules.home
    return rules.home


@lru_cache(maxsize=1024)
def _region_in_host(host: str) -> str | None:
    """The region in a service's host, ``ecs.cn-hangzhou.aliyuncs.com`` or ``ecs-cn-beijing-share.aliyuncs.com``.

    The label nearest to the cloud's name counts: those before it may be a customer's, such as a bucket's name.
    """
    cloud = _CLOUD_HOST.search(host)
    if cloud is None:
        return None
    for label in reversed(host[: cloud.start()].split(".")):
        words = label.split("-")
        for start in range(len(words)):
            if len(words[start]) != 2:
                continue
            kept = [words[start]]
            for word in words[start + 1 :]:
                if word in _NOT_REGIONS:
                    break
                kept.append(word)
            name = "-".join(kept)
            if len(kept) > 1 and is_region(name):
                return name
    return None
