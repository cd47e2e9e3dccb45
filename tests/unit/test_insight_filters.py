"""Filters over Insights: one is of all that it is about, and of all that it tells of the calls behind it."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from trailkeep.errors import InvalidParameter
from trailkeep.lookup.filters import FILTERS, INSIGHT_FILTERS
from trailkeep.lookup.insight_filters import TOLD, make_insight_filter
from trailkeep.schema import EVENTS


def insight(subject: str | None = None, baseline: dict[str, list[str]] | None = None, **told: list[str]) -> Any:
    """An Insight's row, as the lake has it."""
    names = {**dict.fromkeys(told), **dict.fromkeys(baseline or {})}
    attributions = [
        {
            "attribution": name,
            "insight": [{"value": value, "average": 1.5} for value in told.get(name, [])],
            "baseline": [{"value": value, "average": 0.1} for value in (baseline or {}).get(name, [])],
        }
        for name in names
    ]
    details = {"insightObject": subject, "insightContext": {"attributions": attributions}}
    return {"insight_object": subject, "event": json.dumps({"insightDetails": details})}


def held(name: str, values: list[str], *rows: dict[str, Any]) -> list[bool]:
    table = pa.Table.from_pylist(list(rows), schema=EVENTS)
    condition = make_insight_filter(name, tuple(values))
    answer: list[bool] = condition.holds(table.select([*dict.fromkeys(condition.columns)])).to_pylist()
    assert answer == [not hit for hit in make_insight_filter(f"{name}!", tuple(values)).holds(table).to_pylist()]
    return answer


ECS = insight("203.0.113.7", apiRelated=["Ecs:StopInstances", "Ram:CreateUser"], sourceIpAddress=["203.0.113.7"])
KEY = insight("LTAI5tExample", accessKeyId=["LTAI5tExample"], errorCode=["NoPermission"], apiRelated=["s3:GetObject"])
WHO = insight("Ecs", principalId=["user/alice", "role/ops", "284715"], sourceIpAddress=["10.1.2.3", "2001:db8::7"])
BARE = {"event": "{}", "event_name": "IpInsight"}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("serviceName", "Ecs", [True, False, True, False]),
        ("serviceName", "Ram", [True, False, False, False]),
        ("serviceName", "s3", [False, True, False, False]),
        ("serviceName", "s3.amazonaws.com", [False, True, False, False]),
        ("serviceName", "ecs", [False, False, False, False]),
        ("eventName", "StopInstances", [True, False, False, False]),
        ("eventName", "Ecs:StopInstances", [False, False, False, False]),
        ("eventName", "IpInsight", [False, False, False, True]),
        ("accessKeyId", "LTAI5tExample", [False, True, False, False]),
        ("errorCode", "NoPermission", [False, True, False, False]),
        ("user", "alice", [False, False, True, False]),
        ("user", "ops", [False, False, False, False]),
        ("roleName", "ops", [False, False, True, False]),
        ("sourceIpAddress", "203.0.113.7", [True, False, False, False]),
        ("sourceIpAddress", "203.0.113.0/24", [True, False, False, False]),
        ("sourceIpAddress", "10.0.0.0/8", [False, False, True, False]),
        ("sourceIpAddress", "2001:DB8:0::7", [False, False, True, False]),
        ("sourceIpAddress", "0.0.0.0/0", [True, False, True, False]),
        ("insightObject", "Ecs", [False, False, True, False]),
    ],
)
def test_an_insight_is_of_what_it_is_about_and_tells_of(name: str, value: str, found: list[bool]) -> None:
    assert held(name, [value], ECS, KEY, WHO, BARE) == found


def test_any_of_several_values_is_enough() -> None:
    assert held("serviceName", ["Ram", "s3"], ECS, KEY, WHO, BARE) == [True, True, False, False]


def test_what_is_usual_is_not_what_an_insight_is_about() -> None:
    usual = insight("203.0.113.7", {"apiRelated": ["Ecs:StopInstances"], "sourceIpAddress": ["192.0.2.1"]})

    assert held("serviceName", ["Ecs"], usual) == [False]
    assert held("sourceIpAddress", ["192.0.2.1"], usual) == [False]


@pytest.mark.parametrize(
    ("subject", "asked", "found"),
    [
        ("203.0.113.0/24", "203.0.113.7", True),
        ("203.0.113.0/24", "203.0.113.0/28", True),
        ("203.0.113.0/24", "203.0.0.0/16", True),
        ("203.0.113.0/24", "203.0.114.1", False),
        ("2001:db8:1::/48", "2001:db8:1::9", True),
        ("203.0.113.0/24", "2001:db8::/32", False),
        ("::ffff:203.0.113.9", "203.0.113.9", True),
        ("ecs.aliyuncs.com", "ecs.aliyuncs.com", True),
    ],
)
def test_a_network_is_of_its_addresses(subject: str, asked: str, *, found: bool) -> None:
    assert held("sourceIpAddress", [asked], insight(subject)) == [found]


def test_an_object_may_name_a_call_or_somebody_as_attributions_do() -> None:
    assert held("serviceName", ["Ecs"], insight("Ecs:StopInstances")) == [True]
    assert held("eventName", ["StopInstances"], insight("Ecs:StopInstances")) == [True]
    assert held("user", ["alice"], insight("user/alice")) == [True]
    assert held("roleName", ["alice"], insight("user/alice")) == [False]


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize(
    "event",
    [
        None,
        "",
        "[]",
        "nonsense",
        "[" * 100_000,
        '{"insightDetails": 1}',
        '{"insightDetails": {"insightContext": []}}',
        '{"insightDetails": {"insightContext": {"attributions": {"a": 1}}}}',
        '{"insightDetails": {"insightContext": {"attributions": [1, {}, {"attribution": "apiRelated"}]}}}',
        '{"insightDetails": {"insightContext": {"attributions": [{"attribution": "apiRelated", "insight": [1, {}]}]}}}',
        '{"insightDetails": {"insightContext": {"attributions": [{"attribution": ["a"], "insight": [{"value": 1}]}]}}}',
    ],
)
def test_of_what_says_nothing_nothing_is_found(name: str, event: str | None) -> None:
    assert held(name, ["203.0.113.7"], {"event": event}) == [False]
    assert held(name, ["203.0.113.7"], {"event": event, "insight_object": "203.0.113.7"}) == [True]


def test_the_insights_of_cloudtrail_are_found_by_what_they_say() -> None:
    context = {"attributions": [{"attribute": "errorCode", "insight": [{"value": "AccessDenied", "average": 3.1}]}]}
    row = {"event": json.dumps({"insightDetails": {"insightContext": context}})}

    assert held("errorCode", ["AccessDenied"], row) == [True]
    assert held("errorCode", ["Throttling"], row) == [False]


@pytest.mark.parametrize("name", [*FILTERS, *INSIGHT_FILTERS])
def test_no_table_is_too_small(name: str) -> None:
    assert held(name, ["Read"]) == []


def test_values_are_checked_as_those_of_events_are() -> None:
    for name in ("sourceIpAddress", "sourceIpAddress!"):
        with pytest.raises(InvalidParameter, match=f"^{name} "):
            make_insight_filter(name, ("10.0.0.0/33",))
    with pytest.raises(InvalidParameter, match=r"^eventRW "):
        make_insight_filter("eventRW", ("read",))


def test_the_order_of_values_makes_no_other_filter() -> None:
    one = make_insight_filter("serviceName", ("b.amazonaws.com", "a", "b.amazonaws.com"))

    assert repr(one) == repr(make_insight_filter("serviceName", ("a", "b.amazonaws.com")))
