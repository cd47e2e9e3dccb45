"""Tiers: the index of an ordered list of compacted objects, in one object of which single pieces are read.

Which piece answers a question is told by the directory, which is part of the root.
"""

from bisect import bisect_right
from collections.abc import Collection
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import msgspec

from trailkeep.index import ids, postings
from trailkeep.index.cube import CubeBytes, decode_cube, decode_totals
from trailkeep.index.page_table import PageTable, decode_page_table
from trailkeep.index.varints import decode_varints
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.storage import Range

GONE = -1
"""In the place of an object that the lake no longer has: the tier was built before it went."""


class Place(NamedTuple):
    """A row of the lake: the number of its object in the root, and the row in it."""

    object: int
    row: int


class Directory(msgspec.Struct, array_like=True, frozen=True):
    """What the root says of a tier. The sections stand one behind the other: IDs, postings, page tables, counts.

    ``objects`` are numbers in the root, or :data:`GONE`; ``rows`` theirs, in the same order. Buckets are two to the
    power of ``…_bits`` for each of IDs and postings; ``…_lengths`` are varints. ``counted`` holds for each column with
    counts how many bytes its totals and its details take.
    """

    key: str
    objects: tuple[int, ...]
    rows: tuple[int, ...]
    id_bits: int
    id_gap_bytes: int
    id_row_bytes: int
    id_lengths: bytes
    posting_bits: int
    posting_lengths: bytes
    table_lengths: bytes
    counted: dict[str, tuple[int, int]]
    services: dict[str, int]


class Tier:
    """Looks up in one tier: says what to read, and what the bytes mean. Methods that take bytes raise :class:`Damaged`.

    Objects are numbers in the root; those that are gone are in no answer.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.key = directory.key
        self._number_of = {place: number for number, place in enumerate(directory.objects) if place != GONE}

    @property
    def is_whole(self) -> bool:
        """Whether all its objects still are in the lake: else its totals count too much."""
        return GONE not in self.directory.objects

    @property
    def rows(self) -> int:
        """Rows of all its objects, those that are gone included."""
        return self._first_rows[-1]

    @property
    def size(self) -> int:
        """Bytes of the tier."""
        return self._starts_of_counts[1]

    def holds(self, place: int) -> bool:
        """Whether it covers an object."""
        return place in self._number_of

    def services(self) -> dict[str, int]:
        """The most frequent services with their rows, roughly: those of gone objects are counted too."""
        return self.directory.services

    # Event IDs

    def ids_range(self, event_id: str) -> Range:
        """What to read to look up an event ID."""
        bucket = ids.id_bucket(event_id, self.directory.id_bits)
        return self._between(self.id_starts, bucket)

    def find_id(self, frame: bytes, event_id: str) -> list[Place]:
        """Rows that may have an event ID: all that have it, and seldom another."""
        directory = self.directory
        rows = ids.find_id(frame, event_id, directory.id_bits, directory.id_gap_bytes, directory.id_row_bytes)
        return [place for row in rows if (place := self._place(row)) is not None]

    # Values of columns

    def postings_range(self, column: str, value: str) -> Range:
        """What to read to look up a value in a column of :data:`trailkeep.index.keys.POSTED`."""
        bucket = postings.value_bucket(column, value, self.directory.posting_bits)
        return self._between(self.posting_starts, bucket)

    def find_value(self, frame: bytes, column: str, value: str) -> list[postings.Run]:
        """The objects that hold a value, in the tier's order; an object that is not among them has no such row."""
        places = self.directory.objects
        found = []
        for run in postings.find_value(frame, column, value, self.directory.posting_bits):
            if run.object >= len(places):
                raise Damaged("postings name an object that is not of their tier")
            if places[run.object] != GONE:
                found.append(run.at(places[run.object]))
        return found

    # Pages

    def page_table_range(self, place: int) -> Range:
        """What to read for the page table of an object. Raises KeyError for one that it does not cover."""
        return self._between(self.table_starts, self._number_of[place])

    def page_tables_range(self) -> Range:
        """What to read for the page tables of all its objects."""
        starts = self.table_starts
        return Range(self.key, starts[0], starts[-1] - starts[0])

    def page_table(self, frame: bytes, place: int) -> PageTable:
        """The page table of an object, from the bytes of :meth:`page_table_range`."""
        return decode_page_table(frame, self.directory.rows[self._number_of[place]])

    # Counts

    def counts(self, column: str) -> bool:
        """Whether it counts the values of a column: it does not where they are too many."""
        return column in self.directory.counted

    def totals_range(self, column: str) -> Range:
        """What to read for how often each value of a column comes. Raises KeyError where it does not count them."""
        start, totals, _ = self._counted(column)
        return Range(self.key, start, totals)

    def totals(self, frame: bytes, column: str) -> dict[str, int]:
        """In how many rows each value of a column is, from :meth:`totals_range`; right only if it :attr:`is_whole`."""
        return decode_totals(frame, column)

    def cube_range(self, column: str) -> Range:
        """What to read for how often each value of a column comes in each object. Raises KeyError as above."""
        start, totals, details = self._counted(column)
        return Range(self.key, start, totals + details)

    def count(self, frames: bytes, column: str, places: Collection[int]) -> dict[str, int]:
        """In how many rows of those of its objects that are among ``places`` each value is, from :meth:`cube_range`."""
        _, totals, _ = self._counted(column)
        cube = decode_cube(CubeBytes(frames[:totals], frames[totals:]), column, len(self.directory.objects))
        return cube.among([number for place in places if (number := self._number_of.get(place)) is not None])

    # Where things stand

    def _place(self, row: int) -> Place | None:
        number = bisect_right(self._first_rows, row) - 1
        if number >= len(self.directory.objects):
            raise Damaged("an event ID is at a row that is not of its tier")
        place = self.directory.objects[number]
        return None if place == GONE else Place(place, row - self._first_rows[number])

    def _between(self, starts: list[int], number: int) -> Range:
        return Range(self.key, starts[number], starts[number + 1] - starts[number])

    def _counted(self, column: str) -> tuple[int, int, int]:
        start = self._starts_of_counts[0]
        for name, (totals, details) in self.directory.counted.items():
            if name == column:
                return start, totals, details
            start += totals + details
        raise KeyError(column)

    @cached_property
    def _first_rows(self) -> list[int]:
        return list(accumulate(self.directory.rows, initial=0))

    @cached_property
    def id_starts(self) -> list[int]:
        """Where the buckets of event IDs start, and where the last one ends."""
        return _starts(self.directory.id_lengths, 1 << self.directory.id_bits, 0)

    @cached_property
    def posting_starts(self) -> list[int]:
        """Where the buckets of postings start, and where the last one ends."""
        return _starts(self.directory.posting_lengths, 1 << self.directory.posting_bits, self.id_starts[-1])

    @cached_property
    def table_starts(self) -> list[int]:
        """Where the page tables start, and where the last one ends."""
        return _starts(self.directory.table_lengths, len(self.directory.objects), self.posting_starts[-1])

    @cached_property
    def _starts_of_counts(self) -> tuple[int, int]:
        """Where the counts start and end."""
        start = self.table_starts[-1]
        return start, start + sum(totals + details for totals, details in self.directory.counted.values())


def _starts(lengths: bytes, count: int, start: int) -> list[int]:
    """Where pieces start that stand one behind the other, and where the last one ends."""
    return list(accumulate(decode_varints(lengths, 0, count)[0], initial=start))
