"""What a delivery has written is known, exactly, however its events are spread over parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trailkeep.lake.identities import Identities
from trailkeep.lake.partitions import EVENTS, Partition

PARTITIONS = [Partition(EVENTS, region, "2026-03-09") for region in ("cn-hangzhou", "us-east-1")]

# An identity belongs to one time: that is part of it.
events = st.integers(0, 60).map(lambda number: (number // 4, number.to_bytes(16, "big")))
blocks = st.lists(st.tuples(st.sampled_from(PARTITIONS), st.lists(events, min_size=1, max_size=12)), max_size=8)


@given(blocks)
def test_exactly_what_was_written_to_a_partition_is_known(
    written: list[tuple[Partition, list[tuple[int, bytes]]]],
) -> None:
    identities = Identities()
    seen: dict[Partition, set[bytes]] = {partition: set() for partition in PARTITIONS}
    for partition, rows in written:
        first, last = min(time for time, _ in rows), max(time for time, _ in rows)
        uids = [uid for _, uid in rows]

        assert identities.known(partition, first, last, uids) == seen[partition] & set(uids)

        identities.add(partition, first, last, uids)
        seen[partition] |= set(uids)
