"""Events ↔ Parquet: how the rows of a part are encoded and decoded. No storage here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trailkeep.events.event import Event
from trailkeep.schema import EVENTS

ROW_GROUP_ROWS = 65_536
"""Large enough that engines which read whole row groups stay fast, small enough that one fits in a function."""

_FROM_EVENT = tuple(name for name in EVENTS.names if name != "delivered_at")
_VALUES = attrgetter(*_FROM_EVENT)
_IN_ORDER = attrgetter("event_time", "uid")
_NO_DICTIONARY = frozenset({"uid", "event", "event_id", "request_id", "event_time"})


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
    """Encode events of one partition, ordered by time, each ``uid`` once.

    ``fingerprint`` is a hash over the rows' identities and originals, not over Parquet's bytes: those differ between
    versions of the library although the rows are the same.
    """
    unique: list[Event] = []
    digest = sha256()
    for event in sorted(events, key=_IN_ORDER):
        if unique and unique[-1].uid == event.uid:
            continue
        unique.append(event)
        digest.update(event.uid)
        digest.update(event.event.encode())
    columns = dict(zip(_FROM_EVENT, zip(*map(_VALUES, unique), strict=True), strict=True))
    columns["delivered_at"] = (delivered_at,) * len(unique)
    table = pa.Table.from_arrays([pa.array(columns[f.name], type=f.type) for f in EVENTS], schema=EVENTS)
    return EncodedPart(
        body=encode_table(table),
        rows=len(unique),
        duplicates=len(events) - len(unique),
        first=unique[0].event_time,
        last=unique[-1].event_time,
        fingerprint=digest.hexdigest(),
    )


def encode_table(table: pa.Table) -> bytes:
    """The Parquet bytes of a table of :data:`trailkeep.schema.EVENTS`."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=ROW_GROUP_ROWS,
        compression="zstd",
        compression_level=3,
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


def open_part(source: Any) -> pq.ParquetFile:
    """Open the Parquet object behind a file-like ``source``; pyarrow's errors are the caller's to name."""
    return pq.ParquetFile(source, pre_buffer=False)
