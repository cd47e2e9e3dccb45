"""Statements over rows of the lake, in the sandbox, and the JSON that they are answered in."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.sql_world import found, run
from trailkeep.errors import ObjectUnreadable, QueryFailed
from trailkeep.schema import EVENTS as LAKE
from trailkeep.sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, JSON, TIMESTAMP, VARCHAR, Kind, array_of
from trailkeep.sql.results import columns_of, json_rows, type_of
from trailkeep.sql.rows import lake_columns, rows_for, rows_schema
from trailkeep.sql.run import run_in
from trailkeep.sql.sandbox import Limits, Sandbox
from trailkeep.sql.statement import parse_statement

MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).replace(tzinfo=None)
LIMITS = Limits(memory=128 << 20, seconds=60)


def ask(sql: str, *tables: pa.Table, limits: Limits = LIMITS) -> list[dict[str, Any]]:
    statement = parse_statement(sql)
    result = run(statement, tables or [found()], limits)
    return [json.loads(row) for row in json_rows(statement, result.rows)]


def test_rows_of_several_tables_are_one_table() -> None:
    sql = 'select "event.userIdentity.userName" as who, count(1) as n, max(event_time) as last group by who'
    assert ask(f"{sql} order by n desc, who", found(), found(times=2)) == [
        {"who": "alice", "n": 6, "last": "2026-03-04T02:00:00Z"},
        {"who": "root", "n": 3, "last": "2026-03-05T03:00:00Z"},
    ]


def test_rows_can_be_asked_for_twice() -> None:
    sql = "select count(1) as n from events e join insights i on e.account_id = i.account_id"
    assert ask(sql) == [{"n": 2}]
    assert ask("with a as (select event_id from log) select count(1) as n from a x cross join a y") == [{"n": 9}]


def test_no_rows_are_an_answer_too() -> None:
    assert ask("select count(1) as n, max(event_time) as last", found([])) == [{"n": 0, "last": None}]
    assert ask("select event_name", found([])) == []
    assert ask("select * from events", found([])) == []


def test_what_reads_no_table_needs_no_rows() -> None:
    assert ask("select x + 1 as y from (select 1 as x) as t") == [{"y": 2}]


def test_of_the_lake_only_what_is_asked_for_is_read() -> None:
    assert lake_columns(parse_statement("select count(1)")) == []
    assert lake_columns(parse_statement("select event_time, region, date, dataset, user_name")) == ["user_name"]
    assert lake_columns(parse_statement('select user_name, "event.a.b", event_id')) == [
        "event_id",
        "user_name",
        "event",
    ]
    assert rows_schema(parse_statement('select user_name, "event.a.b", event_time')).names == [
        "event_time", "user_name", "event.a.b",
    ]  # fmt: skip
    assert rows_schema(parse_statement("select user_name from insights")).names == ["user_name", "dataset"]


def test_rows_come_from_tables_with_just_what_is_needed() -> None:
    statement = parse_statement('select "event.eventName" as name, event_time from events order by event_time')
    narrow = found().select(["event_time", "region", "dataset", *lake_columns(statement)])
    assert len(json_rows(statement, run(statement, [narrow], LIMITS).rows)) == 2


def test_reading_ends_where_no_more_is_needed() -> None:
    taken = 0

    def endless() -> Iterator[pa.Table]:
        nonlocal taken
        while True:
            taken += 1
            yield found(times=1000)

    assert len(run(parse_statement("select event_id limit 5"), endless(), LIMITS).rows) == 5
    assert taken < 100_000


def test_an_answer_is_cut_and_says_so() -> None:
    limits = Limits(memory=128 << 20, seconds=60, most_rows=2)
    statement = parse_statement("select event_id order by event_id")
    result = run(statement, [found()], limits)
    assert result.truncated
    assert [json.loads(row) for row in json_rows(statement, result.rows)] == [{"event_id": "e-1"}, {"event_id": "e-2"}]
    assert not run(parse_statement("select event_id limit 2"), [found()], limits).truncated


def test_a_sandbox_can_start_before_there_is_a_statement() -> None:
    with Sandbox(LIMITS) as sandbox:
        assert len(run_in(sandbox, parse_statement("select event_id"), [found()]).rows) == 3


def test_a_damaged_original_is_told() -> None:
    damaged = found().set_column(LAKE.names.index("event"), "event", pa.array(["{", "[]", "{}"]))
    with pytest.raises(ObjectUnreadable):
        ask('select "event.a"', damaged)


def test_values_that_cannot_be_cast_fail_and_say_so() -> None:
    with pytest.raises(QueryFailed, match="a cast failed: Could not convert a text to bigint"):
        ask("select cast(event_name as bigint)")
    assert ask("select try_cast(event_name as bigint) as n limit 1") == [{"n": None}]


def test_too_much_for_memory_is_told() -> None:
    limits = Limits(memory=16 << 20, seconds=60)
    with pytest.raises(QueryFailed, match="needs more than the 16 MB of memory"):
        ask("select array_agg(event) as a, count(1) as n from log", *[found(times=5000)] * 20, limits=limits)


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (BIGINT, 2**62, 2**62),
        (DOUBLE, 1.5, 1.5),
        (DOUBLE, float("nan"), None),
        (DOUBLE, float("-inf"), None),
        (BOOLEAN, True, True),
        (VARCHAR, 'a"b\u2028', 'a"b\u2028'),
        (TIMESTAMP, MOMENT, "2026-03-04T05:06:07Z"),
        (TIMESTAMP, MOMENT.replace(microsecond=89), "2026-03-04T05:06:07.000089Z"),
        (DATE, MOMENT.date(), "2026-03-04"),
        (JSON, '{"a":1}', '{"a":1}'),
        (array_of(VARCHAR), ["a", None], ["a", None]),
        (array_of(TIMESTAMP), [MOMENT, None], ["2026-03-04T05:06:07Z", None]),
        (array_of(array_of(BIGINT)), [[1], []], [[1], []]),
        (BIGINT, None, None),
        (array_of(TIMESTAMP), None, None),
    ],
)  # fmt: skip
def test_every_kind_has_its_json(kind: Kind, value: object, written: object) -> None:
    statement = parse_statement("select event_name as x")
    statement = replace(statement, outputs=(("x", kind),))
    rows = pa.table({"x": pa.array([value], type_of(kind))})
    assert [json.loads(row) for row in json_rows(statement, rows)] == [{"x": written}]


def test_columns_say_their_kinds() -> None:
    assert columns_of(parse_statement("select event_time, count(1) as n, array_agg(user_name) as who group by 1")) == [
        {"name": "event_time", "type": "timestamp"},
        {"name": "n", "type": "bigint"},
        {"name": "who", "type": "array(varchar)"},
    ]


def test_rows_keep_their_times_without_a_zone() -> None:
    statement = parse_statement("select event_time, delivered_at")
    (table,) = rows_for(statement, [found()])
    assert table.schema.types == [pa.timestamp("us")] * 2
    assert table.column("event_time")[0].as_py() == MOMENT.replace(hour=1, minute=2, second=3)
