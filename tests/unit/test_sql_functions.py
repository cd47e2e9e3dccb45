"""Each function means what its documentation says: on DuckDB by running it, for Trino by the text that it is given."""

import json
import re

import duckdb
import pytest
import sqlglot

from tests.unit.sql_world import ask, found
from trailkeep.errors import InvalidQuery
from trailkeep.sql.calls import GROUPS
from trailkeep.sql.dialects import ForTrino
from trailkeep.sql.functions.casts import CASTS
from trailkeep.sql.functions.function import Function, Role
from trailkeep.sql.results import json_rows, typed_rows
from trailkeep.sql.rows import rows_for
from trailkeep.sql.statement import parse_statement

ALL = [each for group in GROUPS.values() for each in group]

TRANSLATED_OTHERWISE = {
    "regexp_replace": "groups are $1 in Trino and \\1 in DuckDB, and sqlglot leaves them",
    "is_infinite": "has another name in DuckDB, which sqlglot does not know",
    "is_finite": "has another name in DuckDB, which sqlglot does not know",
    "date_diff": "counts whole units in Trino, and boundaries in DuckDB",
    "millisecond": "is that of the second in Trino, and of the minute in DuckDB",
    "json_array_length": "is NULL in Trino for what is no list, and 0 in DuckDB",
}
"""Functions whose text for Trino sqlglot does not translate to DuckDB as they mean it."""


def example(function: Function) -> tuple[str, object]:
    parts = re.fullmatch(r"(.+) = (\S.*)", function.example, re.DOTALL)
    assert parts is not None
    return parts[1], json.loads(parts[2])


def select(function: Function) -> str:
    expression, _ = example(function)
    return f"select {expression} as x {'' if function.role is Role.AGGREGATE else 'order by event_time limit 1'}"


@pytest.mark.parametrize("function", ALL, ids=lambda each: each.signature)
def test_a_function_gives_what_its_example_says(function: Function) -> None:
    assert ask(select(function)) == [{"x": example(function)[1]}]


