"""Scans one compacted object: everything that the index says of it, from its bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trailkeep.errors import ObjectUnreadable
from trailkeep.index.arrays import Numbers
from trailkeep.index.cube_writer import Counts, join_counts
from trailkeep.index.derivable import exceptions_in
from trailkeep.index.ids_writer import Ids
from trailkeep.index.keys import ADDRESSES, COUNTED, ID_BITS, LISTS, POSTED, id_digest, spelled
from trailkeep.index.page_table import Chunk, encode_page_table
from trailkeep.index.postings_writer import Runs, joined, runs_of_column
from trailkeep.index.recent_rows import Tail, tail_of
from trailkeep.index.root import RowGroup
from trailkeep.index.varints import encode_varints
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.pages import pages_in

_MARK_BYTES = 96 << 10
"""Between two marks: what one looked-up event costs at most, where the page table was not read."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One object as a source of entries, and what the root says of it."""

    object_rows: int
    found_ids: Ids
    found_runs: Runs
    table: bytes
    cube: dict[str, Counts]
    groups: tuple[RowGroup, ...]
    channel: str | None
    exceptions: tuple[int, ...] | None
    tail: Tail

    @property
    def rows(self) -> Sequence[int]:
        """How many rows it has: it is one object."""
        return (self.object_rows,)

    @property
    def size(self) -> int:
        """About how many bytes its entries take in memory."""
        return 24 * len(self.found_ids.hashes) + 41 * len(self.found_runs.keys) + len(self.found_runs.data)

    def ids(self, start: int, end: int) -> Ids:
        """See :class:`trailkeep.index.sources.Source`, as for all methods."""
        return self.found_ids.between(start, end)

    def runs(self, start: int, end: int) -> Runs:
        """As there."""
        return self.found_runs.between(start, end)

    def page_table(self, number: int) -> bytes:  # noqa: ARG002 - there is but one
        """As there."""
        return self.table

    def counts(self, column: str) -> Counts | None:
        """As there."""
        return self.cube.get(column)


def scan(body: bytes, normaliser_version: int) -> Scanned:
    """Scan the Parquet bytes of a compacted object, whose rows are of this version or later ones.

    Raises :class:`ObjectUnreadable`.
    """
    try:
        return _scan(body, normaliser_version)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise ObjectUnreadable(f"a compacted object cannot be read: {type(error).__name__}") from error


def _scan(body: bytes, normaliser_version: int) -> Scanned:
    file = pq.ParquetFile(pa.BufferReader(body), pre_buffer=False)
    rows = file.metadata.num_rows
    parts: list[Runs] = []
    cube: dict[str, Counts] = {}
    for number in sorted(set(POSTED.values())):
        columns = [name for name, own in POSTED.items() if own == number]
        coded = [_coded(file, name) for name in columns]
        posted = [_spelled(column, own) for column, own in zip(columns, coded, strict=True)]
        parts.append(runs_of_column(columns[0], *_together(posted), rows))
        for column, (values, codes, _) in zip(columns, coded, strict=True):
            if column in COUNTED:
                counts = np.bincount(codes, minlength=len(values)).astype(np.int64)
                zeros = np.zeros(len(values), np.int64)
                own = join_counts([Counts(values.to_pylist(), np.arange(len(values)), zeros, counts)])
                if own is not None:
                    cube[column] = own
    chunks = list(_chunks(file, body))
    channels = pc.unique(file.read(columns=["channel"], use_threads=False).column(0)).to_pylist()
    channel = channels[0] if len(channels) == 1 else None
    return Scanned(
        object_rows=rows,
        found_ids=_ids(file),
        found_runs=joined(parts),
        table=encode_page_table([chunk for _, chunk in chunks]),
        cube=cube,
        groups=tuple(group for group, _ in chunks),
        channel=channel,
        exceptions=exceptions_in(file, channel, normaliser_version),
        tail=tail_of(file),
    )


Coded = tuple[pa.Array, Numbers, Numbers]


