"""The peers' copy of a lake, in the layout that suits them best: a file a day, one row group, sorted by time, zstd.

DuckDB writes it, with the dictionaries, statistics and bloom filters that it finds worth while.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.peers.duckdb_reader import connect
from tests.benchmarks.questions import Source

ROW_GROUP_ROWS = 122_880


def run(source: Source, partitions: Sequence[str], target: str) -> int:
    """Copy partitions (`region=…/date=…`) that are compacted to the bucket ``target``; gives the rows."""
    connection = connect(source, 2)
    connection.execute("SET preserve_insertion_order = true")
    rows = 0
    for partition in partitions:
        found = connection.execute(
            f"COPY (SELECT * FROM"
            f" read_parquet('s3://{source.bucket}/events/{partition}/*.parquet', hive_partitioning = false)"
            f" ORDER BY event_time, uid) TO 's3://{target}/events/{partition}/events.parquet'"
            f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})"
        ).fetchone()
        rows += found[0] if found else 0
    return rows
