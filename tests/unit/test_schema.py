"""The columns of the lake are the fields of an event, numbered for good."""

from __future__ import annotations

from dataclasses import fields

import pyarrow as pa

from trailkeep.events.event import Event
from trailkeep.events.identity import UID_BYTES
from trailkeep.schema import EVENTS


def test_the_columns_are_the_fields_of_an_event_and_when_it_was_delivered() -> None:
    promoted = [field.name for field in fields(Event)]
    columns = list(EVENTS.names)

    assert set(columns) == {*promoted, "delivered_at"} - {"region"}, "the region is in the path"
    assert [name for name in columns if name != "delivered_at"] == [name for name in promoted if name != "region"]


def test_field_numbers_count_from_one() -> None:
    numbers = [int(column.metadata[b"PARQUET:field_id"]) for column in EVENTS]

    assert numbers == list(range(1, len(EVENTS) + 1))


def test_every_column_says_what_it_means() -> None:
    for column in EVENTS:
        assert column.metadata[b"description"].decode().strip(), column.name


def test_only_what_an_event_cannot_be_without_is_required() -> None:
    assert {column.name for column in EVENTS if not column.nullable} == {"uid", "event_time"}


def test_columns_have_the_types_of_the_fields() -> None:
    time, texts = pa.timestamp("us", tz="UTC"), pa.list_(pa.field("element", pa.string()))
    special = {
        "uid": pa.binary(UID_BYTES),
        "event_time": time,
        "delivered_at": time,
        "resource_types": texts,
        "resource_names": texts,
        "mask_version": pa.int32(),
    }

    assert {column.name: column.type for column in EVENTS} == {
        name: special.get(name, pa.string()) for name in EVENTS.names
    }
