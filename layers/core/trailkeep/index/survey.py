"""Survey: which objects the lake has now, found from what was known before and from what changed since.

Manifests are read where their etag is another one than last time, and listings only of their partitions; what else is
new is told by the arrival feed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from trailkeep.errors import ObjectUnreadable
from trailkeep.events.timestamps import to_micros
from trailkeep.index.root import FreshPart, RootObject, shortened
from trailkeep.lake.feed import OVERLAP, FeedEntry, read_feed
from trailkeep.lake.manifest import PARTITIONS, Compacted, Manifest, manifest_key, manifest_partition, read_manifest
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import EVENTS, Partition, parse_part
from trailkeep.lake.storage import Bucket, Stat

_MINUTE = timedelta(minutes=1)

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class Known:
    """What is known of the lake, by partition: what is compacted, which parts are not, and the etag of its manifest.

    ``until`` is where the feed was read up to, None where it never was; ``deliveries`` are the shortened IDs of those
    that may be met there again.
    """

    until: datetime | None = None
    deliveries: set[bytes] = field(default_factory=set)
    compacted: dict[Partition, tuple[RootObject, ...]] = field(default_factory=dict)
    fresh: dict[Partition, dict[str, int]] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Survey:
    """The lake as it stands, and what of it could not be read."""

    known: Known
    unreadable: list[str] = field(default_factory=list)


def survey(lake: Bucket, before: Known, now: datetime) -> Survey:
    """Look at the lake; ``before`` is left as it is. Raises :class:`StorageUnavailable`.

    The feed is read first and manifests last: a part that is compacted in between is in both, never in neither.
    """
    known = Known(now, set(), dict(before.compacted), {p: dict(f) for p, f in before.fresh.items()}, dict(before.etags))
    found = Survey(known)
    new = _read_feed(lake, before, found, now)
    listed = {stat.key: stat.etag for page in lake.pages(f"{PARTITIONS}{EVENTS}/") for stat in page.objects}
    partitions = {
        key: partition for key in listed.keys() | known.etags.keys() if (partition := manifest_partition(key))
    }
    changed = {partition for key, partition in partitions.items() if listed.get(key) != known.etags.get(key)}
    if before.until is None or found.unreadable:
        changed |= _all_partitions(lake)
    changed |= {partition for partition in {*known.fresh, *new} if manifest_key(partition) not in listed}
    chosen = sorted(changed, key=lambda partition: partition.prefix)
    for partition, looked in zip(chosen, in_parallel(lambda each: _look_at(lake, each), chosen), strict=True):
        _take_in(partition, looked, found)
    for partition, parts in new.items():
        if partition not in changed:
            known.fresh.setdefault(partition, {}).update(parts)
    return found


def _read_feed(lake: Bucket, before: Known, found: Survey, now: datetime) -> dict[Partition, dict[str, int]]:
    """Parts of deliveries that are met for the first time; those that may be met again are noted.

    Where a commit is damaged the listings have to tell: the feed is not waited for, since it would never get better.
    """
    new: dict[Partition, dict[str, int]] = {}
    try:
        for entry in read_feed(lake, (before.until or now) - OVERLAP):
            short = shortened(entry.delivery)
            if entry.minute >= now - OVERLAP - _MINUTE:
                found.known.deliveries.add(short)
            if short not in before.deliveries:
                _add(new, entry)
    except ObjectUnreadable as error:
        found.unreadable.append(error.message)
    return new


def _add(new: dict[Partition, dict[str, int]], entry: FeedEntry) -> None:
    by = to_micros(entry.committed_at)
    for part in entry.parts:
        if part.partition.dataset == EVENTS:
            new.setdefault(part.partition, {})[part.key] = by


def _all_partitions(lake: Bucket) -> set[Partition]:
    """Every partition that has objects."""
    found = set()
    for page in lake.pages(f"{EVENTS}/"):
        found |= {part.partition for stat in page.objects if (part := parse_part(stat.key))}
    return found


def _look_at(lake: Bucket, partition: Partition) -> tuple[list[Stat], tuple[Manifest, str] | None, str]:
    """List a partition and read its manifest, in this order: what is replaced in between is in the manifest.

    Also gives why the manifest could not be read, if so: then all rows stand in what is listed.
    """
    listed = lake.list(partition.prefix).objects
    try:
        return listed, read_manifest(lake, partition), ""
    except ObjectUnreadable as error:
        return listed, None, error.message


def _take_in(partition: Partition, looked: tuple[list[Stat], tuple[Manifest, str] | None, str], found: Survey) -> None:
    """Note what :func:`_look_at` saw."""
    listed, standing, unreadable = looked
    known = found.known
    manifest, etag = standing or (Manifest(partition), None)
    before = {each.key: each for each in known.compacted.get(partition, ())}
    sound = [each for each in manifest.compacted if parse_part(each.key)]
    found.unreadable += [unreadable] if unreadable else []
    found.unreadable += [each.key for each in manifest.compacted if each not in sound]
    _put(known.compacted, partition, tuple(before.get(each.key) or _root_object(each) for each in sound))
    _put(known.fresh, partition, {stat.key: to_micros(stat.modified_at) for stat in manifest.fresh(listed)})
    _put(known.etags, manifest_key(partition), etag)


def _root_object(compacted: Compacted) -> RootObject:
    """What the manifest says of an object that was not yet scanned."""
    return RootObject(
        key=compacted.key,
        bytes=compacted.bytes,
        rows=compacted.rows,
        delivered_first=compacted.delivered_first,
        delivered_last=compacted.delivered_last,
        normaliser_version=compacted.normaliser_version,
    )


def _put(mapping: dict[Key, Value], key: Key, value: Value | None) -> None:
    """Keep a value, or none where there is nothing to it."""
    if value:
        mapping[key] = value
    else:
        mapping.pop(key, None)


def fresh_parts(fresh: Mapping[Partition, Mapping[str, int]]) -> tuple[FreshPart, ...]:
    """All fresh parts, in the order of their keys."""
    return tuple(FreshPart(key, by) for key, by in sorted(pair for parts in fresh.values() for pair in parts.items()))
