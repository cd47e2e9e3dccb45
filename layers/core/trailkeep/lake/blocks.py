"""Originals of rows that follow each other, in one buffer: so that thousands are looked through without making texts.

A page of a Parquet column is such a buffer as soon as it is decompressed.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from struct import Struct
from zlib import crc32

import pyarrow as pa

from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.pages import Page
from trailkeep.lake.parquet import MOST_DECODED_BYTES

_ARRAY_ROWS = 1024
_CODEC = pa.Codec("zstd")
_length = Struct("<I").unpack_from


class Block(ABC):
    """Some originals; what may stand between them in ``data`` means nothing.

    ``first`` is the place of the first of them among all rows of a stretch, ``rows`` is how many they are.
    """

    between = 0
    """Bytes between two of them."""

    def __init__(self, data: bytes, first: int, rows: int) -> None:
        self.data = data
        self.first = first
        self.rows = rows

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each original starts in ``data``; and, as one more, where another would."""
        return self._find_starts()

    def texts(self, places: Iterable[int]) -> list[bytes]:
        """The originals at some places of the block."""
        data, starts, between = self.data, self.starts, self.between
        return [data[starts[row] : starts[row + 1] - between] for row in (place - self.first for place in places)]

    @abstractmethod
    def _find_starts(self) -> Sequence[int]: ...


class PageBlock(Block):
    """The values of one page, before each of which stands its length. ``body`` are bytes with the page in them.

    Raises :class:`ObjectUnreadable` for a damaged page.
    """

    between = 4

    def __init__(self, body: bytes, page: Page, first: int) -> None:
        super().__init__(_decompressed(body, page), first, page.rows)

    def _find_starts(self) -> Sequence[int]:
        data, own = self.data, self.between
        # How many bytes say which values are null, and those. A null has no value, so their number tells of it.
        at, end = own + _length(data, 0)[0], len(data)
        starts = []
        while at <= end - own:
            starts.append(at + own)
            at += own + _length(data, at)[0]
        if at != end or len(starts) != self.rows:
            raise ObjectUnreadable("a page does not hold as many values as it says")
        return [*starts, end + own]


class ArrayBlock(Block):
    """The values of an Arrow array of texts."""

    def __init__(self, values: pa.StringArray, first: int) -> None:
        _, offsets, data = values.buffers()
        self._offsets = memoryview(offsets).cast("i")[values.offset : values.offset + len(values) + 1]
        super().__init__(bytes(data[self._offsets[0] : self._offsets[-1]]) if data else b"", first, len(values))

    def _find_starts(self) -> Sequence[int]:
        start = self._offsets[0]
        return [offset - start for offset in self._offsets]


def array_blocks(texts: pa.ChunkedArray, places: Sequence[int] | None, *, backwards: bool) -> Iterator[ArrayBlock]:
    """A column of texts in blocks: those with one of some places, which are in order; None are all."""
    parts = []
    first = 0
    for chunk in texts.chunks:
        for at in range(0, len(chunk), _ARRAY_ROWS):
            parts.append((first, chunk.slice(at, _ARRAY_ROWS)))
            first += len(parts[-1][1])
    for first, part in reversed(parts) if backwards else parts:
        if has_place(places, first, len(part)):
            yield ArrayBlock(part, first)


def has_place(places: Sequence[int] | None, first: int, rows: int) -> bool:
    """Whether one of some places, which are in order, is among so many rows from a first one on; None are all."""
    if places is None:
        return True
    number = bisect_left(places, first)
    return number < len(places) and places[number] < first + rows


def _decompressed(chunk: bytes, page: Page) -> bytes:
    compressed = chunk[page.body : page.end]
    if page.size > MOST_DECODED_BYTES:
        raise ObjectUnreadable("a page would take too much memory")
    if page.checksum is not None and crc32(compressed) != page.checksum:
        raise ObjectUnreadable("the checksum of a page is wrong")
    try:
        body: bytes = _CODEC.decompress(compressed, page.size, asbytes=True)
    except (OSError, ValueError) as error:
        raise ObjectUnreadable("a page cannot be decompressed") from error
    return body
