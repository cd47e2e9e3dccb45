"""Originals in Trino's SQL. It runs on DuckDB: tests/unit/trino.py says how."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from sqlglot import exp

from tests.unit import trino
from tests.unit.search_conditions import originals, paths
from trailkeep.athena import document
from trailkeep.search.document import Document
from trailkeep.sql.exact import text_at


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    return trino.connect()


def made_of(event: str, made: exp.Expr, database: duckdb.DuckDBPyConnection) -> object:
    """The value of an expression over one event, ``event``, and that tagged, ``tagged``."""
    tagged = exp.alias_(document.tagged(exp.column("event")), "tagged")
    events = exp.select("event", tagged).from_("events")
    database.execute("CREATE OR REPLACE TABLE events AS SELECT ? AS event", [event])
    ((value,),) = database.execute(trino.translated(exp.select(made).from_(events.subquery()))).fetchall()
    return value


def test_a_tagged_event_says_of_each_scalar_whether_it_is_a_text(database: duckdb.DuckDBPyConnection) -> None:
    event = r'{"port": 8.0, "a\"b\\": ["1", 1E+2, true, null, "", {"S": "null"}], "\u0041": -0}'
    assert made_of(event, exp.column("tagged"), database) == (
        r'{"Sport": "N8.0", "Sa\"b\\": ["S1", "N1E+2", "Ntrue", "Nnull", "S", {"SS": "Snull"}], "S\u0041": "N-0"}'
    )


@pytest.mark.parametrize(
    "text", ['{"a": 01}', '{"a": 1.}', '{"a": "\\ud800"}', '{"a": "\x01"}', '{"a": +1}', '{"a": "\\x"}']
)
def test_what_is_not_json_is_none_when_it_is_tagged(text: str, database: duckdb.DuckDBPyConnection) -> None:
    tagged = document.tagged(exp.Literal.string(text))
    assert database.execute(f"SELECT json_valid({trino.translated(tagged)})").fetchone() == (False,)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(originals, paths)
@example(r'{"a": ["\u000f", "\\u000f", "\\\u001B"]}', ("a",))
def test_a_column_holds_what_sql_on_one_machine_sees_at_its_path(
    database: duckdb.DuckDBPyConnection, event: str, path: tuple[str, ...]
) -> None:
    assume("-0" not in event)
    assert made_of(event, document.column_at(exp.column("tagged"), path), database) == text_at(event.encode(), path)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(originals)
def test_the_words_of_an_event_are_those_of_its_texts(database: duckdb.DuckDBPyConnection, event: str) -> None:
    found = made_of(event, document.texts_of(exp.column("event")), database)
    words = [word for text in found for word in text.split()]
    assert sorted(words) == sorted(Document(event).words.replace("\x00", " ").split())
