"""Rows that SQL gives, whichever engine found them: their types, and the JSON that they are answered in.

Numbers, texts, true and false are what JSON has for them, and a bigint beyond 2^53 is still a whole number. A double
that is not a number, or infinite, is null. Timestamps are RFC 3339 in UTC, dates ``2026-01-02``, arrays lists, and JSON
is the text that it is.
"""

from collections.abc import Callable
from datetime import UTC
from types import MappingProxyType
from typing import Any

import msgspec
import pyarrow as pa

from trailkeep.events.timestamps import format_time
from trailkeep.sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, TIMESTAMP, Kind
from trailkeep.sql.statement import Statement

_TYPES = MappingProxyType(
    {
        BOOLEAN: pa.bool_(),
        BIGINT: pa.int64(),
        DOUBLE: pa.float64(),
        TIMESTAMP: pa.timestamp("us"),
        DATE: pa.date32(),
    }
)
"""Kinds whose values have another type than text."""


def columns_of(statement: Statement) -> list[dict[str, str]]:
    """Names and kinds of the columns that a statement selects. Each name is there once."""
    return [{"name": name, "type": str(kind)} for name, kind in statement.outputs]


def type_of(kind: Kind) -> pa.DataType:
    """The type of a column of results."""
    return pa.list_(type_of(kind.element)) if kind.element else _TYPES.get(kind, pa.string())


def typed_rows(statement: Statement, rows: pa.Table) -> pa.Table:
    """Rows with the names and types of what a statement selects: an engine may count in fewer bits."""
    schema = pa.schema([(name, type_of(kind)) for name, kind in statement.outputs])
    columns = [column.cast(field.type) for column, field in zip(rows.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def json_rows(statement: Statement, rows: pa.Table) -> list[bytes]:
    """Each row as a JSON object."""
    names = [name for name, _ in statement.outputs]
    columns = [_values(column, kind) for column, (_, kind) in zip(rows.columns, statement.outputs, strict=True)]
    return [msgspec.json.encode(dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray, kind: Kind) -> list[Any]:
    convert = _conversion(kind)
    values: list[Any] = column.to_pylist()
    return values if convert is None else list(map(convert, values))


def _conversion(kind: Kind) -> Callable[[Any], Any] | None:
    """What is to be done with values before JSON has them; None for nothing."""
    if kind == TIMESTAMP:
        return lambda moment: moment and format_time(moment.replace(tzinfo=UTC))
    element = _conversion(kind.element) if kind.element else None
    return element and (lambda values: values and list(map(element, values)))
