"""A few events for SQL to be asked about, and DuckDB in this process to ask: as the sandbox would, but sooner."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from trailkeep.schema import EVENTS as LAKE
from trailkeep.sql.results import json_rows, typed_rows
from trailkeep.sql.rows import rows_for, rows_schema
from trailkeep.sql.run import run_in, script_for
from trailkeep.sql.sandbox import Limits, Result, Sandbox
from trailkeep.sql.statement import Statement, parse_statement

EVENTS: Sequence[dict[str, Any]] = (
    {
        "eventId": "e-1",
        "eventName": "RunInstances",
        "eventTime": "2026-03-04T01:02:03Z",
        "eventRW": "Write",
        "serviceName": "Ecs",
        "resourceType": "ACS::ECS::Instance;ACS::ECS::SecurityGroup",
        "resourceName": "i-1;sg-1",
        "userIdentity": {"type": "ram-user", "principalId": "100", "userName": "alice", "accountId": "1"},
        "requestParameters": {"Amount": 2, "Price": 1.50},
    },
    {
        "eventId": "e-2",
        "eventName": "DescribeInstances",
        "eventTime": "2026-03-04T02:00:00Z",
        "eventRW": "Read",
        "serviceName": "Ecs",
        "userIdentity": {"type": "ram-user", "principalId": "100", "userName": "alice", "accountId": "1"},
        "errorCode": "NoPermission",
    },
    {
        "eventId": "e-3",
        "eventName": "SetPasswordPolicy",
        "eventTime": "2026-03-05T03:00:00Z",
        "eventRW": "Write",
        "serviceName": "Ram",
        "userIdentity": {"type": "root-account", "principalId": "1", "userName": "root", "accountId": "1"},
        "requestParameterJson": '{"MaxPasswordAge": 365, "HardExpiry": false}',
    },
)
"""The rows of :func:`found`, all of the dataset ``events`` but the last, which is an Insight."""


def found(events: Sequence[dict[str, Any]] = EVENTS, times: int = 1) -> pa.Table:
    """What a search finds: rows with all columns of the lake, and their places. ``times`` as many of each."""
    rows = [_row(event) for event in events] * times
    columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in LAKE]
    datasets = ["events"] * (len(rows) - 1) + ["insights"] if rows else []
    table = pa.Table.from_arrays(columns, names=LAKE.names)
    table = table.append_column("region", pa.array(["cn-hangzhou"] * len(rows), pa.string()))
    return table.append_column("dataset", pa.array(datasets, pa.string()))


def _row(event: dict[str, Any]) -> dict[str, Any]:
    who = event["userIdentity"]
    return {
        "uid": event["eventId"].encode().ljust(16),
        "event_time": datetime.fromisoformat(event["eventTime"]),
        "delivered_at": datetime(2026, 3, 6, tzinfo=UTC),
        "event_id": event["eventId"],
        "event_name": event["eventName"],
        "event_rw": event["eventRW"],
        "service_name": event["serviceName"],
        "account_id": who["accountId"],
        "user_name": who["userName"],
        "error_code": event.get("errorCode"),
        "resource_types": event.get("resourceType", "").split(";") if "resourceType" in event else [],
        "resource_names": event.get("resourceName", "").split(";") if "resourceName" in event else [],
        "mask_version": 1,
        "event": json.dumps(event),
    }


def run(statement: Statement, found: Iterable[pa.Table], limits: Limits) -> Result:
    """What a statement gives for the rows of a search, in a sandbox of its own."""
    with Sandbox(limits) as sandbox:
        return run_in(sandbox, statement, found)


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def answer(statement: Statement, rows: pa.Table | None = None) -> list[dict[str, Any]]:
    """What DuckDB gives for a statement, as JSON objects. Raises DuckDB's own errors."""
    connection = _duckdb().cursor()
    tables = list(rows_for(statement, [found() if rows is None else rows]))
    connection.register("found", pa.concat_tables(tables) if tables else rows_schema(statement).empty_table())
    script = script_for(statement)
    for view in script.relations:
        connection.execute(view.replace("CREATE VIEW", "CREATE OR REPLACE TEMP VIEW"))
    given = connection.sql(script.sql).to_arrow_table()
    return [json.loads(row) for row in json_rows(statement, typed_rows(statement, given))]


def ask(sql: str, rows: pa.Table | None = None) -> list[dict[str, Any]]:
    """The same for a text."""
    return answer(parse_statement(sql), rows)
