"""A commit's key says what its document says, and is read back as it was written."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.errors import ObjectUnreadable
from trailkeep.events.timestamps import date_of, parse_micros
from trailkeep.lake.commits import (
    COMMITS,
    MAX_KEY,
    Commit,
    CommitName,
    PartRecord,
    commit_key,
    committed_deliveries,
    is_committed,
    minute_of,
    minute_prefix,
    parse_commit_key,
    parts_of,
    read_commit,
    write_commit,
)
from trailkeep.lake.partitions import EVENTS, Part, Partition, Versions, fresh_name

DELIVERY = "0123456789abcdef0123456789abcdef"
KEY = (
    f"state/commits/2026-03-10T12-05/{DELIVERY}.2-1.cn-hangzhou_1773014400000000_1773014400000001"
    ".us-east-1_1773014399000000_1773014399000000.json"
)
DAY = 86_400_000_000
LAST = parse_micros("9999-12-31T23:59:59.999999Z")

deliveries = st.binary(min_size=16, max_size=16).map(bytes.hex)
versions = st.builds(Versions, st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1))
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
regions = st.from_regex(r"\A[a-z0-9]{1,10}(-[a-z0-9]{1,10}){0,2}\Z") | st.just("r" * 32)


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, int, int]:
    """A region and the times of the first and last event of a part, both of one date."""
    first = draw(st.integers(0, LAST))
    return draw(regions), first, draw(st.integers(first, first // DAY * DAY + DAY - 1))


def parts_in(delivery: str, code: Versions, stretches: list[tuple[str, int, int]]) -> tuple[Part, ...]:
    return tuple(
        Part(Partition(EVENTS, region, date_of(first)), first, last, str(fresh_name(delivery, code, number)))
        for number, (region, first, last) in enumerate(stretches)
    )


@given(moments, deliveries, versions, st.lists(windows(), max_size=24))
@example(NOW, DELIVERY, Versions(1, 1), [])
@example(NOW, DELIVERY, Versions(1, 1), [("r" * 32, LAST - 1, LAST)] * 11)
@example(NOW, DELIVERY, Versions(1, 1), [("r" * 32, LAST - 1, LAST)] * 12)
def test_a_key_is_read_as_it_was_written(
    moment: datetime, delivery: str, code: Versions, stretches: list[tuple[str, int, int]]
) -> None:
    parts = parts_in(delivery, code, stretches)

    key = commit_key(moment, delivery, code, parts)

    name = parse_commit_key(key)
    assert name is not None
    assert (name.delivery, name.minute, name.versions) == (delivery, minute_of(moment), code)
    assert len(key) <= MAX_KEY
    assert key.isascii()
    assert key.startswith(f"{minute_prefix(moment)}{delivery}.")
    whole = len(f"{minute_prefix(moment)}{delivery}.{code}.json") + sum(
        len(f".{part.partition.region}_{part.first:016}_{part.last:016}") for part in parts
    )
    assert name.parts == (parts if whole <= MAX_KEY else None)


def test_the_form_of_a_key() -> None:
    name = parse_commit_key(KEY)

    assert name is not None
    assert name == CommitName(DELIVERY, datetime(2026, 3, 10, 12, 5, tzinfo=UTC), Versions(2, 1), name.parts)
    assert [part.key for part in name.parts or ()] == [
        f"events/region=cn-hangzhou/date=2026-03-09/1773014400000000-1773014400000001-{DELIVERY[:24]}-2-1-0.parquet",
        f"events/region=us-east-1/date=2026-03-08/1773014399000000-1773014399000000-{DELIVERY[:24]}-2-1-1.parquet",
    ]
    assert name.key == KEY


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("state/", "other/"),
        ("12-05", "12:05"),
        ("12-05", "25-05"),
        ("2026-03-10", "2026-02-30"),
        ("2026-03-10", "٢٠٢٦-03-10"),
        (DELIVERY, DELIVERY.upper()),
        (DELIVERY, DELIVERY[:-1]),
        (".2-1.", "."),
        (".2-1.", ".02-1."),
        (".2-1.", ".2-1.+."),
        (".2-1.", ".2-1.+"),
        (".2-1.", ".2-1.."),
        ("cn-hangzhou", "CN-hangzhou"),
        ("cn-hangzhou", "cn-"),
        ("cn-hangzhou", ""),
        ("_1773014400000000_", "_01773014400000000_"),
        ("_1773014400000000_", "_177301440000000_"),
        ("_1773014400000000_", "_"),
        (".json", ".parquet"),
        (".json", ".json/x"),
        (".json", ".us-east-1_1773014399000000_1773014399000000" * 20 + ".json"),
    ],
)
def test_other_keys_are_no_commits(old: str, new: str) -> None:
    assert old in KEY

    assert parse_commit_key(KEY.replace(old, new)) is None


@given(st.text() | st.from_regex(r"state/commits/[0-9T-]{16}/[0-9a-f]{32}\.\d-\d(\.[a-z0-9_+-]{0,40}){0,3}\.json"))
def test_what_is_read_is_written_the_same(key: str) -> None:
    name = parse_commit_key(key)

    assert name is None or name.key == key


def commit_of(delivery: str, *parts: Part) -> Commit:
    records = [PartRecord(part.key, 1, 100, part.first, part.last, "") for part in parts]
    return Commit(delivery, "landing", "key", "etag", 5, "", 2, 1, parts=records)


def test_a_commit_stands_where_its_delivery_was_pinned_and_is_found_there_whatever_code_wrote_it() -> None:
    lake = MemoryBucket()
    (part,) = parts_in(DELIVERY, Versions(2, 1), [("us-east-1", 5, 7)])
    commit = commit_of(DELIVERY, part)

    key = write_commit(lake, commit, NOW, NOW + timedelta(minutes=3))

    assert key == commit_key(NOW, DELIVERY, Versions(2, 1), [part])
    assert read_commit(lake, key) == commit
    assert parts_of(commit) == [part]
    assert msgspec.json.decode(lake.get(key)) == asdict(commit)
    assert is_committed(lake, DELIVERY, NOW)
    assert not is_committed(lake, DELIVERY, NOW + timedelta(minutes=3))
    assert not is_committed(lake, DELIVERY[:-1] + "0", NOW)


def test_a_second_commit_under_the_same_key_changes_nothing() -> None:
    lake = MemoryBucket()
    key = write_commit(lake, commit_of(DELIVERY), NOW, NOW)
    before = lake.get(key)

    assert write_commit(lake, commit_of(DELIVERY), NOW, NOW + timedelta(seconds=7)) == key
    assert lake.get(key) == before


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[" * 10_000])
def test_what_is_no_commit_is_told(body: bytes) -> None:
    lake = MemoryBucket()
    lake.put("state/commits/x", body)

    with pytest.raises(ObjectUnreadable):
        read_commit(lake, "state/commits/x")


def test_a_commit_that_names_no_part_is_told() -> None:
    commit = commit_of(DELIVERY)
    commit.parts.append(PartRecord("events/elsewhere.parquet", 1, 1, 0, 0, ""))

    with pytest.raises(ObjectUnreadable):
        parts_of(commit)


@given(st.dictionaries(deliveries, st.integers(0, 5000), max_size=20), st.integers(1, 5))
def test_every_delivery_of_every_minute_is_known_by_its_name(ended: dict[str, int], page_size: int) -> None:
    lake = MemoryBucket()
    lake.page_size = page_size
    for delivery, minutes in ended.items():
        write_commit(lake, commit_of(delivery), NOW + timedelta(minutes=minutes), NOW)
    lake.put(f"{COMMITS}2026-03-10T12-00/foreign.json", b"")

    assert committed_deliveries(lake) == set(map(bytes.fromhex, ended))
