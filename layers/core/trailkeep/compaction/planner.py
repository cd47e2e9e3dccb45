"""The planner: follows the feed and says which partitions are to be compacted now.

A partition is due when many of its parts are fresh, or one has been for long; again when its message had no effect; and
once more when what was replaced can be deleted. To be told twice changes nothing for a worker, so a message is sent
before that is remembered, and an interruption anywhere only repeats messages.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from trailkeep.compaction.plan import CODE, Pending, Plan, read_plan, write_plan
from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.lake.commits import (
    COMMITS,
    CommitName,
    minute_of,
    minute_prefix,
    parse_commit_key,
    parts_of,
    read_commit,
)
from trailkeep.lake.feed import OVERLAP
from trailkeep.lake.manifest import GRACE, Manifest, read_manifest
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import EVENTS, Part, Partition, parse_partition, region_in
from trailkeep.lake.storage import Bucket

REPEAT = timedelta(hours=3)
"""How long a message may be without effect until it counts as lost."""

UNDER_WAY = 500
"""Messages that wait in the queue at most, so that a large lake does not fill it with repetitions."""

_CLEANED = GRACE + timedelta(minutes=20)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Send = Callable[[Sequence[Partition]], Iterable[Partition]]
"""Sends a message for each partition; gives those for which the queue took it."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a partition is due: with so many fresh parts, or when the oldest of them was committed so long ago."""

    parts: int
    age: timedelta


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run saw: partitions that it watches, those that are due, and messages sent; whether it had to be full."""

    watched: int
    due: int
    sent: int
    full: bool


def plan(lake: Bucket, send: Send, now: datetime, thresholds: Thresholds, *, full: bool = False) -> Planned:
    """Send messages for the partitions that are due; with ``full``, every partition of the lake becomes due.

    It does, too, where what was remembered is lost or damaged, and once after an update whose rules for reading and
    masking differ. Raises :class:`StorageUnavailable`: the next run then does what this one could not.
    """
    known, etag = read_plan(lake)
    standing = known or Plan(minute_of(now - OVERLAP))
    full = full or known is None or known.code != CODE
    if full:
        for each in _every_partition(lake):
            standing.partitions.setdefault(each.prefix, Pending()).want(_LONG_AGO)
        standing.code = CODE
    tail = _follow(lake, standing, now)
    _look(lake, standing, now)
    counted = {prefix: msgspec.structs.replace(pending) for prefix, pending in standing.partitions.items()}
    for prefix, committed_at in tail:
        counted.setdefault(prefix, Pending()).count(committed_at)
    due = sorted(
        (prefix for prefix, pending in counted.items() if _is_due(pending, now, thresholds)),
        key=lambda prefix: (counted[prefix].oldest or now, prefix),
    )
    under_way = sum(each.awaited and not _is_without_effect(each, now) for each in counted.values())
    chosen = [partition for prefix in due if (partition := parse_partition(prefix))][: max(0, UNDER_WAY - under_way)]
    sent = 0
    for partition in send(chosen):
        standing.partitions.setdefault(partition.prefix, Pending()).cover(now)
        sent += 1
    write_plan(lake, standing, etag)
    return Planned(len(counted), len(due), sent, full)


def _is_due(pending: Pending, now: datetime, thresholds: Thresholds) -> bool:
    if pending.awaited:
        return _is_without_effect(pending, now)
    return pending.parts >= thresholds.parts or (pending.oldest is not None and pending.oldest <= now - thresholds.age)


def _is_without_effect(pending: Pending, now: datetime) -> bool:
    return pending.covered is not None and pending.covered <= now - REPEAT


def _follow(lake: Bucket, standing: Plan, now: datetime) -> list[tuple[str, datetime]]:
    """Count what the feed has since the cursor; gives what is not settled, partitions with the times of commits.

    Minutes in which further commits may turn up are counted anew each time.
    """
    settled = max(standing.cursor, minute_of(now - OVERLAP))
    tail: list[tuple[str, datetime]] = []
    for page in lake.pages(COMMITS, after=minute_prefix(standing.cursor)):
        for stat in page.objects:
            name = parse_commit_key(stat.key)
            for part in _parts(lake, name, stat.key) if name else ():
                if name and name.minute < settled:
                    standing.partitions.setdefault(part.partition.prefix, Pending()).count(stat.modified_at)
                else:
                    tail.append((part.partition.prefix, stat.modified_at))
    standing.cursor = settled
    return tail


def _parts(lake: Bucket, name: CommitName, key: str) -> Sequence[Part]:
    """The parts of a delivery; none where its commit is damaged or gone by now, which must not stop all others."""
    if name.parts is not None:
        return name.parts
    try:
        return parts_of(read_commit(lake, key))
    except (ObjectNotFound, ObjectUnreadable):
        return ()


def _look(lake: Bucket, standing: Plan, now: datetime) -> None:
    """Look whether messages had their effect, and whether what was replaced has been deleted since."""

    def seen(prefix: str) -> tuple[str, bool, bool]:
        partition = parse_partition(prefix)
        return (
            (prefix, *_state(lake, partition, standing.partitions[prefix].covered))
            if partition
            else (prefix, False, False)
        )

    asked = [
        prefix
        for prefix, pending in standing.partitions.items()
        if pending.awaited or (pending.oldest is None and (pending.covered or _LONG_AGO) <= now - _CLEANED)
    ]
    asked.sort(key=lambda prefix: standing.partitions[prefix].covered or _LONG_AGO)
    for prefix, is_left, is_retired in in_parallel(seen, asked[:UNDER_WAY]):
        pending = standing.partitions[prefix]
        if pending.awaited:
            pending.awaited = is_left
        elif is_retired or is_left:
            pending.want(_LONG_AGO)
        else:
            del standing.partitions[prefix]


def _state(lake: Bucket, partition: Partition, covered: datetime | None) -> tuple[bool, bool]:
    """Whether a partition has fresh parts of the time before ``covered``, and whether it has objects to be deleted."""
    try:
        standing = read_manifest(lake, partition)
    except ObjectUnreadable:
        return True, False
    manifest = standing[0] if standing else Manifest(partition)
    fresh = manifest.fresh(lake.list(partition.prefix).objects)
    return any(stat.modified_at <= (covered or _LONG_AGO) for stat in fresh), bool(manifest.retired)


def _every_partition(lake: Bucket) -> Iterator[Partition]:
    """Every partition that has objects, by listing them."""
    prefixes = lake.list(f"{EVENTS}/", delimiter="/").prefixes
    regions = [prefix for prefix in prefixes if region_in(prefix, EVENTS)]
    for listing in in_parallel(lambda prefix: lake.list(prefix, delimiter="/"), regions):
        for prefix in listing.prefixes:
            partition = parse_partition(prefix)
            if partition is not None:
                yield partition
