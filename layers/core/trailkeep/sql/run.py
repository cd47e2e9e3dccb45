"""Running a statement over rows of the lake."""

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.sql.columns import LOG
from trailkeep.sql.dialects import ForDuckDB
from trailkeep.sql.results import typed_rows
from trailkeep.sql.rows import rows_for, rows_schema
from trailkeep.sql.sandbox import Result, Sandbox, Script
from trailkeep.sql.statement import Statement

_VIEWS = {
    LOG: "CREATE VIEW log AS SELECT * FROM found",
    EVENTS: "CREATE VIEW events AS SELECT * FROM found WHERE dataset = 'events'",
    INSIGHTS: "CREATE VIEW insights AS SELECT * FROM found WHERE dataset = 'insights'",
}


def run_in(sandbox: Sandbox, statement: Statement, found: Iterable[pa.Table]) -> Result:
    """What a statement gives for the rows of a search, in a sandbox that was started before.

    ``found`` are tables with the columns of :func:`trailkeep.sql.rows.lake_columns`, and ``event_time``, ``region`` and
    ``dataset``; they are read as they are needed, once, and not to the end where that is not needed. The rows have the
    columns of ``statement.outputs``. Raises what :meth:`Sandbox.run` raises.
    """
    return run_rows(sandbox, statement, rows_for(statement, found))


def run_rows(sandbox: Sandbox, statement: Statement, rows: Iterable[pa.Table]) -> Result:
    """As :func:`run_in`, for rows that :func:`trailkeep.sql.rows.rows_for` made before."""
    script = script_for(statement)
    result = sandbox.run(script, rows_schema(statement), rows) if statement.tables else sandbox.run(script)
    return replace(result, rows=typed_rows(statement, result.rows))


def script_for(statement: Statement) -> Script:
    """What DuckDB is to do for a statement, where its rows are ``found``."""
    views = [_VIEWS[table] for table in sorted(statement.tables)]
    return Script(statement.tree.sql(dialect=ForDuckDB), views, is_stream=statement.reads <= 1)
