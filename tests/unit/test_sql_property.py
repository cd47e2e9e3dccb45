"""What is let through runs: in whatever combination, both engines take what is written of it."""

import re
from contextlib import suppress

import duckdb
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sql_expressions import statements
from tests.unit.sql_world import answer
from trailkeep.errors import InvalidQuery
from trailkeep.sql.dialects import ForTrino
from trailkeep.sql.statement import parse_statement

FAILED_ON_ROWS = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException)
"""What rows can make of SQL that is right."""


@settings(deadline=None)
@given(statements())
def test_what_may_be_said_runs(sql: str) -> None:
    statement = parse_statement(sql)

    sqlglot.parse_one(statement.tree.sql(dialect=ForTrino), read="trino", error_level=sqlglot.ErrorLevel.RAISE)
    try:
        rows = answer(statement)
    except FAILED_ON_ROWS:
        return
    assert all(list(row) == [name for name, _ in statement.outputs] for row in rows)


PIECES = (
    *(
        "select",
        "from",
        "log",
        "where",
        "group by",
        "order by",
        "(",
        ")",
        ",",
        "'a'",
        '"event.a"',
        "1",
        "*",
        "count(1)",
    ),
    *(
        "and",
        "not",
        "case",
        "when",
        "end",
        "as",
        "x",
        "union",
        "with",
        ";",
        "--",
        "/*",
        "cast(",
        "::",
        "[",
        "]",
        "over",
    ),
    *(
        "on",
        "having",
        "limit",
        "-",
        "||",
        "null",
        "in",
        "exists",
        "interval",
        "distinct",
        "unnest",
        "lateral",
        "->",
        "=",
    ),
)
WRITTEN = (
    "with a as (select user_name, count(1) as n from log group by 1) select x.n, y.* from a x left join a y"
    " on x.user_name = y.user_name where x.n in (select 1) order by 1 desc nulls first limit 3 offset 1",
    "select t.n, i, count(*) filter (where event_rw = 'Read') as c from log l"
    " cross join unnest(l.resource_names) with ordinality as t(n, i) group by n, i having c > 0 order by c",
    "(select user_name from log limit 2) union all select event_name from events except select 'x' order by 1",
    "select sum(mask_version) over (partition by user_name order by event_time rows between 1 preceding and current row"
    "),"
    " case event_rw when 'Read' then 1 else 2 end, cast(\"event.a\" as bigint), event_time + interval '1' day,"
    " extract(hour from event_time), event_name not like 'a%' escape '!' from log"
    " where exists (select 1 from events e where e.user_name = log.user_name)"
    " and event_time between '2026-01-01' and date '2026-02-01'",
)
TOKEN = re.compile(r"""'[^']*'|"[^"]*"|\w+|\s+|.""", re.DOTALL)


@st.composite
def slips(draw: st.DrawFn) -> str:
    """SQL as it is written, with a piece missing, or another one in its place or before it."""
    tokens = TOKEN.findall(draw(st.one_of(statements(), st.sampled_from(WRITTEN))))
    for _ in range(draw(st.integers(1, 3))):
        at, piece = draw(st.integers(0, len(tokens) - 1)), f" {draw(st.sampled_from(PIECES))} "
        tokens[at] = draw(st.sampled_from(["", piece, piece + tokens[at]]))
    return "".join(tokens)


@settings(deadline=None)
@given(st.one_of(st.text(), slips()))
def test_whatever_is_said_is_taken_or_refused(text: str) -> None:
    try:
        statement = parse_statement(text)
    except InvalidQuery as refusal:
        if " at line " not in refusal.message:
            raise
        return
    with suppress(*FAILED_ON_ROWS):
        answer(statement)
