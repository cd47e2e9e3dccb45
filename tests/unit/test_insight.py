"""An Insight is told as two events whose IDs follow from what it is, not from when or how often it is found."""

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
from trailkeep.insights.insight import MINUTE, Attribution, Insight, Moment
from trailkeep.insights.told import Told

ATTRIBUTION = Attribution("userAgent", [("sdk", 1 / 3)], [])
START = Moment(MIDNIGHT, 10, 4, [ATTRIBUTION], ["e-1", "e-2"])
END = Moment(MIDNIGHT + 60 * MINUTE, 40, 60, [ATTRIBUTION], ["e-1", "e-2", "e-3"])
INSIGHT = Insight("IpInsight", "203.0.113.9", "1", "cn-hangzhou", MIDNIGHT + 5, 0.0, 1440, START, END)


def events(insight: Insight = INSIGHT, shared_id: str | None = None) -> dict[str, dict[str, Any]]:
    return dict(insight.events(shared_id))


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


def test_one_that_is_not_over_has_no_end() -> None:
    open_one = replace(INSIGHT, end=None)

    assert list(events(open_one)) == ["Start"]
    assert events(open_one)["Start"] == events()["Start"]


def test_ids_never_change() -> None:
    """Other IDs would tell every Insight of every lake once more."""
    assert events()["Start"]["sharedEventId"] == "e40f9391-d877-57f4-8b10-be6efee55106"
    assert [event["eventId"] for event in events().values()] == [
        "bba1e450-6235-5f41-ac57-bd625d3814d7",
        "c6b112f3-c9c1-558f-8d42-a150584e0e1f",
    ]


def test_ids_are_uuids_and_join_start_and_end() -> None:
    told = events()
    ids = [told["Start"]["sharedEventId"], told["Start"]["eventId"], told["End"]["eventId"]]

    assert told["End"]["sharedEventId"] == ids[0]
    assert len(set(ids)) == 3
    assert all(str(uuid.UUID(each)) == each for each in ids)


@pytest.mark.parametrize(
    "other",
    [
        {"insight_type": "ApiCallRateInsight"},
        {"insight_object": "203.0.113.10"},
        {"account_id": "2"},
        {"first_seen": MIDNIGHT + 6},
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


def test_one_that_was_told_before_keeps_its_ids_though_its_start_has_moved() -> None:
    before = events()
    moved = replace(INSIGHT, first_seen=MIDNIGHT - 5)

    again = events(moved, before["Start"]["sharedEventId"])

    for state in ("Start", "End"):
        assert again[state]["sharedEventId"] == before[state]["sharedEventId"]
        assert again[state]["eventId"] == before[state]["eventId"]


def test_details_of_a_type_stand_in_the_context() -> None:
    told = events(replace(INSIGHT, details={"errorCode": "Forbidden"}))

    assert told["Start"]["insightDetails"]["insightContext"]["errorCode"] == "Forbidden"


def test_a_moment_of_no_length_has_a_rate() -> None:
    told = events(replace(INSIGHT, start=replace(START, minutes=0)))

    assert told["Start"]["insightDetails"]["insightContext"]["statistics"]["insight"] == 10.0


@given(st.text(max_size=20), st.from_regex(r"\A[0-9]{1,16}\Z"), st.integers(0, MIDNIGHT))
def test_any_insight_is_an_event_of_the_lake(subject: str, account: str, first_seen: int) -> None:
    insight = replace(INSIGHT, insight_object=subject, account_id=account, first_seen=first_seen)
    rules = RegionRules("us-east-1", "us-east-1")

    for state, event in insight.events():
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


@pytest.mark.parametrize(
    ("states", "overlaps"),
    [
        ({"Start": MIDNIGHT}, True),
        ({"Start": MIDNIGHT, "End": MIDNIGHT + 1}, True),
        ({"Start": MIDNIGHT - 9, "End": MIDNIGHT}, True),
        ({"Start": MIDNIGHT - 9, "End": MIDNIGHT - 1}, False),
        ({"Start": MIDNIGHT + 60 * MINUTE}, True),
        ({"Start": MIDNIGHT + 60 * MINUTE + 1}, False),
        ({"End": MIDNIGHT}, True),
        ({"End": MIDNIGHT - 1}, False),
    ],
)
def test_what_was_told_before_is_of_the_same_episode_where_they_overlap(states: dict[str, int], overlaps: bool) -> None:
    assert Told("shared", states).overlaps(INSIGHT) is overlaps
