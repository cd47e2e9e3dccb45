"""JSON: one list, or NDJSON: one value a line. A row is its original event, verbatim, or an object of its columns."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from trailkeep.exports.slices import slices
from trailkeep.exports.values import as_json, plain

Texts = Callable[[pa.Table], list[bytes]]
"""The rows of a small table as JSON, each a text of its own."""


def originals(table: pa.Table) -> list[bytes]:
    """The events as they are stored: never parsed, so that numbers, blanks and the order of members stay."""
    texts: list[bytes] = table.column("event").cast(pa.binary()).to_pylist()
    return texts


def objects(table: pa.Table) -> list[bytes]:
    """Rows as objects of their columns, null where there is no value."""
    columns = [plain(column.combine_chunks()).to_pylist() for column in table.columns]
    names = table.column_names
    return [as_json(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


class JsonFile:
    """Writes one JSON list, each row on a line of its own unless it has lines of its own."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._is_first = True

    def begin(self) -> bytes:
        """What comes before the first row."""
        return b"["

    def rows(self, table: pa.Table) -> Iterator[bytes]:
        """The rows of a table, some thousands at a time."""
        for piece in slices(table):
            yield (b"\n" if self._is_first else b",\n") + b",\n".join(self._texts(piece))
            self._is_first = False

    def end(self) -> bytes:
        """What comes behind the last row."""
        return b"\n]\n"


class NdjsonFile:
    """Writes each row on one line.

    A line break in JSON can only stand between two of its parts: a blank there means the same. So what is compared
    value by value equals the original, and nothing but line breaks is changed.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def rows(self, table: pa.Table) -> Iterator[bytes]:
        """The lines of a table, some thousands at a time."""
        for piece in slices(table):
            lines = b"\n".join(text.translate(_BREAKS_TO_BLANKS) for text in self._texts(piece))
            yield lines + b"\n"

    def end(self) -> bytes:
        """Nothing: the last line has its end already."""
        return b""


_BREAKS_TO_BLANKS = bytes.maketrans(b"\r\n", b"  ")
