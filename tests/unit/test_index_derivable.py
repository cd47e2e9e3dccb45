"""Which rows follow from their events: every row whose columns say anything else is named."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.events import make_event
from tests.unit.index_objects import compacted
from trailkeep.events.event import Event
from trailkeep.events.normalise import NORMALISER_VERSION, Arrival, normalise
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.index import derivable
from trailkeep.index.derivable import COLUMNS, derive_all, exceptions_in
from trailkeep.index.keys import LISTS, POSTED
from trailkeep.lake.parquet import open_part

ARRIVAL = Arrival("objects", 1 << 60, RegionRules("eu-west-1", "ap-southeast-1"))


def delivered(**changes: Any) -> Event:
    result = normalise(Record(0, json.dumps(make_event(**changes), ensure_ascii=False).encode()), ARRIVAL)
    assert isinstance(result, tuple)
    return result[0]


def opened(rows: list[Event]) -> Any:
    return open_part(io.BytesIO(compacted(rows).body))


def exceptions(rows: list[Event], channel: str | None = "objects") -> tuple[int, ...] | None:
    return exceptions_in(opened(rows), channel, NORMALISER_VERSION)


PLAIN = delivered(event_id="one")
OTHER: dict[str, Any] = {
    "uid": b"\0" * 16,
    "event_time": PLAIN.event_time + 1,
    "resource_types": ["other"],
    "resource_names": ["other"],
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_row_with_another_value_in_a_column_is_an_exception(column: str) -> None:
    odd = replace(PLAIN, **{column: OTHER.get(column, "other")})

    assert exceptions([PLAIN]) == ()
    assert exceptions([odd]) == (0,)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"event_id": st.uuids().map(str)},
            optional={
                "userIdentity": st.sampled_from([{}, {"type": "Root"}, {"accessKeyId": "null", "userName": "ü"}]),
                "requestParameters": st.dictionaries(st.sampled_from(["password", "x", "token"]), st.text(max_size=9)),
                "resourceName": st.text(max_size=6),
                "errorCode": st.sampled_from(["", "null", "Forbidden", None]),
                "sourceIpAddress": st.sampled_from(["Internal", "192.0.2.1", "é"]),
                "eventTime": st.sampled_from(["2026-03-09T08:00:00Z", "2026-03-09T08:00:00.123456+01:00"]),
                "detail": st.just({"eventTime": "2026-03-09T08:00:00Z"}),
            },
        ),
        min_size=1,
        max_size=12,
    )
)
def test_what_the_normaliser_made_follows_from_what_it_kept(records: list[dict[str, Any]]) -> None:
    """Secrets masked or not: with an ID of its own, an event says again what it said."""
    rows = [delivered(**record) for record in records]

    assert exceptions(rows) == ()
    for row, again in zip(rows, derive_all([row.event.encode() for row in rows], "objects"), strict=True):
        assert again is not None
        for name, value in again._asdict().items():
            stored = getattr(row, name)
            assert value == (tuple(stored) if name in LISTS else stored)


def test_an_event_without_an_id_is_one_only_where_a_secret_was_in_it() -> None:
    """Its identity is of all of it, before the mask: that is gone."""
    bare = delivered(event_id=None)
    masked = delivered(event_id=None, eventName="Other", requestParameters={"password": "mask-me-now"})

    found = exceptions([bare, masked])

    rows = sorted([bare, masked], key=lambda row: (row.event_time, row.uid))
    assert found == (rows.index(masked),)


def test_all_that_is_filtered_by_is_derived() -> None:
    assert set(COLUMNS) == {"uid", "event_time", "event_id", *POSTED}


def test_what_is_no_event_is_an_exception() -> None:
    assert exceptions([replace(PLAIN, event="no event")]) == (0,)


@pytest.mark.parametrize("channel", [None, "api/7"])
def test_the_channel_is_part_of_the_identity(channel: str | None) -> None:
    assert exceptions([PLAIN], channel) == (None if channel is None else (0,))


def test_rows_of_other_versions_are_not_looked_into() -> None:
    assert exceptions_in(opened([PLAIN]), "objects", NORMALISER_VERSION - 1) is None


def test_too_many_exceptions_are_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivable, "MOST_EXCEPTIONS", 2)
    odd = [replace(delivered(event_id=str(n)), user_name="other") for n in range(4)]

    assert exceptions(odd[:2]) == (0, 1)
    assert exceptions(odd[:3]) is None


def test_rows_are_numbered_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivable, "_BATCH_ROWS", 8)
    rows = sorted((delivered(event_id=str(n)) for n in range(30)), key=lambda row: row.uid)
    rows[21] = replace(rows[21], user_name="other")

    assert exceptions(rows) == (21,)
    assert isinstance(opened(rows).schema_arrow, pa.Schema)
