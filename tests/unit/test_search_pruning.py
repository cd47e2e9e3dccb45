"""What columns rule out does not meet the condition, whatever record the columns were made of."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.living_lake import NOW
from tests.unit.search_conditions import Subject, columns, conditions, originals, put_together, singles
from trailkeep.events.event import Event
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import to_micros
from trailkeep.schema import EVENTS
from trailkeep.search.conditions import Condition
from trailkeep.search.document import Columns, Document
from trailkeep.search.evaluation import meets
from trailkeep.search.fields import COLUMNS, field_of
from trailkeep.search.language import parse_query
from trailkeep.search.pruning import column_test

MEMBERS = (
    "eventName", "eventSource", "serviceName", "eventType", "eventCategory", "eventRW", "userAgent", "errorCode",
    "sourceIpAddress", "sourceIPAddress", "eventId", "requestId", "recipientAccountId", "resourceName", "resourceType",
)  # fmt: skip
NESTED = {
    "userIdentity": ("type", "principalId", "accessKeyId", "userName", "accountId", "arn"),
    "insightDetails": ("insightType", "eventName", "state", "insightObject"),
}
TEXTS = (
    "Ecs", "ecs", "ecs.aliyuncs.com", "ec2.amazonaws.com", "ec2", "ApiCall", "ram-user", "AssumedRole", "LTAI1", "a;b",
    "null", "NULL", "none", "-", "", "success", "true", "12", "1.50", "1e3", "10.0.0.1", "::1", "日志", "\u212aey",
)  # fmt: skip

texts = st.sampled_from(TEXTS)
plain = texts | st.sampled_from([None, True, 0, 12, 1.5, 1e300])
odd = plain | st.lists(plain, max_size=2) | st.dictionaries(st.sampled_from(["type", "a"]), plain, max_size=2)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record whose members are what they should be, or anything else."""
    found: dict[str, Any] = {"eventTime": "2026-03-09T00:00:00Z", "eventName": draw(texts | odd)}
    found |= draw(st.dictionaries(st.sampled_from(MEMBERS), texts | odd, max_size=6))
    for name, members in NESTED.items():
        inner = draw(st.dictionaries(st.sampled_from(members), texts | odd, max_size=4))
        if inner:
            found[name] = draw(st.sampled_from([inner, inner, inner, [inner], json.dumps(inner)]))
    return found


paths = [(name,) for name in MEMBERS] + [(name, inner) for name, members in NESTED.items() for inner in members]
fields = st.sampled_from([("event", *path) for path in paths] + [(name,) for name in COLUMNS]).map(field_of)
subjects: st.SearchStrategy[Subject] = st.tuples(fields, texts)


def normalised(record: dict[str, Any]) -> Event | None:
    """The event of a record, None for one that is refused."""
    arrival = Arrival("objects", to_micros(NOW), RegionRules("cn-hangzhou", "ap-southeast-1"))
    result = normalise(Record(0, json.dumps(record, ensure_ascii=False).encode()), arrival)
    return None if isinstance(result, Rejected) else result[0]


def table_of(*rows: Columns) -> pa.Table:
    """Columns as they are read: of each row a value, texts or lists of texts."""
    kinds = {name: EVENTS.field(name).type if name in EVENTS.names else pa.string() for name in rows[0]}
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()})


def verdicts(condition: Condition, rows: list[Columns]) -> tuple[list[bool], bool] | None:
    """Which rows may meet a condition by their columns, and whether that is the last word; None without a test."""
    test = column_test(condition)
    if test is None:
        return None
    found = test.may_hold(table_of(*rows))
    assert found.null_count == 0
    return found.to_pylist(), test.is_exact


@settings(max_examples=400, deadline=None)
@given(st.lists(records(), min_size=1, max_size=6), put_together(singles(subjects)))
def test_no_record_that_meets_a_condition_is_ruled_out(kept: list[dict[str, Any]], condition: Condition) -> None:
    events = [event for record in kept if (event := normalised(record))]
    names = {column for several in COLUMNS.values() for column in several}
    rows: list[Columns] = [{name: getattr(event, name) for name in names} for event in events]
    found = verdicts(condition, rows) if rows else None
    if found is None:
        return

    for event, row, may_hold in zip(events, rows, found[0], strict=True):
        holds = meets(condition, Document(event.event, row))
        assert may_hold or not holds
        assert holds or not (may_hold and found[1])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(originals, columns), min_size=1, max_size=5), conditions)
def test_conditions_on_columns_alone_are_decided(rows: list[tuple[str, Columns]], condition: Condition) -> None:
    found = verdicts(condition, [own for _, own in rows])

    if found is not None and found[1]:
        assert found[0] == [meets(condition, Document(original, own)) for original, own in rows]


@pytest.mark.parametrize(
    ("query", "is_exact"),
    [
        ("*", True),
        ("eventName: a", True),
        ("not eventName: a and region: b or resourceName: c*", True),
        ("user: *", True),
        ("sourceIpAddress: 10.0.0.0/8", True),
        ("event.serviceName: Ecs", False),
        ("event.userIdentity.accessKeyId: LTAI1 and get", False),
        ("eventName: a and get", False),
        ("event.eventSource: ecs* or eventName: a", False),
        ("get", None),
        ("get or eventName: a", None),
        ("event.eventName: a", None),
        ("not event.serviceName: Ecs", None),
        ("event.serviceName: 12", None),
        ("event.errorCode: a", None),
    ],
)
def test_what_columns_tell_of(query: str, is_exact: bool | None) -> None:
    test = column_test(parse_query(query).condition)

    assert (test.is_exact if test else None) is is_exact


def test_other_services_are_ruled_out() -> None:
    rows: list[Columns] = [
        {"service_name": "Ecs", "event_source": "ecs.aliyuncs.com"},
        {"service_name": "Oss", "event_source": "oss.aliyuncs.com"},
        {"service_name": "ec2", "event_source": "ec2.amazonaws.com"},  # by its source: what serviceName says is open
        {"service_name": "oss.aliyuncs.com", "event_source": "oss.aliyuncs.com"},
        {"service_name": None, "event_source": None},
        {"service_name": "Oss", "event_source": None},
    ]

    assert verdicts(parse_query("event.serviceName: ecs").condition, rows) == (
        [True, False, True, True, True, False],
        False,
    )
