"""The formats of exports: how files are called, what they are, and what writes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
from zlib_ng import zlib_ng

from trailkeep.exports.csv_file import CsvFile
from trailkeep.exports.json_file import JsonFile, NdjsonFile, Texts
from trailkeep.exports.parquet_file import ParquetFile

CONTENT_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
"""The formats by the names that requests and files have for them."""

_LEVEL = 6


class File(Protocol):
    """What writes one file: first :meth:`begin`, then :meth:`rows` for any number of tables, last :meth:`end`.

    Each gives the next bytes of the file; they may be held back until more rows come, up to a bound.
    """

    def begin(self) -> bytes:
        """What comes before the rows."""

    def rows(self, table: pa.Table) -> Iterator[bytes]:
        """The rows of a table, which has the schema that the file was made for."""

    def end(self) -> bytes:
        """What comes behind the rows, and all that was held back."""


@dataclass(frozen=True, slots=True)
class Format:
    """One of :data:`CONTENT_TYPES`, perhaps as gzip; CSV perhaps with a byte order mark, for Excel."""

    name: str
    gzip: bool = False
    byte_order_mark: bool = False

    @property
    def suffix(self) -> str:
        """What names of files end with, such as ``.csv.gz``."""
        return f".{self.name}.gz" if self.gzip else f".{self.name}"

    @property
    def content_type(self) -> str:
        """What a file is. Compressed it is sent as it is stored, so that its hash is that of what arrives."""
        return "application/gzip" if self.gzip else CONTENT_TYPES[self.name]

    def open(self, schema: pa.Schema, texts: Texts) -> File:
        """A new file for rows of ``schema``; in JSON each row becomes one of ``texts``."""
        made: File
        match self.name:
            case "json":
                made = JsonFile(texts)
            case "ndjson":
                made = NdjsonFile(texts)
            case "csv":
                made = CsvFile(schema, byte_order_mark=self.byte_order_mark)
            case _:
                made = ParquetFile(schema)
        return _Compressed(made) if self.gzip else made


class _Compressed:
    """A file as gzip: one member, without name and time, so that the same rows are the same bytes."""

    def __init__(self, plain: File) -> None:
        self._plain = plain
        self._gzip = zlib_ng.compressobj(_LEVEL, zlib_ng.DEFLATED, 16 + zlib_ng.MAX_WBITS)

    def begin(self) -> bytes:
        return bytes(self._gzip.compress(self._plain.begin()))

    def rows(self, table: pa.Table) -> Iterator[bytes]:
        for piece in self._plain.rows(table):
            yield self._gzip.compress(piece)

    def end(self) -> bytes:
        return bytes(self._gzip.compress(self._plain.end()) + self._gzip.flush())
