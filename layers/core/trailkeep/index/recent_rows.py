"""Which rows are the newest of a region, for building: of an object, and of several together. See ``recent``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from trailkeep.index.keys import LISTS
from trailkeep.index.page_table import PageTable, Stretch
from trailkeep.index.recent import RECENT, Recent, RecentPage, encode_recent
from trailkeep.index.tier import Place

MOST_ROWS = 2_048
"""Rows kept of a region: enough to fill a page of fifty with what one row in forty is."""

MOST_BYTES = 96 << 10
"""That they take in the root, before it is compressed: some three times as much as they mostly do."""

_ALWAYS = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest rows of an object, newest first: all that are at ``since`` or later, in microseconds."""

    since: int
    times: Sequence[int]
    rows: Sequence[int]
    columns: Mapping[str, Sequence[Any]]


def tail_of(file: Any) -> Tail:
    """The newest rows of an object that is ordered by event time."""
    rows, groups = file.metadata.num_rows, file.metadata.num_row_groups
    read = 0
    chosen: list[int] = []
    while groups and read <= MOST_ROWS:
        groups -= 1
        chosen.insert(0, groups)
        read += file.metadata.row_group(groups).num_rows
    names = ["event_time", *RECENT]
    table = file.read_row_groups(chosen, columns=names, use_threads=False).select(names)
    table = table.slice(max(0, table.num_rows - MOST_ROWS - 1))
    times = table.column("event_time").cast(pa.int64()).to_pylist()
    since = _ALWAYS
    if table.num_rows > MOST_ROWS:
        # Those before may be of the same time as the first one of these.
        since = times[0] + 1
    kept = [number for number in reversed(range(len(times))) if times[number] >= since]
    first = rows - table.num_rows
    columns = {name: table.column(name).to_pylist() for name in RECENT}
    return Tail(
        since,
        [times[number] for number in kept],
        [first + number for number in kept],
        {name: [values[n] or [] if name in LISTS else values[n] for n in kept] for name, values in columns.items()},
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A row among the newest: when it was, where it is, and what its columns of :data:`RECENT` hold."""

    time: int
    place: Place
    page: Stretch
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Newest:
    """Rows of some objects of a region, newest first: all of these objects that are at ``since`` or later."""

    since: int
    rows: Sequence[Row]


def newest_of(tail: Tail, place: int, table: PageTable) -> Newest:
    """The newest rows of one object, which has the number ``place`` in the root."""
    values = zip(*(tail.columns[name] for name in RECENT), strict=True)
    rows = zip(tail.times, tail.rows, values, strict=True)
    return Newest(tail.since, [Row(time, Place(place, row), table.locate(row), own) for time, row, own in rows])


def newest_in(recent: Recent, places: Mapping[int, int]) -> Newest:
    """What a root says of a region, for objects that now have other numbers: those without one are gone."""
    columns = [recent.lists(name) if name in LISTS else recent.texts(name) for name in RECENT]
    rows = []
    for time, place, *values in zip(recent.times(), recent.where(), *columns, strict=True):
        if place.object in places:
            rows.append(Row(time, Place(places[place.object], place.row), recent.page_of(place), values))
    return Newest(recent.since, rows)


def join_newest(parts: Sequence[Newest], most_bytes: int = MOST_BYTES) -> Recent:
    """The newest rows of all together, as the root keeps them: as many as take no more than so many bytes there."""
    most = MOST_ROWS
    while True:
        recent = _join(parts, most)
        if len(msgspec.msgpack.encode(recent)) <= most_bytes or most == 1:
            return recent
        most //= 2


def _join(parts: Sequence[Newest], most: int) -> Recent:
    since = max((part.since for part in parts), default=_ALWAYS)
    # An object that was scanned again is in two of them.
    rows = list({row.place: row for part in parts for row in part.rows if row.time >= since}.values())
    rows.sort(key=lambda row: (row.time, row.place), reverse=True)
    if len(rows) > most:
        since = rows[most].time + 1
        rows = [row for row in rows[:most] if row.time >= since]
    pages = {(row.place.object, row.page) for row in rows}
    columns = zip(*(row.values for row in rows), strict=True) if rows else [()] * len(RECENT)
    return encode_recent(
        since,
        [row.time for row in rows],
        [row.place for row in rows],
        dict(zip(RECENT, columns, strict=True)),
        [RecentPage(place, *page) for place, page in pages],
    )
