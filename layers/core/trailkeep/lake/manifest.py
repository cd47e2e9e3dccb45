"""Manifests: which objects of a partition are compacted, and which ones these have replaced.

One small object for each partition, changed only by conditional writes. It is bookkeeping, never the truth: the rows
are in the Parquet objects, and where a manifest is lost, compaction starts it anew from their listing.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import TypeVar

import msgspec

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.lake.partitions import Partition, parse_part, parse_partition
from trailkeep.lake.storage import Bucket, Stat

PARTITIONS = "state/partitions/"

GRACE = timedelta(hours=1)
"""How long a replaced object stands: longer than any reader goes on with the listing that it began with."""

MAX_ACCOUNTS = 1_000
"""Accounts that a manifest names; beyond, it says nothing of accounts."""


class Compacted(msgspec.Struct, frozen=True, omit_defaults=True):
    """A compacted object: its rows in the order of (event_time, uid), each ``uid`` in no other one of its partition.

    Times are microseconds since 1970: of the first and last event, and of the earliest and latest delivery. The
    versions are those up to which its rows were brought; a row that newer code refuses stays as it is, and says so in
    its ``mask_version``. ``sha256`` is of the Parquet bytes.
    """

    key: str
    bytes: int
    rows: int
    first: int
    last: int
    delivered_first: int
    delivered_last: int
    normaliser_version: int
    mask_version: int
    sha256: str


class Retired(msgspec.Struct, frozen=True, omit_defaults=True):
    """An object whose rows all stand in compacted ones, since ``at`` (microseconds): deletable :data:`GRACE` later.

    The etag tells it from one that is written under its key again.
    """

    key: str
    etag: str
    at: int


class Manifest(msgspec.Struct, frozen=True):
    """What compaction knows of a partition. ``version`` counts its changes, from 1.

    ``compacted`` is in the order of time. ``accounts`` are the distinct account IDs of the compacted rows, sorted; None
    where they are more than :data:`MAX_ACCOUNTS`.
    """

    partition: Partition
    version: int = 0
    compacted: tuple[Compacted, ...] = ()
    retired: tuple[Retired, ...] = ()
    accounts: tuple[str, ...] | None = ()

    def fresh(self, listed: Iterable[Stat]) -> list[Stat]:
        """Of the listed objects of the partition, those whose rows are not yet known to stand in compacted ones.

        They and ``compacted`` together have every row. Objects that are none of the lake's are left out.
        """
        compacted = {each.key for each in self.compacted}
        retired = {(each.key, each.etag) for each in self.retired}
        return [
            stat
            for stat in listed
            if stat.key not in compacted and (stat.key, stat.etag) not in retired and parse_part(stat.key)
        ]


def manifest_key(partition: Partition) -> str:
    """The key of a partition's manifest."""
    return f"{PARTITIONS}{partition.prefix.removesuffix('/')}.json"


def manifest_partition(key: str) -> Partition | None:
    """The partition whose manifest has this key; None for any other key."""
    if not key.startswith(PARTITIONS) or not key.endswith(".json"):
        return None
    return parse_partition(key.removeprefix(PARTITIONS).removesuffix(".json") + "/")


def read_manifest(bucket: Bucket, partition: Partition) -> tuple[Manifest, str] | None:
    """The manifest of a partition with its etag; None where there is none.

    Raises :class:`ObjectUnreadable` for a damaged one, and :class:`StorageUnavailable`.
    """
    try:
        with bucket.open(manifest_key(partition)) as (stat, chunks):
            return decode_manifest(b"".join(chunks), partition), stat.etag
    except ObjectNotFound:
        return None


def write_manifest(bucket: Bucket, manifest: Manifest, etag: str | None) -> bool:
    """Write a manifest in place of the one with ``etag``, or as the first one; False where another was quicker.

    False may also follow this call's own success whose answer was lost: who reads the manifest again finds out.
    """
    key, body = manifest_key(manifest.partition), encode_manifest(manifest)
    return bucket.create(key, body) if etag is None else bucket.replace(key, body, etag)


def encode_manifest(manifest: Manifest) -> bytes:
    """The stored form: JSON, its keys without the partition, which they all share."""
    prefix = manifest.partition.prefix
    return msgspec.json.encode(
        {
            "partition": prefix,
            "version": manifest.version,
            "compacted": [_renamed(each, each.key.removeprefix(prefix)) for each in manifest.compacted],
            "retired": [_renamed(each, each.key.removeprefix(prefix)) for each in manifest.retired],
            "accounts": manifest.accounts,
        }
    )


def decode_manifest(body: bytes, partition: Partition) -> Manifest:
    """The manifest of ``partition`` in its stored form. Raises :class:`ObjectUnreadable` for anything else."""
    try:
        stored = _decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise ObjectUnreadable(f"{manifest_key(partition)} is damaged") from error
    if stored.partition != partition.prefix:
        raise ObjectUnreadable(f"{manifest_key(partition)} is of another partition")
    return Manifest(
        partition=partition,
        version=stored.version,
        compacted=tuple(_renamed(each, partition.prefix + each.key) for each in stored.compacted),
        retired=tuple(_renamed(each, partition.prefix + each.key) for each in stored.retired),
        accounts=stored.accounts,
    )


class _Stored(msgspec.Struct):
    partition: str
    version: int
    compacted: tuple[Compacted, ...]
    retired: tuple[Retired, ...]
    accounts: tuple[str, ...] | None


_decoder = msgspec.json.Decoder(_Stored)


Entry = TypeVar("Entry", Compacted, Retired)


def _renamed(entry: Entry, key: str) -> Entry:
    return msgspec.structs.replace(entry, key=key)
