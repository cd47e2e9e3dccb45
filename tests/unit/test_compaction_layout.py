"""Compacted objects as bytes: what a lookup that fetches single pages builds on, and what any engine may rely on."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.memory_bucket import MemoryBucket
from tests.unit.strategies import MIDNIGHT, make_event
from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.lake import compacted
from trailkeep.lake.compacted import PAGE_ROWS, CompactedReader, CompactedWriter, EncodedObject
from trailkeep.lake.pages import pages_in
from trailkeep.lake.parquet import encode_part
from trailkeep.schema import EVENTS

SECOND = 1_000_000


def rows(count: int, size: int = 1_100, start: int = 0) -> pa.Table:
    """Rows of events whose text takes ``size`` bytes, a second apart."""
    events = [
        make_event(number, event_time=MIDNIGHT + number * SECOND, event=f'{{"eventId":"id-{number}"}}'.ljust(size))
        for number in range(start, start + count)
    ]
    return pq.read_table(io.BytesIO(encode_part(events, MIDNIGHT).body)).cast(EVENTS)


def written(tables: list[pa.Table], version: int = 1) -> EncodedObject:
    writer = CompactedWriter(version)
    for table in tables:
        writer.write(table)
    return writer.finish()


def reader_of(body: bytes) -> CompactedReader:
    bucket = MemoryBucket()
    bucket.put("key", body)
    return CompactedReader(bucket, "key", len(body))


@pytest.mark.parametrize("size", [40, 300, 1_100, 9_000])
@pytest.mark.parametrize("batch", [1, 100, 128, 5_000])
def test_pages_of_events_hold_whole_blocks_of_rows(size: int, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacted, "ROW_GROUP_ROWS", 7 * PAGE_ROWS)
    table = rows(2_000, size)

    body = written([table.slice(start, batch) for start in range(0, 2_000, batch)]).body

    found = event_pages_of(body)
    assert sum(sum(group) for group in found) == 2_000
    assert [sum(group) for group in found[:-1]] == [7 * PAGE_ROWS] * (len(found) - 1)
    for group in found:
        assert all(count % PAGE_ROWS == 0 for count in group[:-1])
    if size >= 1_100:
        assert {count for group in found for count in group[:-1]} == {PAGE_ROWS}


def event_pages_of(body: bytes) -> list[list[int]]:
    """The number of rows of each page of events, by row groups."""
    metadata = pq.ParquetFile(io.BytesIO(body)).metadata
    found = []
    for number in range(metadata.num_row_groups):
        column = metadata.row_group(number).column(metadata.num_columns - 1)
        start = column.data_page_offset
        found.append([page.rows for page in pages_in(body[start : start + column.total_compressed_size])])
    return found


def test_large_events_end_a_row_group_before_memory_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacted, "ROW_GROUP_BYTES", 3 << 20)
    monkeypatch.setattr(compacted, "BATCH_BYTES", 1 << 20)

    metadata = pq.ParquetFile(io.BytesIO(written([rows(1_000, 20_000)]).body)).metadata

    counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert max(counts) * 20_000 < 6 << 20
    assert all(count % PAGE_ROWS == 0 for count in counts[:-1])


def test_events_are_plain_last_and_compressed_and_the_order_is_declared() -> None:
    metadata = pq.ParquetFile(io.BytesIO(written([rows(500)]).body)).metadata
    group = metadata.row_group(0)
    event = group.column(group.num_columns - 1)

    assert event.path_in_schema == "event"
    assert (event.compression, event.has_dictionary_page) == ("ZSTD", False)
    assert set(event.encodings) <= {"PLAIN", "RLE"}
    order = [(each.column_index, each.descending) for each in group.sorting_columns]
    assert order == [(EVENTS.names.index("event_time"), False), (EVENTS.names.index("uid"), False)]
    assert group.column(0).has_offset_index


def test_what_is_read_is_what_was_written() -> None:
    table = rows(3_000)
    encoded = written([table.slice(0, 1_234), table.slice(1_234)], version=7)

    reader = reader_of(encoded.body)

    assert (reader.rows, reader.normaliser_version, encoded.rows) == (3_000, 7, 3_000)
    assert reader.bounds("event_time") == (encoded.first, encoded.last) == (MIDNIGHT, MIDNIGHT + 2_999 * SECOND)
    assert reader.bounds("delivered_at") == (encoded.delivered_first, encoded.delivered_last)
    assert pa.concat_tables(list(reader.batches())).combine_chunks().equals(table.combine_chunks())


def test_the_fingerprint_follows_from_the_rows_not_from_how_they_came() -> None:
    table = rows(300)

    once, twice = written([table]), written([table.slice(0, 7), table.slice(7)])

    assert once.fingerprint == twice.fingerprint
    assert once.fingerprint != written([table.slice(1)]).fingerprint


def test_rows_out_of_order_are_refused() -> None:
    writer = CompactedWriter(1)
    writer.write(rows(5, start=5))
    with pytest.raises(ValueError, match="order"):
        writer.write(rows(5))
    writer.close()


@pytest.mark.parametrize("body", [b"", b"PAR1", b"\0" * 5_000], ids=["empty", "magic", "zeros"])
def test_what_is_no_parquet_is_unreadable(body: bytes) -> None:
    with pytest.raises(ObjectUnreadable):
        reader_of(body)


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_damage_is_told_or_changes_nothing(place: float) -> None:
    body = bytearray(written([rows(2_000)]).body)
    at = int(len(body) * place)
    body[at : at + 200] = b"\xff" * 200

    try:
        read = pa.concat_tables(list(reader_of(bytes(body)).batches()))
    except ObjectUnreadable:
        return
    assert read.combine_chunks().equals(rows(2_000).combine_chunks())  # it hit what is beside the rows


def test_a_parquet_object_of_others_is_unreadable() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), sink)

    with pytest.raises(ObjectUnreadable, match="lacks columns"):
        reader_of(sink.getvalue())


def test_an_object_that_is_gone_is_told_apart_from_a_damaged_one() -> None:
    with pytest.raises(ObjectNotFound):
        CompactedReader(MemoryBucket(), "key", 100)
