"""Where the entries of a tier come from: objects that were just scanned, or tiers that stand, read bit by bit."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from trailkeep.index.arrays import Numbers
from trailkeep.index.cube import CubeBytes
from trailkeep.index.cube_writer import Counts, decode_counts
from trailkeep.index.ids_writer import IdFormat, Ids, decode_ids
from trailkeep.index.keys import ID_BITS, VALUE_BITS
from trailkeep.index.postings_writer import Runs, decode_postings
from trailkeep.index.tier import Tier
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.storage import Range

Fetch = Callable[[Range], bytes]


class Source(Protocol):
    """Entries of some objects, which are numbered from 0. Methods raise :class:`Damaged` for a damaged tier."""

    @property
    def rows(self) -> Sequence[int]:
        """How many rows each object has."""

    @property
    def size(self) -> int:
        """About how many bytes all its entries take in memory."""

    def ids(self, start: int, end: int) -> Ids:
        """The event IDs with hashes from ``start`` to before ``end``."""

    def runs(self, start: int, end: int) -> Runs:
        """The runs with keys from ``start`` to before ``end``."""

    def page_table(self, number: int) -> bytes:
        """The frame of an object's page table."""

    def counts(self, column: str) -> Counts | None:
        """The counts of a column; None where there are none."""


class StoredTier:
    """A tier that stands, read by ranges as its entries are asked for."""

    def __init__(self, tier: Tier, fetch: Fetch) -> None:
        self._tier = tier
        self._directory = tier.directory
        self._fetch = fetch

    @property
    def rows(self) -> Sequence[int]:
        """How many rows each object of the tier has."""
        return self._directory.rows

    @property
    def size(self) -> int:
        """About how many bytes its entries take in memory."""
        return 4 * self._tier.size

    def ids(self, start: int, end: int) -> Ids:
        """See :class:`Source`, as for all methods."""
        directory = self._directory
        if end - start < 1 << ID_BITS - directory.id_bits:
            return self._all_ids.between(start, end)
        first, last = start >> ID_BITS - directory.id_bits, end >> ID_BITS - directory.id_bits
        return self._read_ids(first, last)

    def runs(self, start: int, end: int) -> Runs:
        """As there."""
        bits = self._directory.posting_bits
        if end - start < 1 << VALUE_BITS - bits:
            return self._all_runs.between(start, end)
        return self._read_runs(start >> VALUE_BITS - bits, end >> VALUE_BITS - bits)

    def page_table(self, number: int) -> bytes:
        """As there."""
        starts = self._tier.table_starts
        return self._tables[starts[number] - starts[0] : starts[number + 1] - starts[0]]

    def counts(self, column: str) -> Counts | None:
        """As there."""
        if not self._tier.counts(column):
            return None
        totals, _ = self._directory.counted[column]
        frames = self._fetch(self._tier.cube_range(column))
        return decode_counts(CubeBytes(frames[:totals], frames[totals:]), column, len(self.rows))

    @cached_property
    def _tables(self) -> bytes:
        return self._fetch(self._tier.page_tables_range())

    # Of a small tier a bucket may hold more than is asked for at once: it is kept, small as it is.

    @cached_property
    def _all_ids(self) -> Ids:
        return self._read_ids(0, 1 << self._directory.id_bits)

    @cached_property
    def _all_runs(self) -> Runs:
        return self._read_runs(0, 1 << self._directory.posting_bits)

    def _read_ids(self, first: int, last: int) -> Ids:
        directory = self._directory
        starts = self._tier.id_starts
        frames = self._fetch(Range(self._tier.key, starts[first], starts[last] - starts[first]))
        form = IdFormat(directory.id_bits, directory.id_gap_bytes, directory.id_row_bytes)
        hashes, places = decode_ids(frames, np.diff(np.array(starts[first : last + 1])), form, first)
        bounds = np.cumsum(np.array([0, *directory.rows], np.int64))
        if len(places) and int(places.max()) >= int(bounds[-1]):
            raise Damaged("an event ID is at a row that is not of its tier")
        objects = np.searchsorted(bounds, places, side="right") - 1
        return Ids(hashes, objects, places - bounds[objects])

    def _read_runs(self, first: int, last: int) -> Runs:
        starts = self._tier.posting_starts
        frames = self._fetch(Range(self._tier.key, starts[first], starts[last] - starts[first]))
        runs = decode_postings(frames, np.diff(np.array(starts[first : last + 1])), first)
        _check(runs.objects, len(self.rows))
        return runs


def _check(objects: Numbers, count: int) -> None:
    if len(objects) and not 0 <= int(objects.min()) <= int(objects.max()) < count:
        raise Damaged("entries name an object that is not of their tier")
