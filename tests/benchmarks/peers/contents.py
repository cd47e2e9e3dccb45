"""How many rows a lake has, and how many events these are, as DuckDB finds without any of our code."""

from __future__ import annotations

from tests.benchmarks.peers.duckdb_reader import connect
from tests.benchmarks.questions import Source


def run(source: Source) -> dict[str, int]:
    """Counts over all partitions."""
    connection = connect(source)
    files = f"s3://{source.bucket}/events/*/*/*.parquet"
    counted = connection.execute(f"SELECT count(*), count(DISTINCT uid) FROM read_parquet('{files}')").fetchone()
    rows, distinct = counted or (0, 0)
    return {"rows": rows, "distinct": distinct}
