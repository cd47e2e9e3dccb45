"""Followers of the feed see every delivery, however late its commit came, and can tell what it left behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW, MemoryBucket
from tests.unit.test_commits import DELIVERY, commit_of, parts_in
from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.commits import COMMITS, commit_key, delivery_id, minute_of, write_commit
from trailkeep.lake.feed import OVERLAP, FeedEntry, read_feed, tell_apart
from trailkeep.lake.partitions import EVENTS, Part, Partition, Versions
from trailkeep.lake.plans import ADOPTED, LONGEST

CODE = Versions(2, 1)
FEW = [("us-east-1", 5, 7), ("cn-hangzhou", 0, 0)]


def test_an_entry_tells_of_its_delivery_without_opening_it() -> None:
    lake = MemoryBucket()
    parts = parts_in(DELIVERY, CODE, FEW)
    lake.now = NOW + timedelta(minutes=4)
    key = write_commit(lake, commit_of(DELIVERY, *parts), NOW, NOW)
    lake.before_call = lambda operation, key: calls.append(operation)  # type: ignore[method-assign]
    calls: list[str] = []

    (entry,) = read_feed(lake, NOW)

    assert entry == FeedEntry(DELIVERY, NOW, NOW + timedelta(minutes=4), 2, 1, list(parts), key)
    assert calls == ["list"]


def test_an_entry_of_too_many_parts_is_opened() -> None:
    lake = MemoryBucket()
    stretches = [("r" * 32, number, number) for number in range(30)]
    parts = parts_in(DELIVERY, CODE, stretches)
    key = write_commit(lake, commit_of(DELIVERY, *parts), NOW, NOW)
    assert key.endswith(".2-1.+.json")

    (entry,) = read_feed(lake, NOW)

    assert entry.parts == list(parts)


def test_a_damaged_entry_of_too_many_parts_is_never_passed_over() -> None:
    lake = MemoryBucket()
    parts = parts_in(DELIVERY, CODE, [("r" * 32, 0, 0)] * 30)
    lake.put(commit_key(NOW, DELIVERY, CODE, parts), b"")

    with pytest.raises(ObjectUnreadable):
        list(read_feed(lake, NOW))


def test_what_no_delivery_wrote_is_no_entry() -> None:
    lake = MemoryBucket()
    for name in ("readme.txt", "2026-03-10T12-00/x.json", f"2026-03-10T12-00/{DELIVERY}.json", "9/9"):
        lake.put(COMMITS + name, b"{}")

    assert list(read_feed(lake, NOW - timedelta(days=365))) == []


@given(st.lists(st.integers(0, 300), max_size=15), st.integers(-10, 310), st.integers(1, 4))
def test_the_feed_is_read_from_the_minute_of_a_moment_on(minutes: list[int], since: int, page_size: int) -> None:
    lake = MemoryBucket()
    lake.page_size = page_size
    for number, minute in enumerate(minutes):
        write_commit(lake, commit_of(delivery_id("b", str(number), "")), NOW + timedelta(minutes=minute), NOW)

    found = list(read_feed(lake, NOW + timedelta(minutes=since, seconds=59)))

    assert [entry.minute for entry in found] == [
        NOW + timedelta(minutes=minute) for minute in sorted(minutes) if minute >= since
    ]


@given(
    pinned=st.integers(0, 600),
    adopted=st.integers(0, int(ADOPTED.total_seconds()) - 1),
    took=st.integers(0, int(LONGEST.total_seconds())),
    readings=st.lists(st.integers(0, 3600), min_size=1, max_size=8),
)
def test_a_follower_that_reads_on_with_the_overlap_misses_no_commit(
    pinned: int, adopted: int, took: int, readings: list[int]
) -> None:
    """Whenever it read before: the commit may come as late as the last worker of its plan lives."""
    lake = MemoryBucket()
    begun, committed = pinned, pinned + adopted + took
    cursor = None
    seen = set()
    for reading in [*sorted(readings), 4000]:
        if reading >= committed:
            write_commit(lake, commit_of(DELIVERY), minute_of(NOW + timedelta(seconds=begun)), NOW)
        since = NOW + timedelta(seconds=cursor) - OVERLAP if cursor is not None else NOW - OVERLAP
        seen |= {entry.delivery for entry in read_feed(lake, since)}
        cursor = reading

    assert seen == {DELIVERY}


# What stands


def entry(number: int, code: Versions, parts: tuple[Part, ...]) -> FeedEntry:
    return FeedEntry(delivery_id("b", str(number), ""), NOW, NOW, *code, list(parts), "")


def test_parts_are_told_apart_by_the_commits_of_their_deliveries() -> None:
    ids = [delivery_id("b", str(number), "") for number in range(3)]
    named = parts_in(ids[0], Versions(2, 1), FEW)
    left = parts_in(ids[0], Versions(1, 1), FEW)
    elsewhere = parts_in(ids[0], Versions(2, 1), [("eu-west-1", 5, 7)])
    waiting = parts_in(ids[1], Versions(1, 1), FEW)
    others = [
        Part(Partition(EVENTS, "us-east-1", "1970-01-01"), 5, 7, f"compacted-{'0' * 24}-0"),
        Part(Partition(EVENTS, "us-east-1", "1970-01-01"), 5, 7, "copied-by-hand"),
    ]

    standing = tell_apart(
        [*left, *others, *waiting, *named, *elsewhere], [entry(0, Versions(2, 1), named), entry(2, CODE, ())]
    )

    assert standing.committed == list(named)
    assert standing.in_flight == list(waiting)
    assert standing.orphans == [*left, *elsewhere]


def test_nothing_is_an_orphan_where_the_feed_says_nothing() -> None:
    parts = parts_in(DELIVERY, CODE, FEW)

    assert tell_apart(parts, []).in_flight == list(parts)
    assert tell_apart(parts, [entry(1, CODE, ())]).in_flight == list(parts)


def test_a_delivery_that_stands_in_the_feed_twice_is_committed() -> None:
    parts = parts_in(delivery_id("b", "1", ""), CODE, FEW)

    standing = tell_apart(parts, [entry(1, CODE, parts), entry(1, CODE, parts)])

    assert (standing.committed, standing.in_flight, standing.orphans) == (list(parts), [], [])
