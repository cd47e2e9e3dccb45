"""Events ↔ Parquet: how the rows of a part are encoded and decoded. No storage here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from zlib_ng.zlib_ng import crc32

from trailkeep.events.columns import Call, Insight, Origin, Row, Target, row_of
from trailkeep.events.event import Event
from trailkeep.events.principals import Principal
from trailkeep.schema import EVENTS

ROW_GROUP_ROWS = 65_536
"""Large enough that engines which read whole row groups stay fast, small enough that one fits in a function."""

MOST_DECODED_BYTES = 512 << 20
"""What rows that are read at once may say that they take, decoded: four times what delivery and compaction write."""

_NO_DICTIONARY = frozenset({"uid", "event", "event_id", "request_id", "event_time"})
_ALONE = ("uid", "event_time", "event_id", "request_id", "shared_event_id", "event")
_GROUPS: dict[str, Any] = {"call": Call, "actor": Principal, "origin": Origin, "target": Target, "insight": Insight}
_TYPES = {field.name: field.type for field in EVENTS}
_in_order = attrgetter("event_time", "uid")


@dataclass(frozen=True, slots=True)
class EncodedPart:
    """A part ready to be stored: its bytes, and what its key and its commit say of it."""

    body: bytes
    rows: int
    duplicates: int
    first: int
    last: int
    fingerprint: str


def encode_part(events: Sequence[Event], delivered_at: int) -> EncodedPart:
    """Encode events of one partition; see :func:`encode_rows`."""
    return encode_rows(list(map(row_of, events)), delivered_at)


def encode_rows(rows: Sequence[Row], delivered_at: int) -> EncodedPart:
    """Encode rows of one partition, ordered by time, each ``uid`` once.

    ``fingerprint`` is a hash over the rows' identities and a checksum of their originals, not over Parquet's bytes:
    those differ between versions of the library although the rows are the same.
    """
    unique: list[Row] = []
    uid = None
    for row in sorted(rows, key=_in_order):
        if row.uid != uid:
            uid = row.uid
            unique.append(row)
    return EncodedPart(
        body=encode_table(_table(unique, delivered_at)),
        rows=len(unique),
        duplicates=len(rows) - len(unique),
        first=unique[0].event_time,
        last=unique[-1].event_time,
        fingerprint=_fingerprint(unique),
    )


def _fingerprint(rows: Sequence[Row]) -> str:
    checksum = 0
    for row in rows:
        checksum = crc32(row.event, checksum)
    return sha256(b"".join(row.uid for row in rows) + checksum.to_bytes(4)).hexdigest()


def _table(rows: Sequence[Row], delivered_at: int) -> pa.Table:
    columns = {name: pa.array(map(attrgetter(name), rows), _TYPES[name], size=len(rows)) for name in _ALONE}
    columns["delivered_at"] = pa.repeat(pa.scalar(delivered_at, _TYPES["delivered_at"]), len(rows))
    for name, group in _GROUPS.items():
        columns |= _columns(list(map(attrgetter(name), rows)), group._fields)
    return pa.Table.from_arrays([columns[name] for name in EVENTS.names], schema=EVENTS)


def _columns(groups: list[tuple[Any, ...]], names: Sequence[str]) -> dict[str, pa.Array]:
    """The columns of one group: its values are converted once for each time that it is another."""
    numbers: dict[tuple[Any, ...], int] = {}
    places = pa.array([numbers.setdefault(group, len(numbers)) for group in groups], pa.int32())
    values = zip(names, zip(*numbers, strict=True), strict=True)
    return {name: pa.array(column, _TYPES[name]).take(places) for name, column in values if name in _TYPES}


def encode_table(table: pa.Table) -> bytes:
    """The Parquet bytes of a table of :data:`trailkeep.schema.EVENTS`."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in EVENTS.names if name not in _NO_DICTIONARY],
        write_statistics=[name for name in EVENTS.names if name != "event"],
        write_page_index=True,
        store_schema=False,
        coerce_timestamps="us",
    )
    body: bytes = sink.getvalue().to_pybytes()
    return body


def values(table: pa.Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The values of some columns, row by row; ``event_time`` in microseconds."""
    found = (table.column(name).cast(pa.int64()) if name == "event_time" else table.column(name) for name in columns)
    yield from zip(*(column.to_pylist() for column in found), strict=True)


def is_bomb(metadata: pq.FileMetaData, row_group: int | None = None) -> bool:
    """Whether a row group, or with None all of them, would take more memory than any that the lake has written."""
    groups = range(metadata.num_row_groups) if row_group is None else (row_group,)
    decoded: int = sum(metadata.row_group(number).total_byte_size for number in groups)
    return decoded > MOST_DECODED_BYTES


def open_part(source: Any) -> pq.ParquetFile:
    """Open the Parquet object behind a file-like ``source``; pyarrow's errors are the caller's to name."""
    return pq.ParquetFile(source, pre_buffer=False)