@pytest.mark.parametrize("function", ALL, ids=lambda each: each.signature)
def test_what_trino_is_given_for_a_function_gives_the_same(function: Function) -> None:
    statement = parse_statement(select(function))
    written = statement.tree.sql(dialect=ForTrino)
    translated = sqlglot.transpile(written, read="trino", write="duckdb", error_level=sqlglot.ErrorLevel.RAISE)[0]
    if function.name in TRANSLATED_OTHERWISE:
        return
    with duckdb.connect() as connection:
        connection.register("log", next(rows_for(statement, [found()])))
        rows = typed_rows(statement, connection.sql(translated).to_arrow_table())
    assert [json.loads(row) for row in json_rows(statement, rows)] == [{"x": example(function)[1]}]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("substr('hello', 0)", ""),
        ("substr('hello', -3)", "llo"),
        ("substr('hello', -9)", ""),
        ("substr('hello', -9, 3)", ""),
        ("substr('hello', 2, -1)", ""),
        ("substr('hello', 2, 100)", "ello"),
        ("substring('hello' from 2 for 3)", "ell"),
        ("trim('\t a\n')", "a"),
        ("position('l' in 'hello')", 3),
        ("split('a;b', '')", None),
        ("split('', ';')", [""]),
        ("split_part('a/b', '/', 3)", None),
        ("split_part('a/b', '/', 0)", None),
        ("concat('a', null)", None),
        ("'a' || 'b' || 'c'", "abc"),
        ("array['a'] || array['b']", ["a", "b"]),
        ("replace('abc', '', 'x')", None),
        ("regexp_extract('abc', 'x')", None),
        ("regexp_extract('abc', '(b)(x)?', 2)", None),
        ("regexp_extract('abc', '(x?)b', 1)", ""),
        ("regexp_like('a\nb', 'a.b')", False),
        ("regexp_like('x', 'x$') and not regexp_like('x\n', 'x$')", True),
        (r"regexp_like('٣é', '\d') or regexp_like('é', '\w')", False),
        (r"regexp_replace('a.b', '(a)\.', '\$$1')", "$ab"),
        ("contains(array['a', null], 'b')", None),
        ("contains(array['a'], 'b')", False),
        ("contains(array['a', null], 'a')", True),
        ("array_position(array['a'], 'b')", 0),
        ("array_position(split(null, ';'), 'b')", None),
        ("element_at(array['a'], 0)", None),
        ("element_at(array['a', 'b'], -1)", "b"),
        ("array['a'][2]", None),
        ("greatest(1, null)", None),
        ("least(1, 2.5)", 1.0),
        ("coalesce(null, null)", None),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / 2.0", 3.5),
        ("-7 % 3", -1),
        ("7 % -3", 1),
        ("2000000000 + 2000000000", 4000000000),
        ("100000 * 100000", 10000000000),
        ("1e0 / 0", None),
        ("1e3", 1000.0),
        ("round(-2.5)", -3.0),
        ("round(7)", 7),
        ("ceil(-1.5)", -1.0),
        ("date_trunc('week', timestamp '2026-03-04 05:06:07')", "2026-03-02T00:00:00Z"),
        ("date_trunc('day', date '2026-03-04')", "2026-03-04"),
        ("date_diff('day', timestamp '2026-03-01 12:00:00', timestamp '2026-03-02 01:00:00')", 0),
        ("date_diff('day', date '2026-03-01', date '2026-02-27')", -2),
        ("date_add('month', 1, date '2026-01-31')", "2026-02-28"),
        ("date_add('quarter', 1, timestamp '2026-01-31 00:00:00')", "2026-04-30T00:00:00Z"),
        ("date '2026-01-31' + interval '1' day", "2026-02-01"),
        ("date '2026-01-31' + interval '1' hour", "2026-01-31T01:00:00Z"),
        ("timestamp '2026-01-31 00:00:00' - interval '30' second", "2026-01-30T23:59:30Z"),
        ("date_format(timestamp '2026-01-02 03:04:05', '%e.%c.%y %k:%i %W %M %T %% %j')",
         "2.1.26 3:04 Friday January 03:04:05 % 002"),
        ("from_unixtime(1.5)", "1970-01-01T00:00:01.500000Z"),
        ("extract(day_of_week from timestamp '2026-03-01 00:00:00')", 7),
        ("week(date '2027-01-03')", 53),
        ("json_extract('no json', '$.a')", None),
        ("json_extract('{\"a\": null}', '$.a')", "null"),
        ("json_extract_scalar('{\"a\": null}', '$.a')", None),
        ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a')", None),
        ("json_extract_scalar('{\"a.b\": {\"c d\": true}}', '$[\"a.b\"][''c d'']')", "true"),
        ("json_array_length('{}')", None),
        ("case 'a' when 'b' then 1 when 'a' then 2 end", 2),
        ("case when null then 1 else 2.5 end", 2.5),
        ("null is distinct from 1", True),
        ("1 in (2, null)", None),
        ("'a_b' like 'a!_b' escape '!'", True),
        ("'ab' not like 'a%'", False),
        ("2 between 1 and 3 and 'B' < 'a'", True),
        ("exists (select 1 where false)", False),
        ("try(cast('x' as bigint))", None),
    ],
)  # fmt: skip
def test_edges_are_as_in_presto(expression: str, value: object) -> None:
    assert ask(f"select {expression} as x from (select 1 as one) as t") == [{"x": value}]


