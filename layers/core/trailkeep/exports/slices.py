"""Tables in slices of bounded size, so that what a slice becomes fits in memory however large the table is."""

from collections.abc import Iterator

import pyarrow as pa

SLICE_ROWS = 4_096
SLICE_BYTES = 8 << 20


def slices(table: pa.Table) -> Iterator[pa.Table]:
    """The rows in order, at most :data:`SLICE_ROWS` at once and about :data:`SLICE_BYTES`, but one row at least."""
    start = 0
    while start < table.num_rows:
        piece = table.slice(start, SLICE_ROWS)
        # Rows differ in size by orders of magnitude: halved until it fits, not divided by the average.
        while piece.num_rows > 1 and piece.nbytes > SLICE_BYTES:
            piece = piece.slice(0, piece.num_rows // 2)
        start += piece.num_rows
        yield piece
