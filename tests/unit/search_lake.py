"""What tests of searching ask of a living lake, and the answer in plain Python: every event looked at, one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.unit.living_lake import (
    ADDRESSES,
    DAY,
    KEYS,
    MIDNIGHT,
    NAMES,
    NOW,
    REGIONS,
    SECOND,
    SERVICES,
    USERS,
    LivingLake,
    Record,
    records,
)  # fmt: skip
from tests.unit.search_conditions import Subject, put_together, singles
from tests.unit.strategies import store
from trailkeep.events.event import Event
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record as Text
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import to_micros
from trailkeep.index.publishing import publish_index
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lookup.filters import FILTERS, make_filter
from trailkeep.schema import EVENTS as SCHEMA
from trailkeep.search.document import Document
from trailkeep.search.evaluation import matcher
from trailkeep.search.fields import COLUMNS, field_of
from trailkeep.search.language import parse_query
from trailkeep.search.matching import Matching

Place = tuple[int, bytes]

PROMOTED = sorted({column for several in COLUMNS.values() for column in several})
TEXTS = (
    *NAMES,
    *SERVICES,
    *USERS,
    *KEYS,
    *ADDRESSES,
    *REGIONS,
    "Write",
    "1",
    "7",
    "28",
    "id-3",
    "Forbidden",
    "null",
    "i-4",
)
FIELDS = (
    "eventName", "serviceName", "user", "region", "accessKeyId", "sourceIpAddress", "errorCode", "resourceName",
    "event.eventName", "event.serviceName", "event.eventSource", "event.userIdentity.userName", "event.errorCode",
    "event.userIdentity.accessKeyId", "event.userIdentity.type", "event.requestParameters.number",
    "event.requestParameters.password", "event.sourceIpAddress", "event.resourceName", "event.nothing.here",
)  # fmt: skip

fields = st.sampled_from([field_of(tuple(name.split("."))) for name in FIELDS])
subjects: st.SearchStrategy[Subject] = st.tuples(fields, st.sampled_from(TEXTS))
conditions = put_together(singles(subjects))
"""Conditions on what the records of a living lake have."""

filters = st.lists(
    st.builds(
        lambda name, values: make_filter(name, tuple(values), FILTERS),
        st.sampled_from(["eventName", "eventName!", "accountId", "user"]),
        st.lists(st.sampled_from([*NAMES, *USERS, "1", "2"]), min_size=1, max_size=2),
    ),
    max_size=2,
).map(tuple)

edges = st.integers(-2, 2).map(lambda seconds: MIDNIGHT + seconds * SECOND) | st.integers(
    MIDNIGHT - DAY, MIDNIGHT + DAY
)


@st.composite
def matchings(draw: st.DrawFn) -> Matching:
    """Any question of a living lake."""
    start, end = MIDNIGHT - 3 * DAY, MIDNIGHT + 3 * DAY
    if draw(st.booleans()):
        start, end = sorted([draw(edges), draw(edges)])
    return Matching(
        start=start,
        end=end,
        datasets=draw(st.sampled_from([(EVENTS,), (EVENTS,), (EVENTS, INSIGHTS), (INSIGHTS,)])),
        regions=tuple(draw(st.just(set()) | st.sets(st.sampled_from([*REGIONS, "mars"]), max_size=2))),
        filters=draw(st.just(()) | filters),
        condition=draw(conditions),
        newest_first=draw(st.booleans()),
    )


def asking(query: str, **changes: Any) -> Matching:
    """A question about all events."""
    asked = Matching(MIDNIGHT - 3 * DAY, MIDNIGHT + 3 * DAY, (EVENTS,), (), (), parse_query(query).condition)
    return replace(asked, **changes)


deliveries = st.tuples(st.just("deliver"), st.lists(records(), min_size=1, max_size=25))
insights = st.tuples(st.just("insights"), st.lists(records(), min_size=1, max_size=4))
others = st.sampled_from([("compact", None), ("compact some", None), ("publish", None), ("wait", 1), ("wait", 70)])
lives = st.lists(deliveries | deliveries | insights | others, max_size=9)
Life = list[tuple[str, Any]]


@dataclass
class Told:
    """What was told to a lake: records by dataset."""

    records: dict[str, list[Record]]

    def answer(self, asked: Matching) -> list[tuple[int, bytes, str]]:
        """Time, identity and original of every match, in order, in plain Python."""
        found = {
            (event.event_time, event.uid, event.event)
            for dataset in asked.datasets
            for event in map(event_of, self.records[dataset])
            if _is_match(event, asked)
        }
        return sorted(found, reverse=asked.newest_first)


def live(lake: LivingLake, life: Life) -> Told:
    """Let a lake live; gives what it was told."""
    told = Told({EVENTS: [], INSIGHTS: []})
    for number, (what, detail) in enumerate(life):
        if what == "deliver":
            lake.deliver(detail)
            told.records[EVENTS] += detail
        elif what == "insights":
            found = [{**record, "eventId": f"insight-{record['requestParameters']['number']}"} for record in detail]
            store(lake.bucket, list(map(event_of, found)), f"{number}", INSIGHTS)
            told.records[INSIGHTS] += found
            lake.wait(seconds=2)
        elif what == "wait":
            lake.wait(minutes=detail)
        elif what == "publish":
            publish_index(lake.bucket, lake.now)
            lake.wait(seconds=2)
        else:
            lake.compact(*(() if what == "compact" else (0, 2)))
    lake.wait(seconds=2)
    return told


def settled_lake(*batches: list[Record]) -> tuple[LivingLake, Told]:
    """A lake at rest: everything is compacted and indexed."""
    lake = LivingLake()
    life: Life = [*(("deliver", batch) for batch in batches), ("wait", 120), ("compact", None), ("publish", None)]
    return lake, live(lake, life)


def event_of(record: Record) -> Event:
    """What the lake makes of a record."""
    arrival = Arrival("objects", to_micros(NOW), RegionRules("cn-hangzhou", "ap-southeast-1"))
    result = normalise(Text(0, json.dumps(record, ensure_ascii=False).encode()), arrival)
    assert not isinstance(result, Rejected)
    return result[0]


def _is_match(event: Event, asked: Matching) -> bool:
    columns = {name: getattr(event, name) for name in PROMOTED}
    return (
        asked.start <= event.event_time < asked.end
        and (not asked.regions or event.region in asked.regions)
        and all(each.holds(_row_of(event, each.columns)).to_pylist()[0] for each in asked.filters)
        and matcher(asked.condition)(Document(event.event, columns))
    )


def _row_of(event: Event, names: Iterable[str]) -> pa.Table:
    return pa.table({name: pa.array([getattr(event, name)], SCHEMA.field(name).type) for name in names})
