"""CSV as RFC 4180 has it, and inert in spreadsheets: made column by column, so that it takes no step for each cell.

Texts and times are quoted, numbers never; null is nothing, an empty text is ``""``. Nested values are JSON.
"""

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.exports.inert import inert
from trailkeep.exports.slices import slices
from trailkeep.exports.values import as_json, is_text, plain

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""By which Excel sees that a file is UTF-8."""

_END = "\r\n"
_NUL = r"\u0000"
"""What stands for the character 0, at which many readers of CSV take a text to end: its escape in JSON."""


class CsvFile:
    """Writes the rows of tables of one schema, behind a line with the names of the columns."""

    def __init__(self, schema: pa.Schema, *, byte_order_mark: bool = False) -> None:
        self._names = schema.names
        self._mark = BYTE_ORDER_MARK if byte_order_mark else b""

    def begin(self) -> bytes:
        """The line of names, which are guarded as cells are: SQL names its columns freely."""
        line = io.StringIO()
        names = inert(pa.array(self._names, pa.string())).to_pylist()
        csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator=_END).writerow(
            name.replace("\0", _NUL) for name in names
        )
        return self._mark + line.getvalue().encode()

    def rows(self, table: pa.Table) -> Iterator[bytes]:
        """The lines of a table, some thousands at a time."""
        for piece in slices(table):
            cells = [_cells(column.combine_chunks()) for column in piece.columns]
            # In a line of one cell nothing would be an empty line, which readers skip.
            nothing = "" if len(cells) > 1 else '""'
            lines = pc.binary_join_element_wise(
                *cells, pa.scalar(","), null_handling="replace", null_replacement=nothing
            )
            yield (_END.join(lines.to_pylist()) + _END).encode()

    def end(self) -> bytes:
        """Nothing: the last line has its end already."""
        return b""


def _cells(column: pa.Array) -> pa.Array:
    """The cells of a column as they stand in the file; null stays null."""
    values = plain(column)
    if pa.types.is_nested(values.type):
        values = pa.array(
            (None if value is None else as_json(value).decode() for value in values.to_pylist()), pa.string()
        )
    elif not is_text(values.type):
        return values.cast(pa.string())
    texts = pc.replace_substring(inert(values), "\0", _NUL)
    escaped = pc.replace_substring(texts, '"', '""')
    return pc.binary_join_element_wise(pa.scalar('"'), escaped, pa.scalar('"'), "")
