"""Parquet: rows of one schema in row groups of bounded size, zstd, with their columns' meanings kept."""

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trailkeep.exports.slices import slices

ROW_GROUP_ROWS = 122_880
ROW_GROUP_BYTES = 64 << 20
"""Decoded: a row group is held until it is written, and encoded beside that."""

_LARGE = frozenset({"event", "event_id", "request_id", "uid"})
"""Columns of which no value comes twice, or hardly: a dictionary of them would only cost."""


class ParquetFile:
    """Writes row groups as they are full; what is held meanwhile is bounded."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(
            self._sink,
            schema,
            compression="zstd",
            compression_level=3,
            use_dictionary=[name for name in schema.names if name not in _LARGE],
            write_statistics=[name for name in schema.names if name != "event"],
            coerce_timestamps="us",
            allow_truncated_timestamps=True,
        )
        self._held: list[pa.Table] = []
        self._held_rows = self._held_bytes = 0

    def begin(self) -> bytes:
        """The bytes at the beginning."""
        return self._sink.taken()

    def rows(self, table: pa.Table) -> Iterator[bytes]:
        """The row groups that a table fills; the rest of it is held."""
        for piece in slices(table):
            self._held.append(piece)
            self._held_rows += piece.num_rows
            self._held_bytes += piece.nbytes
            if self._held_rows >= ROW_GROUP_ROWS or self._held_bytes >= ROW_GROUP_BYTES:
                yield self._flush()

    def end(self) -> bytes:
        """The last row group, and what stands where in the file."""
        last = self._flush() if self._held else b""
        self._writer.close()
        return last + self._sink.taken()

    def _flush(self) -> bytes:
        self._writer.write_table(pa.concat_tables(self._held).cast(self._schema), row_group_size=self._held_rows)
        self._held.clear()
        self._held_rows = self._held_bytes = 0
        pa.default_memory_pool().release_unused()
        return self._sink.taken()


class _Sink(io.RawIOBase):
    """A file that is written and never read: what was written since is taken out of it."""

    def __init__(self) -> None:
        self._written = bytearray()
        self._position = 0

    def taken(self) -> bytes:
        written = bytes(self._written)
        self._written.clear()
        return written

    def write(self, data: Any) -> int:
        self._written += data
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def writable(self) -> bool:
        return True
