"""DuckDB with its S3 extension: a fresh connection, eight threads, metadata kept, partitions named in the question."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit

import duckdb
import duckdb_extension_httpfs

from tests.benchmarks.questions import (
    COLUMNS,
    COUNT,
    EVENT,
    GROUPS,
    MATCHES,
    MOST_COUNTED,
    Answer,
    Question,
    Source,
    counts_digest,
    digest,
)

THREADS = 8


def connect(source: Source, threads: int = THREADS) -> duckdb.DuckDBPyConnection:
    """A connection that can read the source and has not yet."""
    spill = str(Path(gettempdir()) / "trailkeep-bench-duckdb")
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "temp_directory": spill})
    extension = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
    connection.execute(f"LOAD '{extension}'")
    address = urlsplit(source.environment["AWS_ENDPOINT_URL"])
    settings = {
        "threads": threads,
        "s3_endpoint": address.netloc,
        "s3_use_ssl": False,
        "s3_url_style": "path",
        "s3_region": source.environment["AWS_DEFAULT_REGION"],
        "s3_access_key_id": source.environment["AWS_ACCESS_KEY_ID"],
        "s3_secret_access_key": source.environment["AWS_SECRET_ACCESS_KEY"],
        "enable_http_metadata_cache": True,
        "http_keep_alive": True,
        "parquet_metadata_cache": True,
        "preserve_insertion_order": False,
        "enable_progress_bar": False,
    }
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value!r}")
    return connection


def statement(source: Source, question: Question) -> tuple[str, list[str]]:
    """The question in SQL, with its parameters."""
    regions = [f"region={region}" for region in question.regions] or ["*"]
    files = ", ".join(f"'s3://{source.bucket}/events/{region}/*/*.parquet'" for region in regions)
    first, last = question.days
    conditions = [f"date BETWEEN '{first}' AND '{last}'"]
    conditions += [f"{COLUMNS[parameter]} = ?" for parameter in question.filters]
    if question.condition and question.kind != GROUPS:
        conditions.append(f"({question.condition})")
    events = (
        f"FROM read_parquet([{files}], hive_partitioning = true, hive_types_autocast = false)"
        f" WHERE {' AND '.join(conditions)}"
    )
    values = list(question.filters.values())
    if question.kind == COUNT:
        return f"SELECT source_ip_address, count(*) {events} GROUP BY ALL", values
    if question.kind == MATCHES:
        return f"SELECT count(*) {events}", values
    if question.kind == GROUPS:
        return f"SELECT {question.condition}, count(*) {events} GROUP BY ALL", values
    if question.kind == EVENT:
        return f"SELECT event {events}", values
    return f"SELECT event {events} ORDER BY event_time DESC, uid DESC LIMIT {question.limit}", values


def ask(source: Source, question: Question) -> Answer:
    """Ask it cold; only the question itself is timed."""
    connection = connect(source)
    text, values = statement(source, question)
    started = time.perf_counter()
    rows = connection.execute(text, values).fetchall()
    seconds = time.perf_counter() - started
    if question.kind in (COUNT, GROUPS):
        counts = {str(value): number for value, number in rows}
        return Answer(seconds, min(len(rows), MOST_COUNTED), counts_digest(counts))
    if question.kind == MATCHES:
        ((count,),) = rows
        return Answer(seconds, count, digest([str(count)]))
    return Answer(seconds, len(rows), digest(row[0] for row in rows))
