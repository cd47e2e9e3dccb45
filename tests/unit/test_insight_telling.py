"""A finding becomes an Insight: its start rests on what made it one, and it says what the calls have in common."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit import insight_scenes as scenes
from tests.unit.insight_findings import detect
from tests.unit.insight_scenes import call, scene, working_day
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.scene import Scene
from trailkeep.insights.telling.story import insight_of

AT = 600
"""Minutes after midnight: 10:00."""


def calls(count: int, /, start: int = AT, step: int = 2, **others: str | None) -> list[Fact]:
    values: dict[str, str | None] = {"identity": "user/mallory", "address": scenes.ELSEWHERE, **others}
    return [call(start + step * n, 2, **values) for n in range(count)]


def told(of: Scene, n: int = 1) -> dict[str, dict[str, Any]]:
    (finding,) = [finding for finding in detect(of) if finding.insight_object == scenes.ELSEWHERE]
    return dict(insight_of(finding, of, n).events())


def context(event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = event["insightDetails"]["insightContext"]
    return found


def attributions(event: dict[str, Any]) -> dict[str, dict[str, list[tuple[str, float]]]]:
    return {
        each["attribution"]: {
            side: [(value["value"], value["average"]) for value in each[side]] for side in ("insight", "baseline")
        }
        for each in context(event)["attributions"]
    }


def test_the_start_rests_on_the_first_calls_and_the_end_on_all() -> None:
    events = told(scene(calls(20)))

    start, end = events["Start"], events["End"]
    assert (start["eventTime"], end["eventTime"]) == ("2026-02-16T10:00:00Z", "2026-02-16T10:39:00Z")
    assert context(start)["statistics"] == {
        "insight": round(10 / 9, 6),
        "insightDuration": 9,
        "baseline": 0.25,
        "baselineDuration": 1440,
        "insightCount": 10,
    }
    assert context(end)["statistics"]["insightCount"] == 40
    assert context(end)["statistics"]["insightDuration"] == 39
    assert len(context(start)["events"]) == 5
    assert len(context(end)["events"]) == 20
    assert start["recipientAccountId"] == "1000000000000001"
    assert start["acsRegion"] == "cn-hangzhou"


def test_a_start_is_the_same_however_much_follows() -> None:
    soon, late = told(scene(calls(5))), told(scene(calls(20)))

    for each in (soon, late):
        for name in ("score", "series"):
            del context(each["Start"])[name]
    assert soon["Start"] == late["Start"]


def test_one_that_may_go_on_has_no_end() -> None:
    assert list(told(scene(calls(20), until=AT + 45))) == ["Start"]


def test_why_it_was_found_and_the_hours_around_it_are_told() -> None:
    found = context(told(scene(calls(10)))["Start"])

    assert found["score"] == 2.0
    assert found["evidence"] == [{"reason": "calls of somebody suspect", "points": 2.0}]
    assert found["series"] == [{"time": "2026-02-16T10:00:00Z", "calls": 10, "usual": 0.5}]


def test_the_number_and_the_date_are_its_identity() -> None:
    of = scene(calls(10))
    first, again, second = told(of), told(of), told(of, 2)

    assert first == again
    assert first["Start"]["sharedEventId"] != second["Start"]["sharedEventId"]


def test_what_the_calls_have_in_common() -> None:
    planted = [
        *calls(6, error="AccessDenied", agent="python-requests/2.31", event="GetUser", service="Ram"),
        *calls(2, start=AT + 30, event="ListUsers", service="Ram", key="LTAIother"),
    ]

    found = attributions(told(scene(planted))["End"])

    minutes = 33
    assert found["apiRelated"]["insight"] == [
        ("Ram:GetUser", pytest.approx(12 / minutes, abs=1e-6)),
        ("Ram:ListUsers", pytest.approx(4 / minutes, abs=1e-6)),
    ]
    assert [value for value, _ in found["userAgent"]["insight"]] == ["python-requests/2.31", "aliyun-cli/3.0"]
    assert [value for value, _ in found["errorCode"]["insight"]] == ["AccessDenied"]
    assert [value for value, _ in found["sourceIpAddress"]["insight"]] == [scenes.ELSEWHERE]
    assert [value for value, _ in found["accessKeyId"]["insight"]] == ["LTAIexampleana", "LTAIother"]
    assert [value for value, _ in found["principalId"]["insight"]] == ["user/mallory"]
    assert list(found) == ["userAgent", "principalId", "apiRelated", "errorCode", "sourceIpAddress", "accessKeyId"]


def test_no_more_than_five_values_stand_there_and_no_endless_one() -> None:
    agents = [f"agent-{n}" * 200 for n in range(8)]
    planted = [calls(1, start=AT + n, agent=each)[0] for n, each in enumerate(agents)]

    values = attributions(told(scene(planted))["End"])["userAgent"]["insight"]

    assert len(values) == 5
    assert {len(value) for value, _ in values} == {512}


def test_the_baseline_of_somebody_known_is_what_they_usually_do() -> None:
    """And of the calls, who usually makes them."""
    mallory = working_day("user/mallory", 40, address=scenes.HOME, agent="aliyun-cli/3.0", event="DescribeDisks")
    ana = working_day("user/ana", 20, event="DescribeInstances", error="Throttling")
    of = scene(calls(10), daily=[*mallory, *ana], days=7)

    found = attributions(told(of)["Start"])

    a_day, minutes = 40 * 10, MINUTES_A_DAY
    assert found["apiRelated"]["baseline"] == [("Ecs:DescribeDisks", pytest.approx(a_day / minutes, abs=1e-6))]
    assert [value for value, _ in found["sourceIpAddress"]["baseline"]] == ["198.51.100.0/24"]
    assert [value for value, _ in found["userAgent"]["baseline"]] == ["aliyun-cli"]
    assert [value for value, _ in found["accessKeyId"]["baseline"]] == ["LTAIexampleana"]
    assert found["principalId"]["baseline"] == [("user/ana", pytest.approx(a_day / 2 / minutes, abs=1e-6))]
    assert [value for value, _ in found["errorCode"]["baseline"]] == ["Throttling"]


def test_the_baseline_of_somebody_new_is_that_of_the_account() -> None:
    of = scene(calls(10), daily=[*working_day("user/ana", 40), *working_day("role/deploy", 20, address=scenes.HOME)])

    found = attributions(told(of)["Start"])

    assert [value for value, _ in found["sourceIpAddress"]["baseline"]] == ["192.0.2.0/24", "198.51.100.0/24"]
    assert [value for value, _ in found["principalId"]["baseline"]] == ["user/ana", "role/deploy"]


def test_without_a_history_there_is_no_baseline() -> None:
    found = attributions(told(scene(calls(10), days=0))["Start"])

    assert all(each["baseline"] == [] for each in found.values())


def test_an_id_that_nobody_looks_up_is_left_out() -> None:
    planted = [fact._replace(event_id="x" * 1000 if n else None) for n, fact in enumerate(calls(6))]

    assert context(told(scene(planted))["Start"])["events"] == []
