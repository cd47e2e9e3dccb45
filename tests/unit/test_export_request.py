"""Requests of exports: every member is checked, what is wrong is named, and the rows asked for are the query's."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.errors import InvalidParameter, InvalidQuery, InvalidTimeRange
from trailkeep.events.timestamps import parse_micros, to_micros
from trailkeep.exports.formats import Format
from trailkeep.exports.request import Export, parse_export
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lookup.filters import FILTERS
from trailkeep.lookup.question import MAX_VALUES, parse_question
from trailkeep.search.conditions import Everything
from trailkeep.search.language import parse_query

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WEEK = timedelta(days=7) // timedelta(microseconds=1)


def export_of(**body: Any) -> Export:
    return parse_export({"format": "csv", **body}, NOW)


def test_a_lookup_of_nothing_in_particular_is_the_last_week_of_all_events() -> None:
    export = export_of(lookup={})

    assert (export.format, export.view, export.query) == (Format("csv"), None, None)
    matching = export.matching
    assert (matching.start, matching.end) == (to_micros(NOW) - WEEK, to_micros(NOW))
    assert (matching.datasets, matching.regions, matching.filters) == ((EVENTS,), (), ())
    assert (matching.condition, matching.newest_first) == (Everything(), True)


def test_a_lookup_has_the_filters_of_the_lookup() -> None:
    lookup = {
        "startTime": "2026-03-01T00:00:00Z",
        "endTime": "2026-03-02T00:00:00Z",
        "region": ["us-east-1", "cn-hangzhou"],
        "direction": "FORWARD",
        "user": "alice",
        "eventName!": ["GetObject", "HeadObject"],
        "sourceIpAddress": "10.0.0.0/8",
        "sensitive": "true",
    }
    parameters = {name: [value] if isinstance(value, str) else value for name, value in lookup.items()}

    export = export_of(lookup=lookup)

    assert export.question == parse_question(parameters, NOW)[0]
    assert export.matching.filters == export.question.filters
    assert export.matching.regions == ("cn-hangzhou", "us-east-1")
    assert not export.matching.newest_first


def test_a_search_is_of_events_and_insights() -> None:
    export = export_of(
        query="event.userIdentity.userName: alice and not Describe*",
        startTime="2026-03-01T00:00:00Z",
        endTime="2026-03-02T00:00:00Z",
        regions=["cn-hangzhou"],
        direction="FORWARD",
    )

    matching = export.matching
    assert export.query == parse_query("event.userIdentity.userName: alice and not Describe*")
    assert (matching.start, matching.end) == (
        parse_micros("2026-03-01T00:00:00Z"),
        parse_micros("2026-03-02T00:00:00Z"),
    )
    assert (matching.datasets, matching.regions) == ((EVENTS, INSIGHTS), ("cn-hangzhou",))
    assert (matching.filters, matching.newest_first) == ((), False)
    assert matching.condition == export.query.condition


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"format": "json"}, Format("json")),
        ({"format": "ndjson", "gzip": True}, Format("ndjson", gzip=True)),
        ({"format": "csv", "gzip": False, "byteOrderMark": True}, Format("csv", byte_order_mark=True)),
        ({"format": "parquet"}, Format("parquet")),
    ],
    ids=str,
)
def test_files_are_as_they_are_asked_for(members: dict[str, Any], expected: Format) -> None:
    assert export_of(lookup={}, **members).format == expected


@pytest.mark.parametrize(
    "body", [{"lookup": {}, "view": "operator"}, {"lookup": {"view": "operator"}}, {"query": "*", "view": "operator"}]
)
def test_the_view_of_an_operator_is_asked_for(body: dict[str, Any]) -> None:
    assert export_of(**body).view == "operator"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "either lookup or query"),
        ({"lookup": {}, "query": "*"}, "either lookup or query"),
        ({"lookup": {}, "format": "xml"}, "format must be one of json, ndjson, csv, parquet"),
        ({"lookup": {}, "format": None}, "format"),
        ({"lookup": {}, "format": ["csv"]}, "format"),
        ({"lookup": {}, "format": "CSV"}, "format"),
        ({"lookup": {}, "gzip": "true"}, "gzip"),
        ({"lookup": {}, "gzip": 1}, "gzip"),
        ({"lookup": {}, "format": "parquet", "gzip": True}, "gzip"),
        ({"lookup": {}, "byteOrderMark": "yes"}, "byteOrderMark"),
        ({"lookup": {}, "format": "json", "byteOrderMark": True}, "byteOrderMark"),
        ({"lookup": {}, "view": "raw"}, "view"),
        ({"lookup": {}, "view": ["operator"]}, "view"),
        ({"lookup": {}, "view": ""}, "view"),
        ({"query": "* | select event_name", "view": "operator"}, "view"),
        ({"lookup": {}, "maxResults": 10}, "maxResults"),
        ({"lookup": {}, "nextToken": "x"}, "nextToken"),
        ({"lookup": {"maxResults": "10"}}, "lookup.maxResults"),
        ({"lookup": {"nextToken": "x"}}, "lookup.nextToken"),
        ({"lookup": {}, "startTime": "2026-03-01T00:00:00Z"}, "startTime beside lookup"),
        ({"lookup": {}, "regions": ["cn-hangzhou"]}, "regions beside lookup"),
        ({"lookup": []}, "lookup must be an object"),
        ({"lookup": "user=alice"}, "lookup must be an object"),
        ({"lookup": None}, "lookup must be an object"),
        ({"lookup": {"user": None}}, "lookup.user"),
        ({"lookup": {"user": 7}}, "lookup.user"),
        ({"lookup": {"user": []}}, "lookup.user"),
        ({"lookup": {"user": ["alice", None]}}, "lookup.user"),
        ({"lookup": {"user": {"is": "alice"}}}, "lookup.user"),
        ({"lookup": {"user": ""}}, "user is empty"),
        ({"lookup": {"user": ["x"] * (MAX_VALUES + 1)}}, "user may be given at most"),
        ({"lookup": {"startTime": "yesterday"}}, "startTime"),
        ({"lookup": {"startTime": ["2026-03-01T00:00:00Z"] * 2}}, "startTime may be given only once"),
        ({"lookup": {"region": "../x"}}, "region"),
        ({"lookup": {"insightType": "IpInsight"}}, "unknown parameter insightType"),
        ({"query": 7}, "query must be a text"),
        ({"query": "*", "startTime": 7}, "startTime"),
        ({"query": "*", "regions": "cn-hangzhou"}, "regions"),
        ({"query": "*", "engine": "athena"}, "unknown field engine"),
        ({"query": "*", "dryRun": True}, "unknown field dryRun"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(body: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        export_of(**body)

    assert named in refused.value.message


@pytest.mark.parametrize(
    ("body", "near"),
    [
        ({"lookup": {}, "fromat": "csv"}, "format"),
        ({"lookup": {}, "gZip": True}, "gzip"),
        ({"Query": "*"}, "query"),
        ({"query": "*", "region": ["cn-hangzhou"]}, "regions"),
        ({"lookup": {"eventname": "x"}}, "eventName"),
        ({"lookup": {"starttime": "2026-03-01T00:00:00Z"}}, "startTime"),
    ],
    ids=str,
)
def test_for_what_is_unknown_the_nearest_is_told(body: dict[str, Any], near: str) -> None:
    with pytest.raises(InvalidParameter, match="unknown") as refused:
        export_of(**body)

    assert refused.value.hint == f"Did you mean {near}?"


def test_windows_and_queries_that_cannot_be_are_refused_as_they_are_where_they_are_asked() -> None:
    with pytest.raises(InvalidTimeRange):
        export_of(lookup={"startTime": "2026-03-02T00:00:00Z", "endTime": "2026-03-01T00:00:00Z"})
    with pytest.raises(InvalidTimeRange):
        export_of(query="*", startTime="2026-03-02T00:00:00Z", endTime="2026-03-01T00:00:00Z")
    with pytest.raises(InvalidQuery, match="line 1, column"):
        export_of(query="(event.userName: alice")


def test_the_sql_of_a_query_is_read_and_refused_where_it_is_wrong() -> None:
    export = export_of(query="* | select event_name, count(*) as n from log group by event_name")

    assert export.statement is not None
    assert [name for name, _ in export.statement.outputs] == ["event_name", "n"]
    with pytest.raises(InvalidQuery, match="line 1, column"):
        export_of(query="* | select nothing_that_there_is from log")
    with pytest.raises(InvalidQuery):
        export_of(query="* | drop table log")


def test_later_the_same_body_is_the_same_export_by_the_time_of_its_request() -> None:
    body = {"lookup": {"user": ["b", "a"]}, "format": "json"}

    assert parse_export(body, NOW) == parse_export(body, NOW)
    assert parse_export(body, NOW).question.start == parse_export(body, NOW + timedelta(hours=1)).question.start - (
        3_600_000_000
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FILTERS, "x"]), inner, max_size=3),
    max_leaves=6,
)
members = st.sampled_from(
    ["lookup", "query", "format", "gzip", "byteOrderMark", "view", "startTime", "endTime", "regions", "direction", "x"]
)


@given(st.dictionaries(members, json_values | st.sampled_from(["csv", "*", "operator", {}]), max_size=5))
def test_any_body_is_an_export_or_a_typed_refusal(body: dict[str, Any]) -> None:
    with suppress(InvalidParameter, InvalidTimeRange, InvalidQuery):
        assert isinstance(parse_export(body, NOW), Export)
