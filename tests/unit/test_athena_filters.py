"""Lookup's filters in Trino's SQL let the same rows through. The SQL runs on DuckDB: tests/unit/trino.py says how."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from tests.unit import trino
from tests.unit.search_conditions import LISTS, TEXTS, columns
from trailkeep.athena.filters import lets_through
from trailkeep.errors import InvalidParameter
from trailkeep.lookup.filters import FILTERS, INSIGHT_FILTERS, SENSITIVE, make_filter
from trailkeep.lookup.sensitive import GROUPS

KNOWN = {**FILTERS, **INSIGHT_FILTERS, SENSITIVE: ()}
SERVICES = sorted({service for group in GROUPS for service in group.operations})
NAMES = sorted({name for group in GROUPS for names in group.operations.values() for name in names})
USERS = ["root", "alice", *sorted({user for group in GROUPS for user in group.users})]

operations: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "event_name": st.sampled_from(NAMES),
        "service_name": st.none() | st.sampled_from(SERVICES),
        "event_source": st.none() | st.sampled_from(SERVICES),
        "user_name": st.none() | st.sampled_from(USERS),
    }
)
rows = st.lists(st.builds(lambda row, operation: row | operation, columns, st.just({}) | operations), max_size=6)


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    return trino.connect()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(KNOWN)), st.booleans(), st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3), rows)
@example(SENSITIVE, False, ["true"], [{"event_name": "StopLogging", "service_name": "Actiontrail"}])
@example(SENSITIVE, True, ["false", "true"], [{"event_name": "StopLogging"}])
def test_a_filter_lets_the_same_rows_through(
    database: duckdb.DuckDBPyConnection, parameter: str, excludes: bool, values: list[str], found: list[dict[str, Any]]
) -> None:
    values = ["Read"] if parameter == "eventRW" else values
    if parameter == SENSITIVE:
        values = [("false", "true")[len(value) % 2] for value in values]
    try:
        wanted = make_filter(parameter + "!" * excludes, tuple(values), KNOWN)
    except InvalidParameter:
        return
    schema = pa.schema([(name, pa.list_(pa.string()) if name in LISTS else pa.string()) for name in wanted.columns])
    table = pa.Table.from_pylist([{name: row.get(name) for name in wanted.columns} for row in found], schema)
    database.register("found", table)
    query = exp.select(exp.alias_(lets_through(wanted), "holds")).from_("found")
    holds = [each for (each,) in database.execute(trino.translated(query)).fetchall()]
    assert holds == wanted.holds(table).to_pylist()
