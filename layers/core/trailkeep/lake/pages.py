"""Single data pages of a Parquet column of texts: their headers, and the values in the bytes of some of them.

Pages as compaction writes them: version 1, PLAIN, zstd, an optional flat column without nulls. Any other is refused,
never misread.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple
from zlib import crc32

import pyarrow as pa

from trailkeep.lake.damaged import Damaged
from trailkeep.lake.thrift import Struct, read_struct

_DATA_PAGE = 0
_PLAIN = 0
_MOST_BYTES = 1 << 30
_CODEC = pa.Codec("zstd")


class Page(NamedTuple):
    """A data page among others: the rows before it, its own, and where its header and its bytes start and end."""

    first_row: int
    rows: int
    start: int
    body: int
    end: int
    size: int
    checksum: int | None


def pages_in(data: bytes) -> Iterator[Page]:
    """The pages of bytes that start and end with one; rows are counted from the first. Raises :class:`Damaged`."""
    at = rows = 0
    while at < len(data):
        page = _page(data, at, rows)
        if page.end > len(data):
            raise Damaged("a page ends early")
        yield page
        at, rows = page.end, rows + page.rows


def texts_in(data: bytes, wanted: Collection[int] | None = None) -> dict[int, bytes]:
    """Values by row, counted from the first of the bytes of whole pages; all of them, or those of the wanted rows.

    Only the pages that hold a wanted row are decompressed. Raises :class:`Damaged` for pages that are damaged or not
    as compaction writes them, and for wanted rows behind the last one.
    """
    found: dict[int, bytes] = {}
    left = None if wanted is None else sorted(wanted, reverse=True)
    for page in pages_in(data):
        behind = page.first_row + page.rows
        if left is None:
            found |= enumerate(_values(data, page), page.first_row)
            continue
        here = []
        while left and left[-1] < behind:
            here.append(left.pop())
        if here:
            values = _values(data, page)
            found |= {row: values[row - page.first_row] for row in here}
        if not left:
            return found
    if left:
        raise Damaged(f"there is no row {left[0]}")
    return found


def _page(data: bytes, at: int, rows: int) -> Page:
    """The page whose header starts at a byte."""
    header, body = read_struct(data, at)
    described = header.get(5)
    if header.get(1) != _DATA_PAGE or not isinstance(described, dict) or described.get(2) != _PLAIN:
        raise Damaged("a page is no plain data page of version 1")
    size, length, own = _whole(header, 2), _whole(header, 3), _whole(described, 1)
    checksum = header.get(4)
    return Page(rows, own, at, body, body + length, size, checksum & 0xFFFFFFFF if type(checksum) is int else None)


def _whole(fields: Struct, number: int) -> int:
    value = fields.get(number)
    if not isinstance(value, int) or not 0 <= value <= _MOST_BYTES:
        raise Damaged("a page header lacks a size")
    return value


def _values(data: bytes, page: Page) -> list[bytes]:
    """The values of a page."""
    compressed = data[page.body : page.end]
    if page.checksum is not None and crc32(compressed) != page.checksum:
        raise Damaged("the checksum of a page is wrong")
    try:
        body: bytes = _CODEC.decompress(compressed, page.size, asbytes=True)
    except (OSError, ValueError) as error:
        raise Damaged("a page cannot be decompressed") from error
    # How many bytes say which values are null, and those. A null has no value, so their number tells of it.
    at = 4 + int.from_bytes(body[:4], "little")
    values = []
    while at < len(body):
        start = at + 4
        at = start + int.from_bytes(body[at:start], "little")
        values.append(body[start:at])
    if at != len(body) or len(values) != page.rows:
        raise Damaged("a page does not hold as many values as it says")
    return values
