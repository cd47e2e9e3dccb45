"""What exported events have: the lake's columns, with where each stood in the lake; or those of an operator's log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
import pyarrow as pa

from trailkeep.exports.json_file import Texts, objects, originals
from trailkeep.lookup.operator_view import OperatorRow, operator_row
from trailkeep.schema import EVENTS
from trailkeep.sql.results import json_rows, type_of
from trailkeep.sql.statement import Statement


def _placed(name: str, meaning: str) -> pa.Field:
    return pa.field(name, pa.string(), nullable=False, metadata={"description": meaning})


WHOLE = pa.schema(
    [
        _placed("region", "the region that it is kept under"),
        _placed("dataset", "events, or insights for what Trailkeep found"),
        *EVENTS,
    ]
)
"""In the lake ``region`` and ``dataset`` are in the path, which a file that was downloaded has no more."""

_TIME = EVENTS.field("event_time").type
_OPERATOR_NAMES = [field.encode_name for field in msgspec.structs.fields(OperatorRow)]

OPERATOR_LOG = pa.schema([(name, _TIME if name == "time" else pa.string()) for name in _OPERATOR_NAMES])
"""The columns of an operator's log, by the names that they have in JSON."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How events become rows: ``columns`` of the lake are read, ``made`` makes a table of ``schema`` of theirs."""

    schema: pa.Schema
    columns: Sequence[str]
    made: Callable[[pa.Table], pa.Table]
    texts: Texts


def shape_of(form: str, view: str | None) -> Shape:
    """The rows of a format: in JSON the originals, else all columns; of the operator's view its columns in each."""
    if view:
        return Shape(OPERATOR_LOG, ("event",), _operator_log, objects)
    if form in ("json", "ndjson"):
        return Shape(pa.schema([EVENTS.field("event")]), ("event",), lambda table: table.select(["event"]), originals)
    return Shape(WHOLE, EVENTS.names, lambda table: table.select(WHOLE.names).cast(WHOLE), originals)


def shape_of_statement(statement: Statement) -> Shape:
    """Rows of SQL, with its columns; their times, which are in UTC and do not say so, say it here."""
    schema = pa.schema([(name, _in_utc(type_of(kind))) for name, kind in statement.outputs])

    def made(rows: pa.Table) -> pa.Table:
        columns = [column.cast(field.type) for column, field in zip(rows.columns, schema, strict=True)]
        return pa.Table.from_arrays(columns, schema=schema)

    return Shape(schema, (), made, partial(json_rows, statement))


def _in_utc(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.list_(_in_utc(kind.value_type))
    return pa.timestamp("us", tz="UTC") if pa.types.is_timestamp(kind) else kind


def _operator_log(table: pa.Table) -> pa.Table:
    times = table.column("event_time").cast(pa.int64()).to_pylist()
    rows = list(map(operator_row, times, table.column("event").to_pylist()))
    said = [[getattr(row, name) for row in rows] for name in OperatorRow.__struct_fields__ if name != "time"]
    columns = [table.column("event_time"), *(pa.array(values, pa.string()) for values in said)]
    return pa.Table.from_arrays(columns, schema=OPERATOR_LOG)
