"""Ranges read as one give the bytes of each."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.lake.coalesced import coalesce, read_ranges
from trailkeep.lake.storage import Range

BODY = bytes(range(256)) * 4

wanted = st.lists(
    st.builds(Range, st.sampled_from(["a", "b"]), st.integers(0, 900), st.integers(1, 124)), min_size=1, max_size=12
)


@given(wanted, st.integers(0, 300))
def test_each_range_has_its_bytes(ranges: list[Range], gap: int) -> None:
    bucket = MemoryBucket()
    for key in ("a", "b"):
        bucket.put(key, key.encode() + BODY)

    found, requests, size = read_ranges(bucket, ranges, gap)

    assert found == {each: (each.key.encode() + BODY)[each.start : each.start + each.length] for each in ranges}
    assert requests == len(coalesce(ranges, gap))
    assert size >= max(each.length for each in ranges)


@given(wanted, st.integers(0, 300))
def test_what_lies_near_is_one_request(ranges: list[Range], gap: int) -> None:
    covering = coalesce(ranges, gap)

    for before, after in pairwise(covering):
        assert before.key != after.key or after.start - (before.start + before.length) > gap
