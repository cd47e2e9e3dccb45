"""Compacted Parquet objects: written row group by row group, read back in batches, never held decoded as a whole.

Their layout was chosen by measurement (docs/lake.md tells which). What readers build on: the rows are in the order of
(event_time, uid), and the pages of the last column, ``event``, hold whole multiples of :data:`PAGE_ROWS` rows, so that
a lookup can fetch single pages by range and know the rows in them.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from tempfile import TemporaryFile
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.storage import Bucket, Range
from trailkeep.schema import EVENTS

PAGE_ROWS = 128
ROW_GROUP_ROWS = 960 * PAGE_ROWS
"""What DuckDB reads best, and large enough that the dictionaries of a row group are worth their bytes."""

ROW_GROUP_BYTES = 144 << 20
"""Decoded bytes at which a row group ends before it has all its rows: it is held in memory until it is encoded."""

BATCH_ROWS = 64 * PAGE_ROWS
BATCH_BYTES = 16 << 20
_FOOTER_BYTES = 64 << 10
_FETCH_BYTES = 8 << 20
_NORMALISER = b"trailkeep:normaliser_version"

_EVENT_LEVEL, _LEVEL, _RANDOM_LEVEL = 6, 3, 1
_NO_DICTIONARY = ("uid", "event_time", "event_id", "request_id", "event")
_ENCODINGS = {
    "event_time": "DELTA_BINARY_PACKED",
    "event_id": "DELTA_LENGTH_BYTE_ARRAY",
    "request_id": "DELTA_LENGTH_BYTE_ARRAY",
}
_LEVELS = dict.fromkeys(EVENTS.names, _LEVEL) | {
    "event": _EVENT_LEVEL,
    "uid": _RANDOM_LEVEL,
    "event_id": _RANDOM_LEVEL,
    "request_id": _RANDOM_LEVEL,
}
_LAYOUT: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": _LEVELS,
    "use_dictionary": [name for name in EVENTS.names if name not in _NO_DICTIONARY],
    "column_encoding": _ENCODINGS,
    "write_statistics": [name for name in EVENTS.names if name != "event"],
    "write_page_index": True,
    "write_batch_size": PAGE_ROWS,
    "data_page_size": 64 << 10,
    # Pages end by their size alone: a limit of rows that is no multiple of PAGE_ROWS would cut those of events.
    "max_rows_per_page": 1 << 30,
    "data_page_version": "1.0",
    # A lookup reads single pages: their checksums tell damage that zstd alone would not. And no damage is ever merged
    # into what is written anew.
    "write_page_checksum": True,
    "store_schema": False,
    "coerce_timestamps": "us",
    "sorting_columns": [pq.SortingColumn(EVENTS.names.index(name)) for name in ("event_time", "uid")],
}


@dataclass(frozen=True, slots=True)
class EncodedObject:
    """A compacted object ready to be stored. Times are microseconds; ``fingerprint`` is a hash over its rows."""

    body: bytes
    rows: int
    first: int
    last: int
    delivered_first: int
    delivered_last: int
    fingerprint: str


def batch_rows(size: int, rows: int) -> int:
    """How many rows to take at once where ``rows`` rows take ``size`` bytes: whole pages, and not too many bytes."""
    fitting = BATCH_BYTES * rows // max(1, size)
    return max(PAGE_ROWS, min(BATCH_ROWS, fitting - fitting % PAGE_ROWS))


class CompactedWriter:
    """Encodes one object from tables of :data:`trailkeep.schema.EVENTS`, given in the order of (event_time, uid).

    At most one row group is held decoded; what is encoded waits in a temporary file.
    """

    def __init__(self, normaliser_version: int) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by finish() or close()
        self._writer = pq.ParquetWriter(self._file, EVENTS, **_LAYOUT)
        self._writer.add_key_value_metadata({_NORMALISER: str(normaliser_version).encode()})
        self._odd = EVENTS.empty_table()
        self._whole: list[pa.Table] = []
        self._held_rows = self._held_bytes = 0
        self._uids, self._deliveries = sha256(), sha256()
        self._delivered: list[int] = []
        self._first = self._last = 0
        self.rows = 0

    @property
    def bytes(self) -> int:
        """Bytes encoded so far; the row group that is still held is not among them."""
        return self._file.tell()

    def write(self, table: pa.Table) -> None:
        """Add rows; :class:`ValueError` where they do not come in the order of time."""
        if not table.num_rows:
            return
        times = table.column("event_time").cast(pa.int64())
        first, last = times[0].as_py(), times[-1].as_py()
        if first < self._last:
            raise ValueError("rows are not in the order of their times")
        self._first = self._first if self.rows else first
        self._last = last
        self.rows += table.num_rows
        self._digest_rows(table)
        # Chunks of whole pages: the library encodes chunk by chunk, and begins each with a page's first row.
        step = batch_rows(table.nbytes, table.num_rows)
        for start in range(0, table.num_rows, step):
            joined = pa.concat_tables([self._odd, table.slice(start, step)]).combine_chunks()
            whole = joined.num_rows - joined.num_rows % PAGE_ROWS
            self._odd = joined.slice(whole)
            self._hold(joined.slice(0, whole))

    def finish(self) -> EncodedObject:
        """End the object, which has at least one row."""
        if self._odd.num_rows:
            self._hold(self._odd)
        self._flush()
        self._writer.close()
        self._file.seek(0)
        body = self._file.read()
        self._file.close()
        return EncodedObject(
            body=body,
            rows=self.rows,
            first=self._first,
            last=self._last,
            delivered_first=min(self._delivered),
            delivered_last=max(self._delivered),
            fingerprint=sha256(self._uids.digest() + self._deliveries.digest()).hexdigest(),
        )

    def close(self) -> None:
        """Drop what was encoded; of no effect after :meth:`finish`."""
        if not self._file.closed:
            self._writer.close()
            self._file.close()

    def _hold(self, table: pa.Table) -> None:
        self._whole.append(table)
        self._held_rows += table.num_rows
        self._held_bytes += table.nbytes
        while self._held_rows >= ROW_GROUP_ROWS or self._held_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Encode what is held, up to one row group."""
        held = pa.concat_tables(self._whole) if self._whole else EVENTS.empty_table()
        group, rest = held.slice(0, ROW_GROUP_ROWS), held.slice(ROW_GROUP_ROWS)
        del held
        self._whole = [rest] if rest.num_rows else []
        self._held_rows, self._held_bytes = rest.num_rows, rest.nbytes
        if group.num_rows:
            self._writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
            del group
            pa.default_memory_pool().release_unused()

    def _digest_rows(self, table: pa.Table) -> None:
        for name, digest in (("uid", self._uids), ("delivered_at", self._deliveries)):
            for chunk in table.column(name).chunks:
                width = chunk.type.bit_width // 8
                values = chunk.buffers()[1]
                digest.update(memoryview(values)[chunk.offset * width : (chunk.offset + len(chunk)) * width])
        bounds = pc.min_max(table.column("delivered_at").cast(pa.int64())).as_py()
        self._delivered = [min([bounds["min"], *self._delivered]), max([bounds["max"], *self._delivered])]