@pytest.mark.parametrize(
    ("cast", "value"),
    [
        ("'42' as bigint", 42),
        ("' -42 ' as bigint", -42),
        ("'4.6' as bigint", None),
        ("'1e3' as bigint", None),
        ("'1_000' as bigint", None),
        ("'0x1F' as bigint", None),
        ("'' as bigint", None),
        ("'99999999999999999999' as bigint", None),
        ("'1.5e3' as double", 1500.0),
        ("'.5' as double", 0.5),
        ("'inf' as double", None),
        ("'1_0.5' as double", None),
        ("'TRUE' as boolean", True),
        ("'0' as boolean", False),
        ("'yes' as boolean", None),
        ("'2026-01-02' as date", "2026-01-02"),
        ("'2026-01-02 03:04' as date", None),
        ("'2026-01-02 03:04:05.5' as timestamp", "2026-01-02T03:04:05.500000Z"),
        ("'2026-01-02T03:04:05+08:00' as timestamp", None),
        ("2.5 as bigint", 3),
        ("-2.5 as bigint", -3),
        ("5 as varchar", "5"),
        ("true as varchar", "true"),
        ("date '2026-01-02' as varchar", "2026-01-02"),
        ("date '2026-01-02' as timestamp", "2026-01-02T00:00:00Z"),
        ("timestamp '2026-01-02 23:00:00' as date", "2026-01-02"),
        ("json_parse('\"90\"') as bigint", 90),
        ("json_parse('90') as varchar", "90"),
        ("json_parse('\"off\"') as varchar", "off"),
        ("json_parse('{}') as varchar", None),
        ("json_parse('null') as bigint", None),
        ("json_parse('false') as boolean", False),
        ("json_parse('[\"a\", 1, null]') as array(varchar)", ["a", "1", None]),
        ("null as bigint", None),
    ],
)
def test_a_cast_takes_what_presto_takes(cast: str, value: object) -> None:
    assert ask(f"select try_cast({cast}) as x from (select 1 as one) as t") == [{"x": value}]


@pytest.mark.parametrize(("given", "wanted"), CASTS)
def test_trino_can_read_every_cast(given: object, wanted: object) -> None:
    form = CASTS[given, wanted]  # type: ignore[index]
    sqlglot.parse_one(f"SELECT {form.trino.replace('{0}', 'x')}", read="trino", error_level=sqlglot.ErrorLevel.RAISE)


def test_what_cannot_be_cast_fails_without_try() -> None:
    with pytest.raises(duckdb.ConversionException):
        ask("select cast(event_name as bigint)")


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<=a)b", "(a)\\1", "a++", "a*+", "(?>a)", "(?<name>a)", "(?P<name>a)", "\\p{L}", "[[:alpha:]]",
     "[a&&b]", "[a", "(a", "a)", "*a", "a{2000}", "\\", "(?x)a", "[\\D]", "a" * 1001, "\\Qa\\E", "\\x41"],
)  # fmt: skip
def test_what_only_one_engine_could_read_is_no_pattern(pattern: str) -> None:
    with pytest.raises(InvalidQuery, match="at line 1, column 8"):
        parse_statement(f"select regexp_like(event_name, '{pattern}')")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("json_extract(event, 'a.b')", "a JSON path is written as"),
        ("json_extract(event, '$..a')", "a JSON path is written as"),
        ("json_extract(event, '$.*')", "a JSON path is written as"),
        ("json_extract(event, event_name)", "json_extract takes"),
        ("date_trunc('decade', event_time)", "the unit must be one of second, minute"),
        ("date_trunc('hour', date(event_time))", "the unit must be one of day, week"),
        ("date_format(event_time, '%Q')", "%Q is no part of a date format here"),
        ("date_parse(event_name, '%W')", "a time cannot be read from %W"),
        ("lpad(event_name, 1000000, 'x')", "the length must be a number up to 1000"),
        ("lpad(event_name, length(event_name), 'x')", "lpad takes"),
        ("regexp_replace(event_name, 'a', '$x')", "in a replacement"),
        ("regexp_like(event_name, user_name)", "regexp_like takes"),
    ],
)
def test_what_has_to_be_written_out_is_checked(text: str, reason: str) -> None:
    with pytest.raises(InvalidQuery) as refusal:
        parse_statement(f"select {text}")
    assert reason in refusal.value.message
