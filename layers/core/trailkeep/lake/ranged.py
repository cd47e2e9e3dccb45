"""A large Parquet object read by range: its footer once, then only the column chunks that a question needs."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.coalesced import coalesce
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.pages import texts_in
from trailkeep.lake.parquet import is_bomb
from trailkeep.lake.storage import Bucket, Range
from trailkeep.schema import EVENTS

TAIL_BYTES = 64 << 10
"""Read from the end at first: the footer of a compacted object with all its statistics fits in."""

_MAGIC_BYTES = 8


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group as the footer tells of it: rows, bytes, and the times of its first and last event in microseconds."""

    number: int
    rows: int
    bytes: int
    first: int
    last: int


class RangedObject:
    """An object of the lake whose columns are read one row group at a time.

    Raises :class:`ObjectNotFound`, :class:`StorageUnavailable`, and :class:`ObjectUnreadable` or pyarrow's errors for
    an object that is damaged or none of the lake's.
    """

    def __init__(self, bucket: Bucket, key: str, size: int) -> None:
        self._bucket = bucket
        self._key = key
        self._size = size
        self._metadata = self._read_metadata()
        columns: dict[str, list[int]] = {}
        for number in range(self._metadata.num_columns):
            columns.setdefault(self._metadata.schema.column(number).path.partition(".")[0], []).append(number)
        if set(EVENTS.names) - set(columns):
            raise ObjectUnreadable(f"{key} lacks columns of the lake")
        self._columns = columns

    @property
    def footer_bytes(self) -> int:
        """What opening it has read."""
        return min(self._size, TAIL_BYTES)

    def row_groups(self) -> list[RowGroup]:
        """The row groups in the order of time."""
        (time,) = self._columns["event_time"]
        found = []
        for number in range(self._metadata.num_row_groups):
            group = self._metadata.row_group(number)
            statistics = group.column(time).statistics
            if statistics is None or not statistics.has_min_max:
                raise ObjectUnreadable(f"{self._key} does not say which times it holds")
            first, last = (_micros(moment) for moment in (statistics.min, statistics.max))
            found.append(RowGroup(number, group.num_rows, group.total_byte_size, first, last))
        return found

    def read(self, row_group: int, names: Sequence[str]) -> tuple[pa.Table, int]:
        """Some columns of a row group, and the bytes that reading them took."""
        if is_bomb(self._metadata, row_group):
            raise ObjectUnreadable(f"{self._key} would take too much memory")
        group = self._metadata.row_group(row_group)
        chunks = [self._chunk(group.column(number)) for name in names for number in self._columns[name]]
        covering = coalesce(chunks)
        bodies = self._bucket.ranges(covering)
        source = _Pieces(self._size, {each.start: body for each, body in zip(covering, bodies, strict=True)})
        file = pq.ParquetFile(source, metadata=self._metadata, pre_buffer=False)
        table = file.read_row_group(row_group, columns=list(names), use_threads=False).select(names)
        schema = pa.schema([EVENTS.field(name) for name in names])
        return table.cast(schema), sum(len(body) for body in bodies)

    def originals(self, row_group: int, rows: Sequence[int]) -> tuple[list[str], int]:
        """The original events in some rows of a row group, and the bytes that reading them took.

        Only the pages that hold one of the rows are decoded.
        """
        (number,) = self._columns["event"]
        chunk = self._chunk(self._metadata.row_group(row_group).column(number))
        (body,) = self._bucket.ranges([chunk])
        with suppress(Damaged):  # or not as compaction writes it
            texts = texts_in(body, rows)
            return [texts[row].decode() for row in rows], len(body)
        table, size = self.read(row_group, ["event"])
        return table.column("event").take(list(rows)).to_pylist(), size

    def _chunk(self, column: Any) -> Range:
        """Where a column chunk stands."""
        start = column.data_page_offset
        if column.has_dictionary_page:
            start = min(start, column.dictionary_page_offset)
        return Range(self._key, start, column.total_compressed_size)

    def _read_metadata(self) -> pq.FileMetaData:
        length = min(self._size, TAIL_BYTES)
        (tail,) = self._bucket.ranges([Range(self._key, self._size - length, length)])
        footer = int.from_bytes(tail[-_MAGIC_BYTES:-4], "little") + _MAGIC_BYTES
        if tail[-4:] != b"PAR1" or footer > self._size:
            raise ObjectUnreadable(f"{self._key} is no Parquet object")
        if footer > length:
            (tail,) = self._bucket.ranges([Range(self._key, self._size - footer, footer)])
        # With the magic number in front, a footer alone is a file of which the metadata can be read.
        return pq.read_metadata(io.BytesIO(b"PAR1" + tail[-footer:]))


class _Pieces(io.RawIOBase):
    """A file of which only some stretches are at hand; Parquet asks for no others once it has the metadata."""

    def __init__(self, size: int, pieces: dict[int, bytes]) -> None:
        self._size = size
        self._pieces = pieces
        self._starts = sorted(pieces)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        found = bisect_right(self._starts, self._at) - 1
        start = self._starts[found] if found >= 0 else 0
        piece = self._pieces.get(start, b"")[self._at - start :]
        body = piece if size < 0 else piece[:size]
        if not body and size:
            raise ObjectUnreadable(f"byte {self._at} lies outside of what was read")
        self._at += len(body)
        return body


def _micros(moment: Any) -> int:
    return pa.scalar(moment, EVENTS.field("event_time").type).value  # type: ignore[no-any-return]
