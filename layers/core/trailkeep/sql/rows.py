"""Rows of the lake → the rows that a statement reads: its columns, and what stands at its paths of the originals."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from trailkeep.schema import EVENTS as LAKE
from trailkeep.sql.columns import COLUMNS, DATASET, LOG
from trailkeep.sql.extraction import Extractor
from trailkeep.sql.statement import Statement

_TIME = "event_time"
_EVENT = "event"
_LOCAL = pa.timestamp("us")
"""Times in SQL are in UTC and have no zone of their own."""


def lake_columns(statement: Statement) -> list[str]:
    """The columns of :data:`trailkeep.schema.EVENTS` that rows for a statement must have, beside the place of each row.

    These are ``event_time``, ``region`` and ``dataset``, which rows of a search have anyway.
    """
    wanted = statement.columns | ({_EVENT} if statement.paths else set())
    return [name for name in LAKE.names if name in wanted and name != _TIME]


def rows_schema(statement: Statement) -> pa.Schema:
    """The columns that a statement reads; at least one, as rows without any cannot be counted."""
    return pa.schema(
        [(name, _type(name)) for name in _read(statement)] + [(name, pa.string()) for name in statement.paths]
    )


def rows_for(statement: Statement, found: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of a search with the columns of :func:`rows_schema`.

    Raises what ``found`` raises, and :class:`trailkeep.errors.ObjectUnreadable` for an original that is none.
    """
    schema, names = rows_schema(statement), _read(statement)
    extractor = Extractor(list(statement.paths.values())) if statement.paths else None
    for table in found:
        columns = [_without_zone(table.column(name)) for name in names]
        if extractor:
            columns += extractor.read(table.column(_EVENT))
        yield pa.table([column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)


def _read(statement: Statement) -> list[str]:
    tells_apart = {DATASET} if statement.tables - {LOG} else set()
    read = statement.columns | tells_apart
    return [name for name in COLUMNS if name in read] or [_TIME]


def _type(name: str) -> pa.DataType:
    kind = LAKE.field(name).type if name in LAKE.names else pa.string()
    return _LOCAL if pa.types.is_timestamp(kind) else kind


def _without_zone(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_timestamp(column.type):
        return column
    return pa.chunked_array([chunk.view(_LOCAL) for chunk in column.chunks], _LOCAL)
