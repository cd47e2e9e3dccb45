"""Sorted rows from several sources → one sequence in the order of (event_time, uid), each ``uid`` once.

Memory is bounded by one batch of each source, however long they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.schema import EVENTS

_ORDER = [("event_time", "ascending"), ("uid", "ascending"), ("delivered_at", "ascending")]
_DELIVERED_AT = EVENTS.field("delivered_at").type

Position = tuple[int, bytes]
"""Where a row stands: its event's time in microseconds, and its ``uid``."""


def merged(sources: Sequence[Iterable[pa.Table]]) -> Iterator[tuple[pa.Table, int]]:
    """The rows of all sources in tables, each with the number of duplicates that were dropped for it.

    Each source comes in its order, without a ``uid`` twice in it. The same ``uid`` has the same event time wherever it
    stands. ValueError for a source that is not in order.
    """
    heads = [head for source in sources if not (head := _Head(iter(source))).is_over]
    while heads:
        # Behind the first end of a batch, the next batch of that source may have rows: so far, and no further.
        horizon = min(head.end for head in heads)
        taken = [table for head in heads if (table := head.take(horizon)).num_rows]
        yield without_duplicates(pa.concat_tables(taken), sort=len(taken) > 1)
        heads = [head for head in heads if not head.is_over]


class _Head:
    """The batch of a source that is being merged; ``is_over`` when there is no more."""

    def __init__(self, batches: Iterator[pa.Table]) -> None:
        self._batches = batches
        self.table = EVENTS.empty_table()
        self.is_over = False
        self.end: Position = (-1, b"")
        self._next()

    def _next(self) -> None:
        before = self.end
        batch = next((batch for batch in self._batches if batch.num_rows), None)
        if batch is None:
            self.is_over = True
            return
        self.table, self.end = batch, _position(batch, batch.num_rows - 1)
        if not before < _position(batch, 0) <= self.end:
            raise ValueError("a source is not in the order of its events")

    def take(self, horizon: Position) -> pa.Table:
        """Take out the rows up to ``horizon``, included."""
        low, high = 0, self.table.num_rows
        if self.end <= horizon:
            low = high
        while low < high:
            middle = (low + high) // 2
            if _position(self.table, middle) <= horizon:
                low = middle + 1
            else:
                high = middle
        taken, rest = self.table.slice(0, low), self.table.slice(low)
        self.table = rest
        if not rest.num_rows:
            self._next()
        return taken


def _position(table: pa.Table, row: int) -> Position:
    return table.column("event_time")[row].value, table.column("uid")[row].as_py()


def without_duplicates(table: pa.Table, *, sort: bool = True) -> tuple[pa.Table, int]:
    """Rows in their order, each ``uid`` once, and how many were dropped.

    Of duplicates the one that was masked by the newest rules stays, with the earliest delivery of them all.
    """
    if sort:
        table = table.take(pc.sort_indices(table, sort_keys=_ORDER)).combine_chunks()
    uids = table.column("uid").combine_chunks()
    same = pc.equal(uids.slice(1), uids.slice(0, max(0, len(uids) - 1)))
    repeated = pc.indices_nonzero(same).to_pylist()
    if not repeated:
        return table, 0
    kept: dict[int, int] = {}  # the first row of each group → the one that stays in its place
    versions = table.column("mask_version")
    for _, numbers in groupby(enumerate(repeated), key=lambda pair: pair[1] - pair[0]):
        group = [row for _, row in numbers]
        rows = range(group[0], group[-1] + 2)
        kept[rows[0]] = max(rows, key=lambda row: versions[row].as_py() or 0)
    dropped = {row + 1 for row in repeated}
    chosen = [kept.get(row, row) for row in range(table.num_rows) if row not in dropped]
    delivered = table.column("delivered_at")
    result = table.take(pa.array(chosen, pa.int64()))
    if any(first != row for first, row in kept.items()):
        earliest: list[Any] = [delivered[row].value for row in range(table.num_rows) if row not in dropped]
        place = EVENTS.names.index("delivered_at")
        result = result.set_column(place, EVENTS.field(place), pa.array(earliest, pa.int64()).cast(_DELIVERED_AT))
    return result, len(dropped)
