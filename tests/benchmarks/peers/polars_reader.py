"""Polars: a lazy scan of the partitions that the question names.

For a page it is asked twice: at which time the page ends, then for the events up to there. Asked at once, it would
fetch the originals of every day before it sorts.
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import reduce

import polars as pl

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


def scan(source: Source, question: Question) -> pl.LazyFrame:
    """The events that the question's filters let through."""
    regions = [f"region={region}" for region in question.regions] or ["*"]
    environment = source.environment
    options = {
        "aws_endpoint_url": environment["AWS_ENDPOINT_URL"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "aws_region": environment["AWS_DEFAULT_REGION"],
        "aws_allow_http": "true",
    }
    files = [f"s3://{source.bucket}/events/{region}/*/*.parquet" for region in regions]
    frame = pl.scan_parquet(files, hive_partitioning=True, try_parse_hive_dates=False, storage_options=options)
    conditions = [pl.col("date").is_between(pl.lit(question.days[0]), pl.lit(question.days[1]))]
    conditions += [pl.col(COLUMNS[parameter]) == value for parameter, value in question.filters.items()]
    return frame.filter(reduce(pl.Expr.and_, conditions))


def ask(source: Source, question: Question) -> Answer:
    """Ask it cold; only the question itself is timed."""
    started = time.perf_counter()
    frame = scan(source, question)
    if question.kind == COUNT:
        counted = frame.group_by("source_ip_address").len().collect()
        seconds = time.perf_counter() - started
        return Answer(seconds, min(counted.height, MOST_COUNTED), counts_digest(dict(counted.iter_rows())))
    if question.kind == EVENT:
        texts = frame.select("event").collect()["event"].to_list()
    else:
        newest = frame.select("event_time").top_k(question.limit, by="event_time").collect()["event_time"]
        texts = []
        if len(newest):
            edge: datetime = newest.sort()[0]
            page = frame.filter(pl.col("event_time") >= edge, pl.col("date") >= f"{edge:%Y-%m-%d}")
            order = ("event_time", "uid")
            found = page.select("event_time", "uid", "event").collect().sort(order, descending=True)
            texts = found["event"].head(question.limit).to_list()
    return Answer(time.perf_counter() - started, len(texts), digest(texts))
