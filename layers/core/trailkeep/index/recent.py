"""The newest rows of a region, in the root: enough to fill a page with the newest of something common.

Rows stand newest first. Which of them a filter lets through is told by the columns; the events are read from the pages.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import msgspec

from trailkeep.index.keys import LISTS, POSTED
from trailkeep.index.page_table import Stretch
from trailkeep.index.tier import Place
from trailkeep.index.varints import decode_varints, encode_varints
from trailkeep.lake.damaged import Damaged

RECENT = tuple(name for name in POSTED if name != "resource_names")
"""Columns that are kept of the newest rows: names of resources would take as much room as all others."""


class RecentColumn(msgspec.Struct, array_like=True, frozen=True):
    """A column: its values, and for each row which one, counted from 1; 0 is null. Lists tell their lengths first."""

    values: tuple[str, ...]
    codes: bytes
    lengths: bytes = b""


class RecentPage(msgspec.Struct, array_like=True, frozen=True):
    """A page that holds some of the rows: where in which object it is, and which rows are in it."""

    object: int
    start: int
    length: int
    first_row: int
    rows: int


class Recent(msgspec.Struct, array_like=True, frozen=True):
    """The newest ``rows`` rows of a region's indexed objects: all of them from the time ``since`` on, in microseconds.

    Times are told by how much they fall from the row before; ``objects`` by their numbers in the root, ``places``, the
    rows in these, by how much they rise or fall from one to the next, twice as much, and one less where they fall.
    """

    since: int
    rows: int
    newest: int
    falls: bytes
    objects: bytes
    places: bytes
    columns: dict[str, RecentColumn]
    pages: tuple[RecentPage, ...]

    def times(self) -> list[int]:
        """Event times in microseconds, newest first. Raises :class:`Damaged`, as all methods."""
        falls, _ = decode_varints(self.falls, 0, self.rows)
        return [self.newest - fall for fall in accumulate(falls)]

    def where(self) -> list[Place]:
        """Where the rows are."""
        objects, _ = decode_varints(self.objects, 0, self.rows)
        steps, _ = decode_varints(self.places, 0, self.rows)
        return list(map(Place, objects, accumulate((step >> 1) ^ -(step & 1) for step in steps)))

    def texts(self, name: str) -> list[str | None]:
        """A column of one value a row. Raises KeyError for one that is not among :data:`RECENT`."""
        column = self.columns[name]
        codes, _ = decode_varints(column.codes, 0, self.rows)
        return self._coded(column, codes)

    def lists(self, name: str) -> list[list[str]]:
        """A column of several values a row. Raises KeyError as above."""
        column = self.columns[name]
        lengths, _ = decode_varints(column.lengths, 0, self.rows)
        codes, _ = decode_varints(column.codes, 0, sum(lengths))
        values = [value or "" for value in self._coded(column, codes)]
        ends = list(accumulate(lengths, initial=0))
        return [values[start:end] for start, end in pairwise(ends)]

    def page_of(self, place: Place) -> Stretch:
        """The page that holds one of the rows."""
        number = bisect_right(self.pages, (place.object, place.row), key=lambda p: (p.object, p.first_row)) - 1
        page = self.pages[number]
        if number < 0 or page.object != place.object or not 0 <= place.row - page.first_row < page.rows:
            raise Damaged("a recent row is in none of the recent pages")
        return Stretch(page.start, page.length, page.first_row, page.rows)

    def _coded(self, column: RecentColumn, codes: Sequence[int]) -> list[str | None]:
        values = (None, *column.values)
        try:
            return [values[code] for code in codes]
        except IndexError:
            raise Damaged("a recent value is none of its column's") from None


def encode_recent(
    since: int,
    times: Sequence[int],
    where: Sequence[Place],
    columns: dict[str, Sequence[Any]],
    pages: Sequence[RecentPage],
) -> Recent:
    """The rows as the root keeps them, newest first; ``columns`` may hold lists for those of several values a row."""
    newest = times[0] if times else 0
    steps = [place.row - before for before, place in zip([0, *(place.row for place in where)], where, strict=False)]
    return Recent(
        since=since,
        rows=len(times),
        newest=newest,
        falls=encode_varints(before - time for before, time in zip([newest, *times], times, strict=False)),
        objects=encode_varints(place.object for place in where),
        places=encode_varints(2 * step if step >= 0 else -2 * step - 1 for step in steps),
        columns={name: _column(name, values) for name, values in columns.items()},
        pages=tuple(sorted(pages, key=lambda page: (page.object, page.first_row))),
    )


def _column(name: str, rows: Sequence[Any]) -> RecentColumn:
    lengths = b""
    if name in LISTS:
        lengths = encode_varints(len(own) for own in rows)
        rows = [value for own in rows for value in own]
    codes = {value: number for number, value in enumerate(dict.fromkeys(v for v in rows if v is not None), 1)}
    return RecentColumn(tuple(codes), encode_varints(0 if v is None else codes[v] for v in rows), lengths)