class CompactedReader:
    """Reads a Parquet object of the lake in batches: one request for its footer, and some for each row group.

    Raises :class:`ObjectUnreadable` for one that is damaged, and the errors of storage.
    """

    def __init__(self, bucket: Bucket, key: str, size: int) -> None:
        self.key = key
        self._source = _Window(bucket, key, size)
        try:
            self._source.show(max(0, size - _FOOTER_BYTES), size)
            self._file = pq.ParquetFile(self._source, pre_buffer=False, page_checksum_verification=True)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ObjectUnreadable(f"{key} is damaged: {type(error).__name__}") from error
        lacking = set(EVENTS.names) - set(self._file.schema_arrow.names)
        if lacking:
            raise ObjectUnreadable(f"{key} lacks columns of the lake")

    @property
    def rows(self) -> int:
        """The number of rows."""
        rows: int = self._file.metadata.num_rows
        return rows

    @property
    def normaliser_version(self) -> int:
        """The version that its rows were brought to; 0 where it does not say."""
        value = (self._file.metadata.metadata or {}).get(_NORMALISER, b"0")
        return int(value) if value.isdigit() else 0

    def bounds(self, column: str) -> tuple[int, int]:
        """The least and greatest value of a column of times or numbers, by the statistics of the row groups."""
        groups = [self._file.metadata.row_group(group) for group in range(self._file.num_row_groups)]
        columns = [[group.column(number) for number in range(group.num_columns)] for group in groups]
        found = [each.statistics for group in columns for each in group if each.path_in_schema == column]
        if not found or not all(each and each.has_min_max for each in found):
            raise ObjectUnreadable(f"{self.key} does not say what is in {column}")
        return min(each.min_raw for each in found), max(each.max_raw for each in found)

    def batches(self) -> Iterator[pa.Table]:
        """The rows in their order, some thousands at a time."""
        try:
            for group in range(self._file.num_row_groups):
                about = self._file.metadata.row_group(group)
                self._source.show(*_extent(about))
                step = batch_rows(about.total_byte_size, about.num_rows)
                for batch in self._file.iter_batches(step, row_groups=[group], use_threads=False):
                    yield pa.Table.from_batches([batch]).select(EVENTS.names).cast(EVENTS)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ObjectUnreadable(f"{self.key} is damaged: {type(error).__name__}") from error


def _extent(group: Any) -> tuple[int, int]:
    """Where the bytes of a row group start and end."""
    columns = [group.column(number) for number in range(group.num_columns)]
    starts = [
        column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset for column in columns
    ]
    ends = [start + column.total_compressed_size for start, column in zip(starts, columns, strict=True)]
    return min(starts), max(ends)


class _Window(io.RawIOBase):
    """An object as a file of which one stretch at a time is in memory."""

    def __init__(self, bucket: Bucket, key: str, size: int) -> None:
        self._bucket = bucket
        self._key = key
        self._size = size
        self._position = self._start = 0
        self._bytes = b""

    def show(self, start: int, end: int) -> None:
        """Fetch a stretch, in several requests at once where it is long."""
        self._bytes = b""
        pieces = [
            Range(self._key, at, min(_FETCH_BYTES, end - at)) for at in range(start, min(end, self._size), _FETCH_BYTES)
        ]
        found = self._bucket.ranges(pieces)
        self._bytes = found[0] if len(found) == 1 else b"".join(found)
        self._start = start

    def readinto(self, target: Any) -> int:
        wanted = memoryview(target).cast("B")
        length = max(0, min(len(wanted), self._size - self._position))
        at = self._position - self._start
        if length and not 0 <= at <= at + length <= len(self._bytes):
            found = memoryview(self._bucket.ranges([Range(self._key, self._position, length)])[0])
        else:
            found = memoryview(self._bytes)[at : at + length]
        wanted[:length] = found
        self._position += length
        return length

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
