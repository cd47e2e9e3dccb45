"""The region under which an event is kept: what becomes part of an object key is checked, never trusted."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

UNKNOWN_REGION = "unknown"
_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_REGION_LENGTH = 32
_CLOUD_HOST = re.compile(r"\.(?:aliyuncs\.com|amazonaws\.com(?:\.cn)?)$")
_NOT_REGIONS = frozenset({"intranet", "internal", "share", "vpc", "public", "dualstack", "fips"})


@dataclass(frozen=True, slots=True)
class RegionRules:
    """Where events go that name no region, and those that belong to none."""

    home: str
    for_global_events: str


@lru_cache(maxsize=1024)
def is_region(name: str) -> bool:
    """Whether ``name`` may become part of a key: lower-case words and digits joined by ``-``, 32 characters at most."""
    return len(name) <= _REGION_LENGTH and _REGION.fullmatch(name) is not None


def region_of(record: dict[str, Any], rules: RegionRules) -> str:
    """The partition region of an event record; ``unknown`` where the record's own says nothing that a key can hold."""
    if str(record.get("isGlobal")).lower() == "true":
        return rules.for_global_events
    for name in ("acsRegion", "awsRegion", "region"):
        value = record.get(name)
        if value is not None and value != "":
            return value if isinstance(value, str) and is_region(value) else UNKNOWN_REGION
    source = record.get("eventSource")
    return (_region_in_host(source) if isinstance(source, str) else None) or rules.home


@lru_cache(maxsize=1024)
def _region_in_host(host: str) -> str | None:
    """The region that a service's host names: ``ecs.cn-hangzhou.aliyuncs.com``, ``ecs-cn-beijing-share.aliyuncs.com``."""
    if not _CLOUD_HOST.search(host):
        return None
    for label in host.split(".")[:-2]:
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
