"""An Insight is told as events whose IDs follow from what it is, not from when or how often it is found."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies import MIDNIGHT
from trailkeep.events.event import Event
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.insights.insight import MINUTE, Attribution, Insight, Moment, withdrawal_of

ATTRIBUTION = Attribution("userAgent", [("sdk", 1 / 3)], [])
START = Moment(MIDNIGHT, 10, 4, [ATTRIBUTION], ["e-1", "e-2"])
END = Moment(MIDNIGHT + 60 * MINUTE, 40, 60, [ATTRIBUTION], ["e-1", "e-2", "e-3"])
INSIGHT = Insight("IpInsight", "203.0.113.9", "1", "cn-hangzhou", "2026-03-09", 1, 0.0, 1440, START, END)


def events(insight: Insight = INSIGHT) -> dict[str, dict[str, Any]]:
    return dict(insight.events())


def withdrawn(insight: Insight = INSIGHT) -> dict[str, Any]:
    return withdrawal_of(events(insight)["Start"], MIDNIGHT + 90 * MINUTE)


def test_the_start_and_the_end() -> None:
    told = events()

    assert list(told) == ["Start", "End"]
    assert told["Start"] == {
        "eventId": told["Start"]["eventId"],
        "eventVersion": "1",
        "eventType": "ActionTrailInsight",
        "eventCategory": "Insight",
        "eventName": "IpInsight",
        "eventRW": "Read",
        "eventTime": "2026-03-09T00:00:00Z",
        "acsRegion": "cn-hangzhou",
        "recipientAccountId": "1",
        "sharedEventId": told["Start"]["sharedEventId"],
        "insightDetails": {
            "state": "Start",
            "insightType": "IpInsight",
            "insightObject": "203.0.113.9",
            "insightContext": {
                "attributions": [
                    {"attribution": "userAgent", "insight": [{"value": "sdk", "average": 0.333333}], "baseline": []}
                ],
                "statistics": {
                    "insight": 2.5,
                    "insightDuration": 4,
                    "baseline": 0.0,
                    "baselineDuration": 1440,
                    "insightCount": 10,
                },
                "events": ["e-1", "e-2"],
            },
        },
    }
    assert told["End"]["eventTime"] == "2026-03-09T01:00:00Z"
    assert told["End"]["insightDetails"]["insightContext"]["statistics"]["insightCount"] == 40


def test_a_withdrawal_says_of_what_and_when() -> None:
    start, taken_back = events()["Start"], withdrawn()

    assert taken_back["insightDetails"] == {**start["insightDetails"], "state": "Withdrawn"}
    assert taken_back["eventTime"] == "2026-03-09T01:30:00Z"
    same = {"eventId", "eventTime", "insightDetails"}
    assert {name: value for name, value in taken_back.items() if name not in same} == {
        name: value for name, value in start.items() if name not in same
    }


def test_one_that_is_not_over_has_no_end() -> None:
    open_one = replace(INSIGHT, end=None)

    assert list(events(open_one)) == ["Start"]
    assert events(open_one)["Start"] == events()["Start"]


def test_ids_never_change() -> None:
    """Other IDs would tell every Insight of the last weeks once more."""
    assert events()["Start"]["sharedEventId"] == "660435ea-d991-536b-951c-44608f81844d"
    assert [event["eventId"] for event in (*events().values(), withdrawn())] == [
        "ed0926c9-105f-5609-9c9c-3268e89c3a8f",
        "a8e378e8-5e51-54b0-b142-7d1c867df7de",
        "291131a6-2204-56e0-bcfa-623367c17d97",
    ]


def test_ids_are_uuids_and_join_the_events_of_an_insight() -> None:
    told = [*events().values(), withdrawn()]
    ids = [told[0]["sharedEventId"], *(event["eventId"] for event in told)]

    assert {event["sharedEventId"] for event in told} == {ids[0]}
    assert len(set(ids)) == 4
    assert all(str(uuid.UUID(each)) == each for each in ids)


@pytest.mark.parametrize(
    "other",
    [
        {"insight_type": "ApiCallRateInsight"},
        {"insight_object": "203.0.113.10"},
        {"account_id": "2"},
        {"date": "2026-03-10"},
        {"number": 2},
        # Written one behind the other, these would be the same.
        {"account_id": "1/203.0.113.9", "insight_object": ""},
    ],
)
def test_another_insight_has_other_ids(other: dict[str, Any]) -> None:
    mine, others = events(), events(replace(INSIGHT, **other))

    for state in ("Start", "End"):
        assert mine[state]["sharedEventId"] != others[state]["sharedEventId"]
        assert mine[state]["eventId"] != others[state]["eventId"]


@pytest.mark.parametrize(
    "other",
    [
        {"region": "us-east-1"},
        {"baseline_minutes": 7, "baseline_rate": 2.0},
        {"start": END},
        {"end": START},
        {"details": {"more": 1}},
    ],
)
def test_what_is_found_beside_leaves_the_ids(other: dict[str, Any]) -> None:
    mine, others = events(), events(replace(INSIGHT, **other))

    for state in ("Start", "End"):
        assert mine[state]["sharedEventId"] == others[state]["sharedEventId"]
        assert mine[state]["eventId"] == others[state]["eventId"]


def test_details_stand_in_the_context() -> None:
    told = events(replace(INSIGHT, details={"score": 3.5}))

    assert told["Start"]["insightDetails"]["insightContext"]["score"] == 3.5


def test_a_moment_of_no_length_has_a_rate() -> None:
    told = events(replace(INSIGHT, start=replace(START, minutes=0)))

    assert told["Start"]["insightDetails"]["insightContext"]["statistics"]["insight"] == 10.0


@given(st.text(max_size=20), st.from_regex(r"\A[0-9]{1,16}\Z"), st.integers(1, 9))
def test_any_insight_is_an_event_of_the_lake(subject: str, account: str, number: int) -> None:
    insight = replace(INSIGHT, insight_object=subject, account_id=account, number=number)
    rules = RegionRules("us-east-1", "us-east-1")

    for state, event in [*insight.events(), ("Withdrawn", withdrawn(insight))]:
        result = normalise(Record(0, msgspec.json.encode(event)), Arrival("insights", MIDNIGHT + 60 * MINUTE, rules))
        assert isinstance(result, tuple)
        row: Event = result[0]
        assert (row.insight_type, row.insight_object, row.insight_state) == ("IpInsight", subject or None, state)
        assert (row.event_category, row.event_name, row.account_id, row.region) == (
            "Insight",
            "IpInsight",
            account,
            "cn-hangzhou",
        )
        assert row.shared_event_id == event["sharedEventId"]
        assert row.event == msgspec.json.encode(event).decode()
