"""The tables that Athena sees, in DuckDB: the objects of a bucket in memory, with their partitions as columns."""

from __future__ import annotations

import io
from datetime import datetime
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tests.unit import trino
from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.athena.sources import sources_of
from trailkeep.athena.text import Asked, tree_for
from trailkeep.lake.partitions import EVENTS, INSIGHTS, parse_part
from trailkeep.lake.parts import Lake
from trailkeep.schema import EVENTS as LAKE
from trailkeep.search.language import parse_query
from trailkeep.search.matching import Matching
from trailkeep.sql.statement import parse_statement

DATABASE = "trailkeep"
_TIMES = ("event_time", "delivered_at")


class Tables:
    """A lake, and what Athena answers about it."""

    def __init__(self) -> None:
        self.bucket = MemoryBucket()
        self._connection = _connect()

    def ask(
        self, query: str = "*", *, limit: int = 100, as_of: datetime = NOW, **narrower: Any
    ) -> list[tuple[Any, ...]]:
        """The rows that the text for a query gives, over all there is but for what ``narrower`` says."""
        parsed = parse_query(query)
        statement = parse_statement(query, parsed.sql_at) if parsed.sql else None
        matching = Matching(
            **{
                "start": 0,
                "end": 4_000_000_000_000_000,
                "datasets": (EVENTS, INSIGHTS),
                "regions": (),
                "filters": (),
                "condition": parsed.condition,
                **narrower,
            }
        )
        asked = Asked(matching, sources_of(Lake(self.bucket), matching), as_of, limit)
        self._load()
        return self._connection.execute(trino.translated(tree_for(asked, DATABASE, statement))).fetchall()

    def _load(self) -> None:
        for dataset in (EVENTS, INSIGHTS):
            rows = [_rows(LAKE.empty_table(), "", "")]
            for key, (body, _) in self.bucket.objects.items():
                if (part := parse_part(key)) and part.partition.dataset == dataset:
                    rows.append(_rows(pq.read_table(io.BytesIO(body)), part.partition.region, part.partition.date))
            self._connection.register("loaded", pa.concat_tables(rows))
            self._connection.execute(f"CREATE OR REPLACE TABLE {DATABASE}.{dataset} AS SELECT * FROM loaded")
            self._connection.unregister("loaded")


@cache
def _connect() -> duckdb.DuckDBPyConnection:
    connection = trino.connect()
    connection.execute(f"CREATE SCHEMA {DATABASE}")
    return connection


def _rows(table: pa.Table, region: str, date: str) -> pa.Table:
    """The rows of an object as a table has them: times without a zone, and the partition beside."""
    table = table.select(LAKE.names).cast(LAKE)
    for name in _TIMES:
        table = table.set_column(LAKE.get_field_index(name), name, table.column(name).cast(pa.timestamp("us")))
    table = table.append_column("region", pa.repeat(pa.scalar(region), len(table)))
    return table.append_column("date", pa.repeat(pa.scalar(date), len(table)))
