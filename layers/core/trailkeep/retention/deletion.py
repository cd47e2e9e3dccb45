"""Deleting one partition, on record, so that a run that is cut off anywhere is finished by the next one.

1. The deletion is announced: what will go, and why, under a key that the partition alone decides. Who finds one there
   already takes that one up.
2. The record is written, the same words under a key of its own. It stays for ever.
3. The objects go, those that were listed and only as they were then: what arrives meanwhile is not touched.
4. The manifest forgets them, the announcement goes.

Each step may be done twice, or by two at once.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256

import msgspec

from trailkeep.errors import ObjectNotFound, ObjectUnreadable, StorageUnavailable
from trailkeep.events.timestamps import from_micros
from trailkeep.lake.manifest import manifest_key, read_manifest, write_manifest
from trailkeep.lake.partitions import Partition, parse_part, parse_partition
from trailkeep.lake.storage import Bucket
from trailkeep.retention.inventory import Inventory
from trailkeep.retention.removal import Removed, remove
from trailkeep.retention.settings import Moment, Terms

RECORDS = "state/retention/deletions/"
PENDING = "state/retention/pending/"

_TRIES = 5


class DeletedObject(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """An object that goes: ``rows`` where the manifest tells, the times of its first and last event."""

    key: str
    etag: str
    bytes: int
    modified_at: Moment
    first: Moment
    last: Moment
    rows: int | None = None

    @property
    def size(self) -> int:
        """Its bytes, by the name that listings have for them."""
        return self.bytes


class Deletion(msgspec.Struct, frozen=True, rename="camel"):
    """The record of a deletion: of which partition, by which run, when and under which terms, and what goes."""

    record: str
    partition: str
    run: str
    at: Moment
    terms: Terms
    newest_delivery: Moment
    bytes: int
    rows: int | None
    objects: tuple[DeletedObject, ...]


_decoder = msgspec.json.Decoder(Deletion)


def plan_deletion(inventory: Inventory, newest_delivery: datetime, terms: Terms, run: str, now: datetime) -> Deletion:
    """What deleting a partition means, as it was listed."""
    rows = {each.key: each.rows for each in inventory.manifest.compacted}
    objects = []
    for stat in inventory.objects:
        part = parse_part(stat.key)
        if part is None:
            raise ObjectUnreadable(f"{stat.key} is none of the lake's")
        first, last = from_micros(part.first), from_micros(part.last)
        objects.append(DeletedObject(stat.key, stat.etag, stat.size, stat.modified_at, first, last, rows.get(stat.key)))
    told = [each.rows for each in objects]
    content = sha256("\n".join(f"{each.key} {each.etag}" for each in objects).encode()).hexdigest()[:12]
    prefix = inventory.partition.prefix
    return Deletion(
        record=f"{RECORDS}{now:%Y-%m-%d}/{prefix.removesuffix('/')}-{content}.json",
        partition=prefix,
        run=run,
        at=now,
        terms=terms,
        newest_delivery=newest_delivery,
        bytes=sum(each.bytes for each in objects),
        rows=None if None in told else sum(filter(None, told)),
        objects=tuple(objects),
    )


def announce(lake: Bucket, deletion: Deletion) -> None:
    """Say what is about to go; where another deletion of the partition is announced already, that one is to be done."""
    lake.create(_pending_key(deletion.partition), msgspec.json.encode(deletion))


def announced(lake: Bucket, partition: Partition) -> tuple[Deletion, str] | None:
    """The deletion announced for a partition, with the announcement's etag; None where there is none."""
    key = _pending_key(partition.prefix)
    try:
        with lake.open(key) as (stat, chunks):
            deletion, etag = _decoder.decode(b"".join(chunks)), stat.etag
    except ObjectNotFound:
        return None
    except (ValueError, RecursionError) as error:
        raise ObjectUnreadable(f"{key} is damaged") from error
    if not deletion.record.startswith(RECORDS) or not all(_is_in(partition, each.key) for each in deletion.objects):
        raise ObjectUnreadable(f"{key} names what is not in its partition")
    return deletion, etag


def announced_partitions(lake: Bucket) -> list[str]:
    """The prefixes of the partitions whose deletion is announced and not finished."""
    keys = [stat.key for stat in lake.list(PENDING).objects]
    return [key.removeprefix(PENDING).removesuffix(".json") + "/" for key in keys]


def carry_out(lake: Bucket, deletion: Deletion, etag: str, out_of_time: Callable[[], bool]) -> Removed:
    """Do an announced deletion, or as much of it as there is time for, or as the store lets be done."""
    lake.create(deletion.record, msgspec.json.encode(deletion))
    removed = remove(lake, deletion.objects, out_of_time)
    if removed.finished and not removed.failures:
        forget(lake, deletion.partition, {each.key for each in deletion.objects})
        lake.delete(_pending_key(deletion.partition), etag)
    return removed


def withdraw(lake: Bucket, deletion: Deletion, etag: str, reason: str, inventory: Inventory, now: datetime) -> None:
    """Leave what still stands of an announced deletion, since it has to stay by now; on record as well."""
    standing = {(stat.key, stat.etag) for stat in inventory.objects}
    kept = [each.key for each in deletion.objects if (each.key, each.etag) in standing]
    try:
        lake.stat(deletion.record)
    except ObjectNotFound:
        pass  # nothing was deleted before the record was written
    else:
        body = msgspec.json.encode({"record": deletion.record, "reason": reason, "at": now, "kept": kept})
        lake.create(deletion.record.removesuffix(".json") + "-kept.json", body)
        forget(lake, deletion.partition, {each.key for each in deletion.objects} - set(kept))
    lake.delete(_pending_key(deletion.partition), etag)


def forget(lake: Bucket, partition: str, gone: Iterable[str]) -> None:
    """Take objects out of a partition's manifest; one that names no other goes itself.

    Compaction may be changing it at the same time: each change rests on what the manifest says then.
    """
    parsed = parse_partition(partition)
    if parsed is None:
        raise ObjectUnreadable(f"{partition} is no partition")
    deleted = frozenset(gone)
    for _ in range(_TRIES):
        if _forgotten(lake, parsed, deleted):
            return
    raise StorageUnavailable(f"the manifest of {partition} is being changed all the time")


def _forgotten(lake: Bucket, partition: Partition, gone: frozenset[str]) -> bool:
    read = read_manifest(lake, partition)
    if read is None:
        return True
    manifest, etag = read
    left = tuple(each for each in manifest.compacted if each.key not in gone)
    if not left:
        return lake.delete(manifest_key(partition), etag)
    if len(left) == len(manifest.compacted):
        return True
    retired = tuple(each for each in manifest.retired if each.key not in gone)
    # Whose accounts are left is not known any more: None makes those who ask read the rows.
    fewer = msgspec.structs.replace(
        manifest, version=manifest.version + 1, compacted=left, retired=retired, accounts=None
    )
    return write_manifest(lake, fewer, etag)


def _is_in(partition: Partition, key: str) -> bool:
    part = parse_part(key)
    return part is not None and part.partition == partition


def _pending_key(partition: str) -> str:
    return f"{PENDING}{partition.removesuffix('/')}.json"
