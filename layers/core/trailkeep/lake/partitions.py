"""Keys of the lake: ``<dataset>/region=<region>/date=<YYYY-MM-DD>/<first>-<last>-<part>.parquet`` and back.

Partitions are by event time in UTC. A part's key carries its first and last event time, so that a listing alone tells
which parts a question can skip.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from trailkeep.events.regions import is_region
from trailkeep.events.timestamps import from_micros

EVENTS = "events"
INSIGHTS = "insights"

_PART = re.compile(
    r"(?P<dataset>[a-z]+)/region=(?P<region>[^/]+)/date=(?P<date>\d{4}-\d\d-\d\d)/"
    r"(?P<first>\d{16,18})-(?P<last>\d{16,18})-(?P<part>[0-9a-z-]+)\.parquet",
    re.ASCII,
)
_WIDTH = 16
"""Digits of a time in a key: microseconds until the year 2286, sorting as text."""

_FRESH = re.compile(r"([0-9a-f]{24})-(\d{1,9})-(\d{1,9})-(\d{1,9})", re.ASCII)
_COMPACTED = re.compile(r"compacted-[0-9a-f]{24}-\d{1,9}", re.ASCII)


class Versions(NamedTuple):
    """The code that made a part of a landing object: what it writes never shares a key with that of another one."""

    normaliser: int
    mask: int

    def __str__(self) -> str:
        return f"{self.normaliser}-{self.mask}"


@dataclass(frozen=True, slots=True)
class Partition:
    """One region and one date of a dataset."""

    dataset: str
    region: str
    date: str

    @property
    def prefix(self) -> str:
        """What the keys of its parts start with."""
        return f"{self.dataset}/region={self.region}/date={self.date}/"


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet object of a partition: the times of its first and last event in microseconds, and its name."""

    partition: Partition
    first: int
    last: int
    name: str

    @property
    def key(self) -> str:
        """The object's key."""
        return f"{self.partition.prefix}{self.first:0{_WIDTH}d}-{self.last:0{_WIDTH}d}-{self.name}.parquet"


def parse_part(key: str) -> Part | None:
    """The part behind a key; None for a key that no part of ours has."""
    match = _PART.fullmatch(key)
    if match is None or not is_region(match["region"]):
        return None
    partition = Partition(match["dataset"], match["region"], match["date"])
    part = Part(partition, int(match["first"]), int(match["last"]), match["part"])
    return part if part.key == key else None  # with more zeros than ours, it would be looked for under another key


class FreshName(NamedTuple):
    """The name of a part that a delivery wrote: the first 24 digits of its ID, its code, and its number among them."""

    delivery: str
    versions: Versions
    number: int

    def __str__(self) -> str:
        return f"{self.delivery}-{self.versions}-{self.number}"


def fresh_name(delivery: str, versions: Versions, number: int) -> FreshName:
    """The name of the part ``number``, counted from 0, of the delivery with this ID."""
    return FreshName(delivery[:24], versions, number)


def parse_fresh_name(name: str) -> FreshName | None:
    """What the name of a part says of its delivery; None for compacted objects and for what no delivery wrote."""
    match = _FRESH.fullmatch(name)
    if match is None:
        return None
    fresh = FreshName(match[1], Versions(int(match[2]), int(match[3])), int(match[4]))
    return fresh if str(fresh) == name else None  # with other zeros than ours it is no name of ours


def is_compacted_name(name: str) -> bool:
    """Whether compaction wrote the object with this name."""
    return _COMPACTED.fullmatch(name) is not None


def parse_partition(prefix: str) -> Partition | None:
    """The partition whose parts' keys start with ``prefix``; None for any other prefix."""
    dataset, _, rest = prefix.partition("/")
    region = region_in(f"{dataset}/{rest.partition('/')[0]}/", dataset) if dataset.isalpha() else None
    partition = Partition(dataset, region or "", date_in(prefix) or "")
    return partition if region and partition.prefix == prefix else None


def region_in(prefix: str, dataset: str) -> str | None:
    """The region of a prefix ``<dataset>/region=<region>/``; None for any other."""
    match = re.fullmatch(rf"{dataset}/region=([^/]+)/", prefix)
    return match[1] if match and is_region(match[1]) else None


def date_in(prefix: str) -> str | None:
    """The date of a prefix that ends with ``date=<YYYY-MM-DD>/``; None for any other."""
    match = re.search(r"/date=(\d{4}-\d\d-\d\d)/$", prefix, re.ASCII)
    return match[1] if match else None


def dates_between(start: int, end: int) -> tuple[str, str]:
    """The first and last date that a window of microseconds, ``start`` included and ``end`` excluded, touches."""
    return from_micros(start).date().isoformat(), from_micros(max(start, end - 1)).date().isoformat()
