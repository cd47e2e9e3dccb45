"""What an estimate tells is what is there to be read: no more, no less, and it is cheap to know."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.unit.living_lake import DAY, MIDNIGHT, LivingLake, make_record
from tests.unit.search_lake import Life, asking, live, lives, matchings, settled_lake
from trailkeep.access.principal import Principal
from trailkeep.events.timestamps import to_micros
from trailkeep.index.root import ROOT
from trailkeep.lake.partitions import parse_part
from trailkeep.lake.parts import Reading
from trailkeep.lookup.page import visible_before
from trailkeep.search.estimate import Estimate, estimate, price
from trailkeep.search.matching import Matching, narrowed
from trailkeep.search.stream import Stream


def estimated(lake: LivingLake, asked: Matching, *, is_indexed: bool = True) -> Estimate:
    return estimate(lake.lake, asked, visible_before(to_micros(lake.now)), lake.now if is_indexed else None)


def standing(lake: LivingLake, asked: Matching) -> Estimate:
    """The same of all objects that stand in the lake, of which nothing is replaced yet."""
    parts = {key: part for key in lake.bucket.objects if (part := parse_part(key))}
    found = [
        key
        for key, part in parts.items()
        if part.partition.dataset in asked.datasets
        and (not asked.regions or part.partition.region in asked.regions)
        and part.first < asked.end
        and part.last >= asked.start
    ]
    return Estimate(0, len(found), sum(len(lake.bucket.objects[key][0]) for key in found))


@settings(max_examples=40, deadline=None)
@given(lives, matchings())
def test_a_stream_reads_no_more_than_was_estimated(life: Life, asked: Matching) -> None:
    lake = LivingLake()
    live(lake, life)

    for is_indexed in (True, False):
        found = estimated(lake, asked, is_indexed=is_indexed)
        reading = Reading()
        now = lake.now if is_indexed else None
        list(Stream(lake.lake, asked, visible_before(to_micros(lake.now)), None, ["event"], reading, now=now))
        assert reading.objects <= found.objects
        assert reading.bytes <= found.bytes


@pytest.mark.parametrize("is_indexed", [True, False])
def test_all_that_stands_is_counted(is_indexed: bool) -> None:
    lake = LivingLake()
    batch = [make_record(number, MIDNIGHT + number * DAY // 8) for number in range(-16, 16)]
    live(lake, [("deliver", batch[:20]), ("deliver", batch[20:]), ("publish", None), ("deliver", batch[:3])])

    for asked in (asking("*"), asking("*", start=MIDNIGHT, end=MIDNIGHT + 1), asking("*", regions=("us-east-1",))):
        found = estimated(lake, asked, is_indexed=is_indexed)
        assert replace(found, partitions=0) == standing(lake, asked)
        assert 0 < found.partitions <= found.objects
    assert estimated(lake, asking("*", end=MIDNIGHT - 9 * DAY, start=0)) == Estimate(0, 0, 0)
    assert estimated(lake, asking("*", start=MIDNIGHT, end=MIDNIGHT)) == Estimate(0, 0, 0)


def test_it_takes_two_requests_however_long_the_window_is() -> None:
    lake, _ = settled_lake([make_record(number, MIDNIGHT - number * DAY) for number in range(40)])
    asked: list[str] = []
    lake.bucket.before_call = lambda operation, key: asked.append(f"{operation} {key}")  # type: ignore[method-assign]

    found = estimated(lake, asking("event.a: b", start=MIDNIGHT - 60 * DAY))

    assert found.objects == found.partitions == 40
    assert sorted(asked) == ["get index/root", "list state/commits/"]


def test_a_damaged_index_changes_nothing() -> None:
    lake, _ = settled_lake([make_record(number, MIDNIGHT - number * DAY) for number in range(10)])
    whole = estimated(lake, asking("*", start=MIDNIGHT - 60 * DAY))
    lake.bucket.put(ROOT, b"no root")

    assert estimated(lake, asking("*", start=MIDNIGHT - 60 * DAY)) == whole


def test_what_an_asker_may_not_see_is_not_counted() -> None:
    lake, _ = settled_lake([make_record(number, MIDNIGHT) for number in range(30)])
    who = Principal("t", "t", frozenset({"view"}), regions=("us-east-1", "mars"))

    assert estimated(lake, narrowed(asking("*"), who)) == estimated(lake, asking("*", regions=("us-east-1",)))
    assert estimated(lake, narrowed(asking("*", regions=("cn-hangzhou",)), who)) == Estimate(0, 0, 0)


def test_a_price_is_by_the_terabyte() -> None:
    assert price(0) == 0
    assert price(1 << 40) == 5.0
    assert price(1 << 39, dollars_per_tb=6.0) == 3.0
