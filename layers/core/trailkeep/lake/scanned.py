"""Stretches read for a scan: their columns as they are asked for, their originals some at a time, in either direction.

A scan reads each row once, so nothing of it is kept: it would push out of the cache what lookups come back to.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
from pyarrow import ArrowException

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.lake.blocks import Block, PageBlock, array_blocks, has_place
from trailkeep.lake.coalesced import read_ranges
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.pages import Page, pages_in
from trailkeep.lake.parquet import is_bomb, open_part
from trailkeep.lake.parts import Reading, Stretch
from trailkeep.lake.ranged import RangedObject
from trailkeep.lake.storage import Bucket, Range
from trailkeep.schema import EVENTS

UNREADABLE = (ArrowException, ObjectNotFound, ObjectUnreadable, OSError, ValueError)
"""What reading an object raises that is damaged, none of the lake's, or gone."""

_FETCH_BYTES = 8 << 20
_DENSE = 3
"""Where single pages are more than the third part of all, all are fetched: that takes fewer requests."""


class PageRun(NamedTuple):
    """Bytes of an object that start and end with a page of its originals, the row of the first, and how many rows."""

    start: int
    length: int
    first_row: int
    rows: int


class StretchRows(ABC):
    """The rows of one stretch, for one thread. ``read`` counts the bytes that they took.

    Methods raise :data:`UNREADABLE` or :class:`StorageUnavailable`.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.read = 0
        self._held: dict[str, pa.ChunkedArray] = {}

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Columns of all rows, in the types of the lake. What was read once is not read again."""
        missing = [name for name in names if name not in self._held]
        if missing:
            table = self._load(missing).select(missing)
            table = table.cast(pa.schema([EVENTS.field(name) for name in missing]))
            if "event" in missing and table.column("event").null_count:
                raise ObjectUnreadable("there are rows without their event")
            self._held |= zip(missing, table.columns, strict=True)
        return pa.table({name: self._held[name] for name in names})

    def blocks(self, places: Sequence[int] | None = None, *, backwards: bool = False) -> Iterator[Block]:
        """The originals of all rows, or of blocks that hold one of some ``places``, which are in order.

        ``backwards`` gives the last block first.
        """
        yield from array_blocks(self.columns(["event"]).column("event"), places, backwards=backwards)

    @abstractmethod
    def _load(self, names: Sequence[str]) -> pa.Table:
        """Columns as they are stored."""


class PartRows(StretchRows):
    """The rows of a part that is read whole."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        body = bucket.get(key)
        self._file = open_part(pa.BufferReader(body))
        if is_bomb(self._file.metadata):
            raise ObjectUnreadable(f"{key} would take too much memory")
        if set(EVENTS.names) - set(self._file.schema_arrow.names):
            raise ObjectUnreadable(f"{key} lacks columns of the lake")
        super().__init__(self._file.metadata.num_rows)
        self.read = len(body)

    def _load(self, names: Sequence[str]) -> pa.Table:
        return self._file.read(list(names), use_threads=False)


class GroupRows(StretchRows):
    """The rows of a row group of a compacted object. Of its originals little more than the asked blocks is decoded."""

    def __init__(self, scanned: "ScannedObject", number: int, rows: int) -> None:
        super().__init__(rows)
        self._object = scanned
        self._number = number

    def blocks(self, places: Sequence[int] | None = None, *, backwards: bool = False) -> Iterator[Block]:  # noqa: D102
        pages = self._pages(places)
        if pages is None:  # not as compaction writes them
            yield from super().blocks(places, backwards=backwards)
            return
        for body, page, first in reversed(pages) if backwards else pages:
            if has_place(places, first, page.rows):
                yield PageBlock(body, page, first)

    def _pages(self, places: Sequence[int] | None) -> list[tuple[bytes, Page, int]] | None:
        """All pages, or at least those of some places: each within bytes, and with the place of its first row."""
        runs, bodies, size = self._object.originals_of(self._number, places)
        self.read += size
        found = []
        try:
            for run, body in zip(runs, bodies, strict=True):
                pages = list(pages_in(body))
                if sum(page.rows for page in pages) != run.rows:
                    return None
                found += [(body, page, run.first_row + page.first_row) for page in pages]
        except Damaged:
            return None
        return found

    def _load(self, names: Sequence[str]) -> pa.Table:
        table, size = self._object.read(self._number, names)
        self.read += size
        return table


class ScannedObject(RangedObject):
    """A compacted object of which a scan reads stretches. Making one reads its footer.

    ``locate`` tells, where that is known, the pages of a row, counted over all rows of the object.
    """

    def __init__(self, bucket: Bucket, key: str, size: int, locate: Callable[[int], PageRun] | None = None) -> None:
        super().__init__(bucket, key, size)
        self._locate = locate

    def stretch_rows(self, number: int) -> GroupRows:
        """The rows of a row group."""
        return GroupRows(self, number, self._metadata.row_group(number).num_rows)

    def stored_bytes(self, number: int) -> int:
        """The bytes that a row group takes in the object."""
        group = self._metadata.row_group(number)
        return sum(group.column(column).total_compressed_size for column in range(group.num_columns))

    def originals_of(self, number: int, places: Sequence[int] | None) -> tuple[list[PageRun], list[bytes], int]:
        """Pages of a row group in order: all or, where these are few and known, those of some places.

        Rows are counted from the first of the row group. Also gives the bytes that were read.
        """
        if is_bomb(self._metadata, number):
            raise ObjectUnreadable(f"{self._key} would take too much memory")
        (column,) = self._columns["event"]
        key, start, length = self._chunk(self._metadata.row_group(number).column(column))
        runs = self._runs(number, places, length // _DENSE) if places is not None else None
        if runs is not None:
            wanted = [Range(key, run.start, run.length) for run in runs]
            found, _, size = read_ranges(self._bucket, wanted)
            return runs, [found[each] for each in wanted], size
        end = start + length
        pieces = [Range(key, at, min(_FETCH_BYTES, end - at)) for at in range(start, end, _FETCH_BYTES)]
        bodies = self._bucket.ranges(pieces)
        run = PageRun(start, length, 0, self._metadata.row_group(number).num_rows)
        return [run], [bodies[0] if len(bodies) == 1 else b"".join(bodies)], length

    def _runs(self, number: int, places: Sequence[int], most_bytes: int) -> list[PageRun] | None:
        """The pages of some places; None where nobody knows, or where they are more than so many bytes."""
        if self._locate is None:
            return None
        before = sum(self._metadata.row_group(group).num_rows for group in range(number))
        runs: list[PageRun] = []
        for place in places:
            if not runs or place >= runs[-1].first_row + runs[-1].rows:
                run = self._locate(before + place)
                runs.append(run._replace(first_row=run.first_row - before))
                most_bytes -= run.length
                if most_bytes < 0:
                    return None
        return runs


def rows_of(bucket: Bucket, stretch: Stretch, scanned: ScannedObject | None) -> StretchRows:
    """The rows of a stretch; ``scanned`` is the object that it is a row group of, None for a part as a whole."""
    if scanned is None or stretch.row_group is None:
        return PartRows(bucket, stretch.stored.part.key)
    return scanned.stretch_rows(stretch.row_group)


def note_unreadable(bucket: Bucket, key: str, error: Exception, reading: Reading) -> None:
    """Note that an object could not be read: a failure, unless it is gone, when what it held is gone too."""
    if isinstance(error, ObjectNotFound) and not bucket.list(key).objects:
        reading.gone += 1
    else:
        reading.fail(key, f"the object is damaged or not of the lake: {type(error).__name__}")
