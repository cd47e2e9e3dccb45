"""What tests of the index build on: compacted objects of small lakes, and the plain answers to compare with."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.unit.strategies import DAY, MIDNIGHT, make_event
from trailkeep.events.addresses import canonical
from trailkeep.events.event import Event
from trailkeep.index.keys import ADDRESSES, LISTS, POSTED
from trailkeep.index.scan import Scanned, scan
from trailkeep.index.tier import Place, Tier
from trailkeep.index.tier_writer import NewTier, TierObject, build_tier
from trailkeep.lake.compacted import CompactedWriter, EncodedObject
from trailkeep.lake.parquet import encode_part, open_part
from trailkeep.lake.storage import Range

DELIVERED_AT = MIDNIGHT + DAY

words = st.sampled_from(["a", "b", "ab", "", "ü", "日志", "a" * 300]) | st.text(max_size=4)
maybe = st.none() | words
addresses = maybe | st.sampled_from(["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "2001:DB8::1", "2001:db8::1"])

any_events = st.builds(
    make_event,
    st.integers(0, 40),
    event_id=st.none() | st.sampled_from(["id-1", "id-2", "Id-1", ""]) | st.text(max_size=6),
    event_time=st.integers(0, 20).map(lambda seconds: MIDNIGHT + seconds * 1_000_000),
    resource_types=st.lists(words, max_size=4),
    resource_names=st.lists(words, max_size=4),
    event=words,
    **{
        name: words if name in ("event_name", "event_rw") else addresses if name in ADDRESSES else maybe
        for name in POSTED
        if name not in LISTS
    },
)
"""Events of few values, so that many share them, whatever the columns say of them elsewhere."""

groups = st.lists(any_events, min_size=1, max_size=40)


def compacted(events: Sequence[Event]) -> EncodedObject:
    """The events as compaction would store them."""
    writer = CompactedWriter(1)
    writer.write(open_part(io.BytesIO(encode_part(events, DELIVERED_AT).body)).read(use_threads=False))
    return writer.finish()


def rows_of(body: bytes) -> list[Event]:
    """The rows of an object in their order; what the lake adds to events is dropped."""
    table = open_part(io.BytesIO(body)).read(use_threads=False)
    at = table.schema.get_field_index("event_time")
    table = table.set_column(at, "event_time", table["event_time"].cast(pa.int64()))
    names = [field.name for field in fields(Event) if field.name != "region"]
    return [Event(**row, region="") for row in table.select(names).to_pylist()]


def scanned(body: bytes) -> Scanned:
    return scan(body, 0)


def tier_of(bodies: Sequence[bytes], places: Iterable[int] | None = None) -> NewTier:
    """A tier built from objects, whose numbers in the root are these or 0, 1, 2…"""
    numbers = list(places) if places is not None else list(range(len(bodies)))
    return build_tier(
        [scanned(body) for body in bodies],
        [TierObject(place, source, 0) for source, place in enumerate(numbers)],
    )


class Lookup:
    """Asks a tier as a lookup does: first for the range, then with its bytes."""

    def __init__(self, new: NewTier) -> None:
        self.body = new.body
        self.tier = Tier(new.directory)

    def read(self, wanted: Range) -> bytes:
        assert wanted.key == self.tier.key
        body = self.body[wanted.start : wanted.start + wanted.length]
        assert len(body) == wanted.length
        return body

    def ids(self, event_id: str) -> set[Place]:
        return set(self.tier.find_id(self.read(self.tier.ids_range(event_id)), event_id))

    def value(self, column: str, value: str) -> dict[int, tuple[int, list[int] | None]]:
        """By object: how many rows, and which ones unless it is dense there."""
        runs = self.tier.find_value(self.read(self.tier.postings_range(column, value)), column, value)
        found = {run.object: (run.count, None if run.is_dense else run.rows()) for run in runs}
        assert len(found) == len(runs)
        return found

    def counts(self, column: str, places: Sequence[int]) -> dict[str, int]:
        return self.tier.count(self.read(self.tier.cube_range(column)), column, places)

    def totals(self, column: str) -> dict[str, int]:
        return self.tier.totals(self.read(self.tier.totals_range(column)), column)


def holders(rows: Sequence[Event], column: str, value: str) -> list[int]:
    """The rows that hold a value, by looking at each; an address in whichever spelling."""
    spelled = canonical if column in ADDRESSES else str
    return [number for number, row in enumerate(rows) if spelled(value) in map(spelled, values_of(row, column))]


def values_of(row: Event, column: str) -> list[str]:
    value: Any = getattr(row, column)
    if column in LISTS:
        return list(value)
    return [] if value is None else [value]


def counts_of(objects: Iterable[Sequence[Event]], column: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for rows in objects:
        for row in rows:
            for value in values_of(row, column):
                found[value] = found.get(value, 0) + 1
    return found
