"""Parts: events become Parquet and come back whole, in order, each once."""

from __future__ import annotations

import io
import random
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies import MIDNIGHT, events, make_event
from trailkeep.events.event import Event
from trailkeep.lake import parquet
from trailkeep.lake.parquet import encode_part, open_part
from trailkeep.schema import EVENTS

DELIVERED_AT = MIDNIGHT + 5
groups = st.lists(events(st.integers(0, 15)), min_size=1, max_size=30)
texts = st.text(max_size=8)


def read(body: bytes) -> pa.Table:
    return open_part(io.BytesIO(body)).read(use_threads=False)


def rows_of(table: pa.Table) -> list[Event]:
    """The events in a table; what the lake adds to them is dropped."""
    at = table.schema.get_field_index("event_time")
    columns = table.drop_columns(["delivered_at"]).set_column(at, "event_time", table["event_time"].cast(pa.int64()))
    return [Event(**row, region="") for row in columns.to_pylist()]


@given(groups)
def test_each_event_comes_back_once_and_in_order(group: list[Event]) -> None:
    part = encode_part(group, DELIVERED_AT)

    unique = {event.uid: event for event in group}
    expected = sorted(unique.values(), key=lambda event: (event.event_time, event.uid))
    assert rows_of(read(part.body)) == [replace(event, region="") for event in expected]
    assert (part.rows, part.duplicates) == (len(unique), len(group) - len(unique))
    assert (part.first, part.last) == (expected[0].event_time, expected[-1].event_time)


@given(st.builds(make_event, st.integers(), **{
    name: st.none() | texts for name in asdict(make_event())
    if name.endswith(("_id", "_name", "_type", "_code", "_message", "_agent", "_state", "_object", "_source"))
}, resource_types=st.lists(texts, max_size=3), resource_names=st.lists(texts, max_size=3), event=texts))  # fmt: skip
def test_any_values_come_back_as_they_were(event: Event) -> None:
    assert rows_of(read(encode_part([event], DELIVERED_AT).body)) == [replace(event, region="")]


@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_events_makes_no_other_part(group: list[Event], dice: random.Random) -> None:
    part = encode_part(group, DELIVERED_AT)
    shuffled = encode_part(dice.sample(group, len(group)), DELIVERED_AT)

    assert shuffled == part


@given(groups)
def test_copies_and_the_time_of_delivery_leave_the_fingerprint(group: list[Event]) -> None:
    part = encode_part(group, DELIVERED_AT)

    assert encode_part(group + group, DELIVERED_AT + 1).fingerprint == part.fingerprint


@pytest.mark.parametrize("other", [{"uid": bytes(16)}, {"event": "{}"}])
def test_another_event_makes_another_fingerprint(other: dict[str, object]) -> None:
    group = [make_event(1), make_event(2)]
    changed = [replace(group[0], **other), group[1]]  # type: ignore[arg-type]

    assert encode_part(changed, DELIVERED_AT).fingerprint != encode_part(group, DELIVERED_AT).fingerprint


def test_the_schema_is_that_of_the_lake() -> None:
    table = read(encode_part([make_event()], DELIVERED_AT).body)

    assert table.schema.equals(EVENTS)
    assert [field.metadata[b"PARQUET:field_id"] for field in table.schema] == [str(n).encode() for n in range(1, 32)]
    assert table["delivered_at"].cast(pa.int64()).to_pylist() == [DELIVERED_AT]


@settings(max_examples=10)
@given(groups, st.integers(1, 7))
def test_every_row_group_is_read_by_others(group: list[Event], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "ROW_GROUP_ROWS", size)
        part = encode_part(group, DELIVERED_AT)
    file = open_part(io.BytesIO(part.body))

    assert file.metadata.num_row_groups == -(-part.rows // size)
    bounds = [file.read_row_group(n)["event_time"].cast(pa.int64()).to_pylist() for n in range(file.num_row_groups)]
    assert [time for times in bounds for time in times] == sorted(
        event.event_time for event in rows_of(read(part.body))
    )


def test_duckdb_reads_every_row_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 3)
    group = [make_event(n, event_time=MIDNIGHT + n, resource_names=["a", "b"][: n % 3]) for n in range(10)]
    path = tmp_path / "part.parquet"
    path.write_bytes(encode_part(group, DELIVERED_AT).body)

    with duckdb.connect() as db:
        names = [row[0] for row in db.execute("describe from read_parquet(?)", [str(path)]).fetchall()]
        found = db.execute(
            "select uid, epoch_us(event_time), event_id, error_code, resource_names, event from read_parquet(?)",
            [str(path)],
        ).fetchall()
        groups = db.execute("select count(distinct row_group_id) from parquet_metadata(?)", [str(path)]).fetchone()
        last = db.execute(
            "select event_id from read_parquet(?) where event_time >= make_timestamp(?)", [str(path), MIDNIGHT + 9]
        )

        assert names == EVENTS.names
        assert found == [(e.uid, e.event_time, e.event_id, None, e.resource_names, e.event) for e in group]
        assert groups == (4,)
        assert last.fetchall() == [("id-9",)]
