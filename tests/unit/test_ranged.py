"""Large objects are read by range: the columns asked for, and no more."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.memory_bucket import MemoryBucket
from tests.unit.strategies import MIDNIGHT, make_event
from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.ranged import RangedObject

KEY = "events/region=cn-hangzhou/date=2026-03-10/object.parquet"
EVENTS = [
    make_event(number, event_time=MIDNIGHT + number * 1000, user_name=f"user-{number % 7}") for number in range(500)
]


@pytest.fixture
def bucket() -> MemoryBucket:
    """A bucket with one object of five row groups."""
    bucket = MemoryBucket()
    table = pq.read_table(pa.BufferReader(encode_part(EVENTS, MIDNIGHT).body))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=100, compression="zstd", write_page_index=True)
    bucket.put(KEY, sink.getvalue().to_pybytes())
    return bucket


def opened(bucket: MemoryBucket) -> RangedObject:
    return RangedObject(bucket, KEY, len(bucket.objects[KEY][0]))


def test_row_groups_tell_their_times(bucket: MemoryBucket) -> None:
    groups = opened(bucket).row_groups()

    assert [(group.rows, group.first, group.last) for group in groups] == [
        (100, MIDNIGHT + start * 1000, MIDNIGHT + (start + 99) * 1000) for start in range(0, 500, 100)
    ]


def test_columns_of_one_row_group_are_read(bucket: MemoryBucket) -> None:
    table, size = opened(bucket).read(2, ["user_name", "resource_names", "event_time"])

    assert table.column("user_name").to_pylist() == [event.user_name for event in EVENTS[200:300]]
    assert table.column("resource_names").to_pylist() == [event.resource_names for event in EVENTS[200:300]]
    assert table.column("event_time").cast(pa.int64()).to_pylist() == [event.event_time for event in EVENTS[200:300]]
    assert 0 < size < len(bucket.objects[KEY][0]) / 5


@pytest.mark.parametrize("layout", [{}, {"use_dictionary": False}, {"compression": "snappy"}])
def test_single_originals_are_read(bucket: MemoryBucket, layout: dict[str, Any]) -> None:
    sink = pa.BufferOutputStream()
    table = pq.read_table(pa.BufferReader(bucket.get(KEY)))
    pq.write_table(table, sink, **{"row_group_size": 100, "compression": "zstd", "write_batch_size": 10, **layout})
    bucket.put(KEY, sink.getvalue().to_pybytes())

    originals, _ = opened(bucket).originals(4, [99, 0, 50])

    assert originals == [EVENTS[499].event, EVENTS[400].event, EVENTS[450].event]


def test_no_byte_is_read_but_the_footer_and_the_columns_asked_for(bucket: MemoryBucket) -> None:
    read: list[str] = []
    bucket.before_call = lambda operation, key: read.append(operation)  # type: ignore[method-assign]

    opened(bucket).read(0, ["user_name"])

    assert read == ["range", "range"]


@pytest.mark.parametrize("body", [b"", b"PAR1", b"x" * 5000, b"PAR1" + b"\xff" * 100 + b"PAR1"])
def test_what_is_no_parquet_is_refused(bucket: MemoryBucket, body: bytes) -> None:
    bucket.put(KEY, body)

    with pytest.raises((ObjectUnreadable, OSError, pa.ArrowException)):
        opened(bucket)


def test_parquet_of_others_is_refused(bucket: MemoryBucket) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"event": ["x"]}), sink)
    bucket.put(KEY, sink.getvalue().to_pybytes())

    with pytest.raises(ObjectUnreadable, match="lacks columns"):
        opened(bucket)
