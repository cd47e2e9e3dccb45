"""The operator's view says of any event what its columns say, and never fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.event import Event
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import parse_micros
from trailkeep.lookup.operator_view import OperatorRow, operator_row

QUIRKS = (Path(__file__).parents[2] / "events" / "landing" / "quirks.ndjson").read_bytes().splitlines()
ARRIVAL = Arrival("objects", parse_micros("2026-03-10T12:00:00Z"), RegionRules("cn-hangzhou", "ap-southeast-1"))


def row_of(event: Event) -> OperatorRow:
    return operator_row(event.event_time, event.event)


def check(event: Event) -> None:
    row = row_of(event)
    assert parse_micros(row.time) == event.event_time
    assert (row.operator, row.event) == (event.user_name, event.event_name)
    assert row.source_ip_address == event.source_ip_address
    if "resourceId" not in event.event and "resourceID" not in event.event:
        assert row.resource_id == (",".join(event.resource_names) or None)
    assert (row.resource_name is None) is (not event.resource_names)
    assert row.resource_name is None or row.resource_name.count(",") == ",".join(event.resource_names).count(",")


@pytest.mark.parametrize("text", QUIRKS, ids=range(len(QUIRKS)))
def test_of_real_trails_oddities(text: bytes) -> None:
    normalised = normalise(Record(0, text), ARRIVAL)
    assert not isinstance(normalised, Rejected)

    check(normalised[0])


values = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["null", "i-1,i-2;v-1"])
anything = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
members: dict[str, st.SearchStrategy[Any]] = {
    "userIdentity": anything
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("type", "userName", "arn", "principalId", "sessionContext", "invokedBy"), values),
    ),
    "additionalEventData": anything | st.fixed_dictionaries({}, optional={"source": values, "loginAccount": values}),
    "resources": anything | st.lists(st.fixed_dictionaries({"ARN": values, "type": values}), max_size=3),
    **dict.fromkeys(("resourceId", "resourceName", "resourceType", "referencedResources", "sourceIPAddress"), anything),
    **dict.fromkeys(("sourceIpAddress", "source", "userAgent", "eventSource", "insightDetails", "eventId"), anything),
}


@given(st.fixed_dictionaries({"eventName": values}, optional=members))
def test_of_any_event(fields: dict[str, Any]) -> None:
    text = json.dumps({"eventTime": "2026-03-09T08:00:00.5+08:00", **fields}).encode()
    normalised = normalise(Record(0, text), ARRIVAL)

    if not isinstance(normalised, Rejected):
        check(normalised[0])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("arn:aws:s3:::invoices", "invoices"),
        ("arn:aws:iam::111122223333:role/path/deployer", "deployer"),
        (
            "arn:aws:logs:us-east-1:111122223333:log-group:audit:*",
            "arn:aws:logs:us-east-1:111122223333:log-group:audit:*",
        ),
        ("acs:ram:*:1016954307248737:user/alice", "alice"),
        ("arn:aws:s3:::", "arn:aws:s3:::"),
        ("i-bp12uqx3r5o21mj0trru", "i-bp12uqx3r5o21mj0trru"),
        ("a/b:c", "a/b:c"),
        ("arn", "arn"),
    ],
)
def test_the_name_of_an_arn_is_its_last_part(text: str, name: str) -> None:
    event = {"eventTime": "2026-03-09T08:00:00Z", "eventName": "x", "resources": [{"ARN": text}]}

    row = operator_row(0, json.dumps(event))

    assert (row.resource_id, row.resource_name) == (text, name)