def _coded(file: Any, name: str) -> Coded:
    """A column as its distinct values, and for each occurrence which one it is and in which row, ascending."""
    column = file.read(columns=[name], use_threads=False).column(0).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    rows = None
    if name in LISTS:
        rows = _numbers(pc.list_parent_indices(column))
        column = pc.list_flatten(column)
    coded = column.dictionary_encode()
    codes = _numbers(coded.indices.fill_null(-1))
    rows = np.arange(len(codes)) if rows is None else rows
    rows, codes = rows[codes >= 0], codes[codes >= 0]
    if name in LISTS and len(codes):
        # A list may hold a value twice, which is one row all the same.
        both = np.unique(rows * len(coded.dictionary) + codes)
        rows, codes = both // len(coded.dictionary), both % len(coded.dictionary)
    return coded.dictionary, codes, rows


def _spelled(name: str, column: Coded) -> Coded:
    """A column as it is looked up: values that differ in their spelling only are one."""
    if name not in ADDRESSES:
        return column
    values, codes, rows = column
    one = pa.array([spelled(name, value) for value in values.to_pylist()], pa.string()).dictionary_encode()
    return one.dictionary, _numbers(one.indices)[codes], rows


def _together(columns: Sequence[Coded]) -> Coded:
    """Columns as one that holds in each row the values of all; a value that several of them hold is one."""
    if len(columns) == 1:
        return columns[0]
    values = pa.concat_arrays([values for values, _, _ in columns]).dictionary_encode()
    offsets = np.cumsum([0, *(len(values) for values, _, _ in columns)])
    numbers = _numbers(values.indices)
    codes = np.concatenate([numbers[own + offset] for (_, own, _), offset in zip(columns, offsets, strict=False)])
    rows = np.concatenate([own for _, _, own in columns])
    count = max(1, len(values.dictionary))
    both = np.unique(rows * count + codes)
    return values.dictionary, both % count, both // count


def _numbers(values: pa.Array) -> Numbers:
    return np.asarray(values.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def _ids(file: Any) -> Ids:
    texts = file.read(columns=["event_id"], use_threads=False).column(0).cast(pa.binary()).to_pylist()
    digests = b"".join([id_digest(text).digest() for text in texts if text is not None])
    hashes = np.frombuffer(digests, "<u8").astype(np.uint64) & np.uint64((1 << ID_BITS) - 1)
    rows = np.flatnonzero(np.array([text is not None for text in texts], np.bool_))
    order = np.argsort(hashes, kind="stable")
    return Ids(hashes[order], np.zeros(len(rows), np.int64), rows[order])


def _chunks(file: Any, body: bytes) -> Iterator[tuple[RowGroup, Chunk]]:
    """The row groups; where their pages are not as compaction writes them, without marks and as one page."""
    names = [file.metadata.schema.column(number).path for number in range(file.metadata.num_columns)]
    number = names.index("event")
    all_times = _numbers(file.read(columns=["event_time"], use_threads=False).column(0).combine_chunks())
    first = 0
    for index in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(index)
        column = group.column(number)
        start, length, rows = column.data_page_offset, column.total_compressed_size, group.num_rows
        times = all_times[first : first + rows]
        first += rows
        try:
            if column.has_dictionary_page or column.compression != "ZSTD":
                raise Damaged("a chunk is not as compaction writes it")
            pages = [(page.rows, page.end - page.start) for page in pages_in(body[start : start + length])]
            if sum(own for own, _ in pages) != rows:
                raise Damaged("pages do not hold the rows of their group")
        except Damaged:
            yield RowGroup(rows, start, length, b"", b""), Chunk(start, (rows,), (length,), (int(times[0]),))
            continue
        counts, lengths = zip(*pages, strict=True)
        marks = _marks(pages)
        yield (
            RowGroup(rows, start, length, *(encode_varints(own) for own in zip(*marks, strict=True))),
            Chunk(start, counts, lengths, [int(times[row]) for row in accumulate((0, *counts[:-1]))]),
        )


def _marks(pages: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Rows and bytes of stretches of pages, each as long as it may be."""
    marks = [(0, 0)]
    for rows, length in pages:
        before = marks[-1]
        if before[1] and before[1] + length > _MARK_BYTES:
            marks.append((rows, length))
        else:
            marks[-1] = before[0] + rows, before[1] + length
    return marks
