"""Conditions in Trino's SQL find what their meaning finds. The SQL runs on DuckDB: tests/unit/trino.py says how."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from tests.unit import trino
from tests.unit.search_conditions import LISTS, NUMBERS, PROMOTED, columns, conditions, originals
from trailkeep.athena import meanings
from trailkeep.athena.columns import Made
from trailkeep.athena.conditions import translated
from trailkeep.search.conditions import Condition
from trailkeep.search.document import Columns, Document
from trailkeep.search.evaluation import matcher
from trailkeep.search.language import parse_query

Event = tuple[str, Columns]


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    connection = trino.connect()
    kinds = (f'"{name}" VARCHAR{"[]" if name in LISTS else ""}' for name in PROMOTED)
    connection.execute(f"CREATE TABLE found (number BIGINT, event VARCHAR, {', '.join(kinds)})")
    return connection


def found_by(condition: Condition, events: Sequence[Event], database: duckdb.DuckDBPyConnection) -> list[int]:
    """The numbers of the events that the condition's SQL is true of; it is never NULL."""
    database.execute("DELETE FROM found")
    for number, (original, promoted) in enumerate(events):
        row = [number, original, *(promoted.get(name) for name in PROMOTED)]
        database.execute(f"INSERT INTO found VALUES ({', '.join('?' * len(row))})", row)
    made = Made()
    test = translated(condition, made)
    parse_one(test.sql(dialect="trino"), read="trino")
    query = exp.select("number", exp.alias_(test, "meets")).from_(made.over(exp.select("*").from_("found")).subquery())
    rows = database.execute(trino.translated(query)).fetchall()
    assert {meets for _, meets in rows} <= {True, False}
    return sorted(number for number, meets in rows if meets)


def meant_by(condition: Condition, events: Sequence[Event]) -> list[int]:
    meets = matcher(condition)
    return [number for number, each in enumerate(events) if meets(Document(*each))]


def nothing_promoted() -> dict[str, Any]:
    return {name: [] if name in LISTS else None for name in PROMOTED}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conditions, st.lists(st.tuples(originals, columns), min_size=1, max_size=6))
def test_any_condition_finds_the_events_that_it_means(
    database: duckdb.DuckDBPyConnection, condition: Condition, events: list[Event]
) -> None:
    assert found_by(condition, events, database) == meant_by(condition, events)


@pytest.mark.parametrize(
    ("query", "found", "not_found"),
    [
        (r'event."q\"\\": *', r'{"q\"\\": 1}', r'{"q": 1}'),
        ("event.a.b.c: x", '{"a": [[{"b": [{"c": [["x"]]}]}]]}', '{"a": {"b": {"d": "x"}}}'),
        ("event.a.b: 1.*", '{"a": "[[{\\"b\\": 1.50}]]"}', '{"a": "{\\"b\\": \\"{\\\\\\"b\\\\\\": 1.5}\\"}"}'),
        ("event.a.b: 1", '{"a": "{\\"b\\": 1}"}', '{"a": "{\\"b\\": 1, \\"b\\": 1}"}'),
        ("event.a: 80", '{"a": 8.0e+1}', '{"a": "8.0e+1"}'),
        ("event.a: 8.0e+1", '{"a": 8.0E+1}', '{"a": 80}'),
        ("event.a: 0.1", '{"a": 0.10}', '{"a": 0.1000000000000000000000000000000000001}'),
        ("event.a > -1.5", '{"a": -1.4999999999999999999999999999}', '{"a": -15e-1}'),
        ("event.a in (0 100]", '{"a": "0.0000000000000000000001"}', '{"a": -0}'),
        ("event.a: ::ffff:192.0.2.1", '{"a": "192.0.2.1"}', '{"a": "192.0.2.01"}'),
        ("event.a: 2001:db8::1", '{"a": "2001:0DB8:0:0:0:0:0:1%eth0"}', '{"a": "2001:0DB8:0:0:0:0:0:00001"}'),
        ("event.a: 10.0.0.0/8", '{"a": "::ffff:10.1.2.3"}', '{"a": "１0.1.2.3"}'),
        ("event.a: ::/0", '{"a": "fe80::1"}', '{"a": "10.1.2.3"}'),
        ("event.a >= 2026-01-02T00:00:00Z", '{"a": "2026-01-01T23:59:60.5-00:01"}', '{"a": "2026-01-02T00:00:00"}'),
        ("event.a < 2026-01-02", '{"a": "2026-01-02T00:59:59.9999999+01:00"}', '{"a": "2026-02-30T00:00:00Z"}'),
        ("event.a: 100%", '{"a": "100%"}', '{"a": "100 "}'),
        (r"event.a: a\*_*", '{"a": "A*_\\nb"}', '{"a": "ab_"}'),
        ('"İstanbul"', '{"a": "in i̇stanbul"}', '{"a": "in istanbul"}'),
        ("ΟΔΟΣ", '{"a": "οδοσ"}', '{"a": "οδο"}'),
        ('"a b"', '{"x": "say:A/b"}', '{"x": ["a", "b"], "a": "b"}'),
        ("a?c", '{"x": "abc"}', '{"x": "a c"}'),
        (r"arn\:aws\:*", '{"x": "arn:aws:iam"}', '{"x": "arn:aws:"}'),
        ("日志", '{"x": "查日志"}', '{"x": "日"}'),
        ("null", '{"x": null}', '{"x": "nul"}'),
        ("event.resourceName: i-1", '{"resourceName": "i-2, I-1 ;d"}', '{"other": {"resourceName": "i-1,b"}}'),
    ],
)
def test_a_condition_finds_one_event_and_not_the_other(
    database: duckdb.DuckDBPyConnection, query: str, found: str, not_found: str
) -> None:
    condition = parse_query(query).condition
    events = [(found, nothing_promoted()), (not_found, nothing_promoted())]
    assert meant_by(condition, events) == [0]
    assert found_by(condition, events, database) == [0]


json_numbers = st.sampled_from(NUMBERS) | st.decimals(allow_nan=False, allow_infinity=False).map(
    lambda number: f"{number:e}"
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(json_numbers, min_size=2, max_size=8))
def test_numbers_are_in_the_order_of_their_keys(database: duckdb.DuckDBPyConnection, numbers: list[str]) -> None:
    query = exp.select(meanings.number_key(exp.column("text"))).from_("numbers")
    database.execute("CREATE OR REPLACE TABLE numbers (text VARCHAR)")
    database.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in numbers])
    keys = [key for (key,) in database.execute(trino.translated(query)).fetchall()]
    assert keys == [meanings.key_of(Decimal(number)) for number in numbers]
    for one, one_key in zip(numbers, keys, strict=True):
        for other, other_key in zip(numbers, keys, strict=True):
            assert (Decimal(one) < Decimal(other)) == (one_key < other_key)


def test_five_hundred_conditions_are_no_deeper_than_two() -> None:
    condition = parse_query(" or ".join(f"user: u{number}" for number in range(500))).condition
    assert translated(condition, Made()).sql(dialect="trino").count(" OR ") == 499
