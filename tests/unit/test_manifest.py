"""Manifests: what compaction knows of a partition, changed only by conditional writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.manifest import (
    Compacted,
    Manifest,
    Retired,
    decode_manifest,
    encode_manifest,
    manifest_key,
    manifest_partition,
    read_manifest,
    write_manifest,
)
from trailkeep.lake.partitions import Partition, parse_partition

PARTITION = Partition("events", "cn-hangzhou", "2026-03-02")
TIME = 1_772_409_600_000_000


def compacted(name: str = "a", first: int = TIME) -> Compacted:
    key = f"{PARTITION.prefix}{first}-{first + 5}-compacted-{name}-0.parquet"
    return Compacted(key, 10, 2, first, first + 5, first + 6, first + 7, 1, 2, "ab" * 32)


def retired(name: str = "a", etag: str = "e") -> Retired:
    return Retired(f"{PARTITION.prefix}{TIME}-{TIME}-{name}.parquet", etag, TIME)


def manifest(**fields: object) -> Manifest:
    return Manifest(**{"partition": PARTITION, "version": 1, **fields})  # type: ignore[arg-type]


@given(
    st.integers(0, 2**40),
    st.lists(st.from_regex(r"[0-9a-f]{4}", fullmatch=True), max_size=4),
    st.none() | st.lists(st.text(max_size=5), max_size=3),
)
def test_a_stored_manifest_is_read_as_it_was(version: int, names: list[str], accounts: list[str] | None) -> None:
    written = Manifest(
        PARTITION,
        version,
        tuple(compacted(name) for name in names),
        tuple(retired(name) for name in names),
        None if accounts is None else tuple(accounts),
    )

    assert decode_manifest(encode_manifest(written), PARTITION) == written


def test_the_first_manifest_is_created_and_later_ones_replace_the_one_that_was_read() -> None:
    bucket = MemoryBucket()
    assert read_manifest(bucket, PARTITION) is None

    assert write_manifest(bucket, manifest(version=1), None)
    assert not write_manifest(bucket, manifest(version=1), None)
    standing, etag = read_manifest(bucket, PARTITION) or (None, "")
    assert standing == manifest(version=1)
    assert write_manifest(bucket, manifest(version=2), etag)
    assert not write_manifest(bucket, manifest(version=2, accounts=("1",)), etag)

    assert (read_manifest(bucket, PARTITION) or (None,))[0] == manifest(version=2)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff", b'{"partition": "events/region=a/date=2026-03-02/"}', b"[" * 100_000],
    ids=["empty", "cut", "list", "bytes", "incomplete", "deep"],
)
def test_a_damaged_manifest_is_told_from_a_missing_one(body: bytes) -> None:
    bucket = MemoryBucket()
    bucket.put(manifest_key(PARTITION), body)

    with pytest.raises(ObjectUnreadable):
        read_manifest(bucket, PARTITION)


def test_a_manifest_of_another_partition_is_damaged() -> None:
    bucket = MemoryBucket()
    bucket.put(manifest_key(Partition("events", "x", "2026-03-02")), encode_manifest(manifest()))

    with pytest.raises(ObjectUnreadable):
        read_manifest(bucket, Partition("events", "x", "2026-03-02"))


def test_keys_of_manifests_and_partitions_belong_together() -> None:
    assert manifest_key(PARTITION) == "state/partitions/events/region=cn-hangzhou/date=2026-03-02.json"
    assert manifest_partition(manifest_key(PARTITION)) == PARTITION


@pytest.mark.parametrize(
    "key",
    [
        "",
        "state/partitions/.json",
        "state/partitions/events/region=cn-hangzhou/date=2026-03-02",
        "state/partitions/events/region=CN/date=2026-03-02.json",
        "state/partitions/events/region=cn-hangzhou/date=2026-3-2.json",
        "state/partitions/events/region=cn-hangzhou/x/date=2026-03-02.json",
        "state/partitions/events/date=2026-03-02.json",
        "state/other/events/region=cn-hangzhou/date=2026-03-02.json",
    ],
)
def test_other_keys_are_of_no_manifest(key: str) -> None:
    assert manifest_partition(key) is None


@pytest.mark.parametrize("prefix", ["", "/", "events/", "events/region=a/", "/region=a/date=2026-03-02/"])
def test_other_prefixes_are_of_no_partition(prefix: str) -> None:
    assert parse_partition(prefix) is None


def test_fresh_is_what_is_neither_compacted_nor_retired() -> None:
    bucket = MemoryBucket()
    known = compacted()
    listed = [
        bucket.put(known.key, b"1"),
        bucket.put(f"{PARTITION.prefix}{TIME}-{TIME}-old.parquet", b"2"),
        bucket.put(f"{PARTITION.prefix}{TIME}-{TIME}-again.parquet", b"3"),
        bucket.put(f"{PARTITION.prefix}{TIME}-{TIME}-new.parquet", b"4"),
        bucket.put(compacted("orphan").key, b"5"),
        bucket.put(f"{PARTITION.prefix}notes.txt", b"6"),
    ]
    standing = manifest(compacted=(known,), retired=(retired("old", listed[1].etag), retired("again", "another")))

    fresh = standing.fresh(listed)

    assert [stat.key.removeprefix(PARTITION.prefix).split("-", 2)[2] for stat in fresh] == [
        "again.parquet",
        "new.parquet",
        "compacted-orphan-0.parquet",
    ]
