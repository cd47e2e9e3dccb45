"""Merging sorted sources: one order, each event once, whatever the sources share and however they are cut."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailkeep.compaction.merge import merged, without_duplicates
from trailkeep.schema import EVENTS

Row = tuple[int, int, int, int]
"""What a row is told by here: its event, time, delivery, and mask version."""


def table_of(rows: list[Row]) -> pa.Table:
    columns = {
        "uid": pa.array([number.to_bytes(16, "big") for number, _, _, _ in rows], pa.binary(16)),
        "event_time": pa.array([time for _, time, _, _ in rows], pa.int64()).cast(EVENTS.field("event_time").type),
        "delivered_at": pa.array([at for _, _, at, _ in rows], pa.int64()).cast(EVENTS.field("delivered_at").type),
        "mask_version": pa.array([version for _, _, _, version in rows], pa.int32()),
    }
    nothing = [None] * len(rows)
    return pa.table([columns.get(f.name, pa.array(nothing, f.type)) for f in EVENTS], schema=EVENTS)


def rows_of(table: pa.Table) -> list[Row]:
    uids = [int.from_bytes(uid, "big") for uid in table.column("uid").to_pylist()]
    numbers = [
        table.column(name).cast(pa.int64()).to_pylist() for name in ("event_time", "delivered_at", "mask_version")
    ]
    return list(zip(uids, *numbers, strict=True))


def in_batches(rows: list[Row], size: int) -> list[pa.Table]:
    return [table_of(rows[start : start + size]) for start in range(0, len(rows), size)] or [table_of([])]


# An event's time follows from the event.
row = st.tuples(st.integers(0, 30), st.integers(1, 4), st.integers(1, 2)).map(
    lambda drawn: (drawn[0], drawn[0] % 7, drawn[1], drawn[2])
)
source = st.lists(row, max_size=25, unique_by=lambda each: each[0]).map(
    lambda rows: sorted(rows, key=lambda r: (r[1], r[0]))
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(source, st.integers(1, 9)), max_size=4))
def test_merging_is_a_sorted_union_in_which_the_best_copy_stays(sources: list[tuple[list[Row], int]]) -> None:
    found = list(merged([in_batches(rows, size) for rows, size in sources]))

    copies: dict[int, list[Row]] = {}
    for rows, _ in sources:
        for each in rows:
            copies.setdefault(each[0], []).append(each)
    expected = [
        (number, group[0][1], min(each[2] for each in group), max(each[3] for each in group))
        for number, group in copies.items()
    ]
    assert [each for table, _ in found for each in rows_of(table)] == sorted(expected, key=lambda r: (r[1], r[0]))
    assert sum(dropped for _, dropped in found) == sum(len(rows) for rows, _ in sources) - len(copies)


@given(st.lists(row, max_size=40))
def test_a_table_in_any_order_is_sorted_with_each_event_once(rows: list[Row]) -> None:
    table, dropped = without_duplicates(table_of(rows))

    assert [(time, number) for number, time, _, _ in rows_of(table)] == sorted(
        {(time, number) for number, time, _, _ in rows}
    )
    assert dropped == len(rows) - table.num_rows


def test_a_source_that_is_not_in_order_is_an_error() -> None:
    with pytest.raises(ValueError, match="order"):
        list(merged([[table_of([(1, 5, 1, 1)]), table_of([(2, 4, 1, 1)])]]))


def test_a_source_with_an_event_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="order"):
        list(merged([[table_of([(1, 5, 1, 1)]), table_of([(1, 5, 1, 1)])]]))
