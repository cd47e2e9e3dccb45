"""Rows → bytes: where the pages of the column ``event`` of one object start, and which rows are in them."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from trailkeep.index.frames import pack, unpack
from trailkeep.index.varints import decode_varints, encode_varints, split_varints
from trailkeep.lake.damaged import Damaged

_UNITS = (1_000_000, 1_000, 1)


class Stretch(NamedTuple):
    """Bytes of an object that start and end with a page, and the rows in them."""

    start: int
    length: int
    first_row: int
    rows: int


@dataclass(frozen=True, slots=True)
class PageTable:
    """The pages of an object in order: the row and the byte that each starts at, and those behind its end.

    ``times`` are those of the first row of each, in microseconds: rows are ordered by time.
    """

    first_rows: list[int]
    starts: list[int]
    ends: list[int]
    times: list[int]
    rows: int

    def number_of(self, row: int) -> int:
        """Which page a row is in, from 0. Raises IndexError for a row that the object does not have."""
        if not 0 <= row < self.rows:
            raise IndexError(f"there is no row {row}")
        return bisect_right(self.first_rows, row) - 1

    def page(self, number: int) -> Stretch:
        """A page by its number."""
        first = self.first_rows[number]
        behind = self.first_rows[number + 1] if number + 1 < len(self.first_rows) else self.rows
        return Stretch(self.starts[number], self.ends[number] - self.starts[number], first, behind - first)

    def latest(self, number: int, last: int) -> int:
        """A time that no row of a page is behind, in an object whose last row is of the time ``last``."""
        return self.times[number + 1] if number + 1 < len(self.times) else last

    def locate(self, row: int) -> Stretch:
        """The page of a row. Raises IndexError for a row that the object does not have."""
        return self.page(self.number_of(row))


class Chunk(NamedTuple):
    """The pages of one row group: where the first one starts; of each the rows, the bytes, and when its first row was.

    Times are microseconds since 1970.
    """

    start: int
    rows: Sequence[int]
    lengths: Sequence[int]
    times: Sequence[int]


def table_place(rows: int) -> str:
    """What a table's checksum knows of it: how many rows its object has."""
    return f"pages/{rows}"


def encode_page_table(chunks: Sequence[Chunk]) -> bytes:
    """The stored form: varints, compressed.

    How many row groups there are, and what part of a second times are counted in (both clouds write whole seconds); for
    each row group where it starts and how many pages it has; then of all pages the rows, the lengths and the times.
    """
    heads = [number for chunk in chunks for number in (chunk.start, len(chunk.rows))]
    rows = [count for chunk in chunks for count in chunk.rows]
    lengths = [length for chunk in chunks for length in chunk.lengths]
    times = [time for chunk in chunks for time in chunk.times]
    unit = next(unit for unit in _UNITS if not any(time % unit for time in times))
    gaps = ((time - before) // unit for before, time in zip([0, *times], times, strict=False))
    return pack(encode_varints([len(chunks), unit, *heads, *rows, *lengths, *gaps]), table_place(sum(rows)))


def decode_page_table(frame: bytes, rows: int) -> PageTable:
    """The table of an object with so many rows. Raises :class:`Damaged`."""
    payload = unpack(frame, table_place(rows))
    (count, unit), at = decode_varints(payload, 0, 2)
    heads, at = decode_varints(payload, at, 2 * count)
    pages = sum(heads[1::2])
    (own_rows, lengths, gaps), _ = split_varints(payload, at, pages, pages, pages)
    starts: list[int] = []
    ends: list[int] = []
    for start, own in zip(heads[0::2], heads[1::2], strict=True):
        bounds = list(accumulate(lengths[len(starts) : len(starts) + own], initial=start))
        starts += bounds[:-1]
        ends += bounds[1:]
    first_rows = list(accumulate(own_rows, initial=0))
    if first_rows.pop() != rows:
        raise Damaged("a page table is of another object")
    return PageTable(first_rows, starts, ends, [unit * time for time in accumulate(gaps)], rows)
