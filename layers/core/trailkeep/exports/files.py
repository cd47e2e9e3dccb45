"""The files of an export, one after another: each full one is stored before the next begins."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

import msgspec
import pyarrow as pa

from trailkeep.exports.columns import Shape
from trailkeep.exports.formats import File, Format
from trailkeep.exports.upload import Upload
from trailkeep.lake.storage import Bucket

FILE_ROWS = 1_000_000
FILE_BYTES = 4 << 30
"""As they are stored. Larger downloads break off more often than they come to their end."""


class StoredFile(msgspec.Struct, frozen=True):
    """A file that stands whole, by its name behind the export's prefix."""

    name: str
    rows: int
    bytes: int
    sha256: str


class Taken(NamedTuple):
    """Rows that went into one file, and whether that was full with them and is stored."""

    rows: pa.Table
    is_stored: bool


class Files:
    """Writes rows into files ``part-00001.<format>`` and so on, behind those that are ``stored`` already.

    A context: where it is left, a file under way leaves nothing. A ``copy`` above 1 becomes part of names: those
    without it are taken by files of an interrupted run that held other rows.
    """

    def __init__(
        self, bucket: Bucket, prefix: str, form: Format, shape: Shape, stored: Sequence[StoredFile], copy: int = 1
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._format = form
        self._shape = shape
        self._copy = copy
        self._under_way: tuple[Upload, File] | None = None
        self._rows = 0
        self.stored = list(stored)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._under_way:
            self._under_way[0].drop()

    @property
    def rows(self) -> int:
        """All rows so far, those of the file under way included."""
        return self._rows + sum(file.rows for file in self.stored)

    @property
    def has_rows_under_way(self) -> bool:
        """Whether there are rows that no stored file has."""
        return self._rows > 0

    def take(self, table: pa.Table) -> Iterator[Taken]:
        """Add the rows of a table, as the shape wants them; goes on as far as what it gives is asked for.

        Raises :class:`trailkeep.exports.upload.KeyTaken`, as :meth:`close` does.
        """
        while table.num_rows:
            head = table.slice(0, FILE_ROWS - self._rows)
            table = table.slice(head.num_rows)
            upload, file = self._under_way or self._begin()
            for piece in file.rows(self._shape.made(head)):
                upload.write(piece)
            self._rows += head.num_rows
            is_full = self._rows >= FILE_ROWS or upload.bytes >= FILE_BYTES
            if is_full:
                self.close()
            yield Taken(head, is_full)

    def close(self) -> None:
        """Store the file under way; one without rows where there is none."""
        upload, file = self._under_way or self._begin()
        upload.write(file.end())
        written = upload.finish()
        self.stored.append(StoredFile(self._name, self._rows, written.bytes, written.sha256))
        self._under_way, self._rows = None, 0

    @property
    def _name(self) -> str:
        copy = f"-{self._copy}" if self._copy > 1 else ""
        return f"part-{len(self.stored) + 1:05d}{copy}{self._format.suffix}"

    def _begin(self) -> tuple[Upload, File]:
        upload = Upload(self._bucket, f"{self._prefix}{self._name}", self._format.content_type)
        self._under_way = upload, self._format.open(self._shape.schema, self._shape.texts)
        upload.write(self._under_way[1].begin())
        return self._under_way
