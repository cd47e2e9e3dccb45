"""Matches of stretches that overlap in time → one row of tables, in order and each event once."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.search.direction import Direction

MOST_ROWS = 32_768
MOST_BYTES = 32 << 20
"""Of a table that is given on; one row may be larger."""

_LEAST_ROWS = 16_384
_LEAST_BYTES = 16 << 20
"""What is held before any of it is sorted: each time costs as much as all that is held."""


class Merged:
    """Tables with ``event_time`` and ``uid``, added in any order, taken out in the order of these two.

    With ``wanted``, no more rows than that will be taken, and no more are held than that takes.
    """

    def __init__(self, direction: Direction, wanted: int | None) -> None:
        self._order = direction.name
        self._is_nearer = pc.greater if direction.newest_first else pc.less
        self._wanted = wanted
        self._held: list[pa.Table] = []
        self._rows = self._bytes = 0
        self._waiting_rows = self._waiting_bytes = 0

    def add(self, table: pa.Table) -> None:
        """Take in rows."""
        if len(table):
            self._held.append(table)
            self._rows += len(table)
            self._bytes += table.nbytes

    @property
    def is_due(self) -> bool:
        """Whether enough is held to be worth the work of :meth:`before`; of few wanted rows, any are."""
        if self._wanted is not None:
            return self._rows > 0
        if self._rows >= 2 * self._waiting_rows + _LEAST_ROWS:
            return True
        return self._bytes >= 2 * self._waiting_bytes + _LEAST_BYTES

    def before(self, frontier: int | None) -> Iterator[pa.Table]:
        """The rows that come before a time in microseconds, before which none is still to be added; None for all."""
        if not self._held:
            return
        table = pa.concat_tables(self._held)
        self._held = []
        keys = table.select(["event_time", "uid"])
        places = pc.sort_indices(keys, sort_keys=[("event_time", self._order), ("uid", self._order)])
        keys = keys.take(places)
        is_new = _first_ones(keys)
        places = places.filter(is_new).slice(0, self._wanted)
        ready = len(places) if frontier is None else self._count_before(keys.filter(is_new), frontier)
        given, rest = places.slice(0, ready), places.slice(ready)
        if self._wanted is not None:
            self._wanted -= len(given)
        self._keep(table.take(rest) if len(rest) else None)
        yield from _slices(table, given)

    def _count_before(self, keys: pa.Table, frontier: int) -> int:
        count: int | None = pc.sum(self._is_nearer(keys.column("event_time").cast(pa.int64()), frontier)).as_py()
        return count or 0

    def _keep(self, rest: pa.Table | None) -> None:
        self._held = [] if rest is None else [rest]
        self._rows = self._waiting_rows = 0 if rest is None else len(rest)
        self._bytes = self._waiting_bytes = 0 if rest is None else rest.nbytes


def _first_ones(keys: pa.Table) -> pa.BooleanArray:
    """Which of some rows in order are not the event that the row before is."""
    columns = [column.combine_chunks() for column in keys.columns]
    same = [pc.equal(column.slice(1), column.slice(0, len(keys) - 1)) for column in columns]
    return pa.concat_arrays([pa.array([True]), pc.invert(pc.and_(*same))])


def _slices(table: pa.Table, places: pa.Array) -> Iterator[pa.Table]:
    """The rows in some places, in this order, as tables that are not too large."""
    step = max(1, min(MOST_ROWS, MOST_BYTES * len(table) // max(1, table.nbytes)))
    slices = [places.slice(start, step) for start in range(0, len(places), step)]
    spans = [(bounds["min"], bounds["max"] + 1) for bounds in (pc.min_max(each).as_py() for each in slices)]
    if sum(end - start for start, end in spans) > 2 * len(table):
        table, spans = table.combine_chunks(), [(0, len(table))] * len(slices)
    for wanted, span in zip(slices, spans, strict=True):
        yield from _halved(_taken(table, wanted, *span))


def _taken(table: pa.Table, places: pa.Array, start: int, end: int) -> pa.Table:
    """The rows in some places between two. Taking copies all chunks that it is given: as few as may be are."""
    near = table.slice(start, end - start).combine_chunks()
    return near.take(pc.subtract(places, pa.scalar(start, places.type)))


def _halved(table: pa.Table) -> Iterator[pa.Table]:
    """A table in as many pieces as keep each below the most bytes: rows differ in size by orders of magnitude."""
    if len(table) == 1 or table.nbytes <= MOST_BYTES:
        yield table
    else:
        middle = len(table) // 2
        yield from _halved(table.slice(0, middle))
        yield from _halved(table.slice(middle))
