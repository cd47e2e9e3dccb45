"""pyarrow.dataset with Arrow's own S3 client: partitions pruned by its filter, row groups by their statistics.

For a page it is asked twice, as Polars is: at which time the page ends, then for the events up to there.
"""

from __future__ import annotations

import time
from datetime import UTC
from functools import reduce
from operator import and_
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow.fs import S3FileSystem

from tests.benchmarks.questions import (
    COLUMNS,
    COUNT,
    EVENT,
    MOST_COUNTED,
    Answer,
    Question,
    Source,
    counts_digest,
    digest,
)

THREADS = 8


def ask(source: Source, question: Question) -> Answer:
    """Ask it cold; only the question itself is timed."""
    pa.set_io_thread_count(THREADS * 4)
    environment = source.environment
    files = S3FileSystem(
        access_key=environment["AWS_ACCESS_KEY_ID"],
        secret_key=environment["AWS_SECRET_ACCESS_KEY"],
        region=environment["AWS_DEFAULT_REGION"],
        endpoint_override=urlsplit(environment["AWS_ENDPOINT_URL"]).netloc,
        scheme="http",
    )
    started = time.perf_counter()
    hive = ds.partitioning(pa.schema([("region", pa.string()), ("date", pa.string())]), flavor="hive")
    events = ds.dataset(f"{source.bucket}/events", format="parquet", filesystem=files, partitioning=hive)
    wanted = _condition(question)
    if question.kind == COUNT:
        counted = events.to_table(columns=["source_ip_address"], filter=wanted)["source_ip_address"].value_counts()
        seconds = time.perf_counter() - started
        counts = {row["values"]: row["counts"] for row in counted.to_pylist()}
        return Answer(seconds, min(len(counts), MOST_COUNTED), counts_digest(counts))
    if question.kind == EVENT:
        texts = events.to_table(columns=["event"], filter=wanted)["event"].to_pylist()
    else:
        texts = _page(events, wanted, question.limit)
    return Answer(time.perf_counter() - started, len(texts), digest(texts))


def _condition(question: Question) -> Any:
    day = pc.field("date")
    parts = [day >= question.days[0], day <= question.days[1]]
    if question.regions:
        parts.append(pc.field("region").isin(list(question.regions)))
    parts += [pc.field(COLUMNS[parameter]) == value for parameter, value in question.filters.items()]
    return reduce(and_, parts)


def _page(events: Any, wanted: Any, limit: int) -> list[str]:
    times = events.to_table(columns=["event_time"], filter=wanted)["event_time"]
    if not len(times):
        return []
    newest = pc.select_k_unstable(times.combine_chunks(), limit, [("event_time", "descending")])
    edge = times.take(newest[-1:])[0].as_py()
    later = (pc.field("event_time") >= edge) & (pc.field("date") >= f"{edge.astimezone(UTC):%Y-%m-%d}")
    found = events.to_table(columns=["event_time", "uid", "event"], filter=wanted & later)
    uids = pa.chunked_array([chunk.cast(pa.binary()) for chunk in found["uid"].chunks], pa.binary())
    found = found.set_column(1, "uid", uids)
    ordered = found.sort_by([("event_time", "descending"), ("uid", "descending")])
    texts: list[str] = ordered["event"].slice(0, limit).to_pylist()
    return texts
