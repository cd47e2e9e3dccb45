"""Engines of others read the lake as plain Hive partitions, without the index or a catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.unit.living_lake import MIDNIGHT, SECOND, LivingLake, make_record

Rows = list[tuple[bytes, str, str, str]]
"""Identity, region, date and original of each row."""


def by_duckdb(events: Path) -> Rows:
    glob = events / "**" / "*.parquet"
    query = f"select uid, region, date::varchar, event from read_parquet('{glob}', hive_partitioning=true)"
    return duckdb.sql(query).fetchall()


def by_polars(events: Path) -> Rows:
    frame = pl.scan_parquet(events / "**" / "*.parquet", hive_partitioning=True).collect()
    return frame.select("uid", "region", pl.col("date").cast(pl.String), "event").rows()


engines = pytest.mark.parametrize("read", [by_duckdb, by_polars])


@pytest.fixture
def lake() -> LivingLake:
    """Most events are compacted, some of them twice; some are not yet; what was replaced still stands."""
    lake = LivingLake()
    records = [make_record(number, MIDNIGHT + (number * 977 - 90_000) * SECOND) for number in range(1, 180)]
    for start in range(0, 150, 15):
        lake.deliver(records[start : start + 20])
    lake.compact()
    lake.deliver(records[140:])
    return lake


def stored(lake: LivingLake, folder: Path) -> Path:
    for key, (body, _) in lake.bucket.objects.items():
        if key.startswith("events/"):
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(body)
    return folder / "events"


def once(rows: Rows) -> Rows:
    return sorted({row[0]: row for row in rows}.values())


@engines
def test_rows_are_those_of_the_lake_once_each_identity_is_taken_once(
    lake: LivingLake, tmp_path: Path, read: Callable[[Path], Rows]
) -> None:
    before = read(stored(lake, tmp_path / "before"))
    assert len(before) > len(once(before)) == 179

    lake.compact()
    lake.wait(hours=2)
    lake.compact()  # what was replaced goes
    after = read(stored(lake, tmp_path / "after"))

    assert len(after) == 179
    assert sorted(after) == once(before)


@engines
def test_partitions_are_by_region_and_date_of_the_event(
    lake: LivingLake, tmp_path: Path, read: Callable[[Path], Rows]
) -> None:
    for _, region, date, event in read(stored(lake, tmp_path)):
        assert f'"acsRegion": "{region}"' in event
        assert f'"eventTime": "{date}T' in event
