"""A small `make bench`: that it measures everything and that all answers agree. No time is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.options import SECTIONS
from tests.benchmarks.peer import PYTHON, ROOT
from tests.faults.seaweed import why_not

pytestmark = [pytest.mark.thorough, pytest.mark.bench, pytest.mark.seaweed, pytest.mark.timeout(900)]

FIELDS = ["name", "value", "unit", "peer", "peer_value", "ratio", "budget", "met"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the results of a run of all sections."""
    if reason := why_not() or ("" if PYTHON.exists() else "make bench installs the peers"):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("bench")
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'layers/core'}:{ROOT}",
            "BENCH_QUICK": "1",
            "BENCH_DAYS": "4",
            "BENCH_EVENTS_PER_DAY": "1500",
            "BENCH_SMALL_OBJECTS": "40",
            "BENCH_FOLDER": str(folder),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return folder


@pytest.fixture(scope="module")
def rows(measured: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((measured / "benchmarks.json").read_text())
    return found


def test_rows_have_the_fields_that_readers_of_the_json_rely_on(rows: list[dict[str, Any]]) -> None:
    assert rows
    for row in rows:
        assert list(row) == FIELDS
        assert isinstance(row["name"], str)
        assert row["value"] is None or isinstance(row["value"], int | float)
        assert row["met"] in (True, False, None)
        if row["peer_value"]:
            assert row["ratio"] == pytest.approx(row["value"] / row["peer_value"])
        if row["value"] is None or not row["budget"]:
            assert row["met"] is None


def test_names_of_rows_are_unique(rows: list[dict[str, Any]]) -> None:
    names = [(row["name"], row["peer"]) for row in rows]
    assert len(names) == len(set(names))


def test_every_answer_equals_the_one_of_duckdb(rows: list[dict[str, Any]]) -> None:
    equal = [row for row in rows if row["name"].startswith("answers equal")]
    assert len(equal) == 3
    assert all(row["met"] for row in equal)


def test_polars_and_pyarrow_find_what_duckdb_finds(measured: Path) -> None:
    found = json.loads((measured / "results" / "read.json").read_text())["measurements"]
    assert {one["engine"] for one in found} == {"Trailkeep", "DuckDB", "Polars", "pyarrow.dataset"}
    disagreeing = [(one["question"], one["engine"], one["failure"]) for one in found if not one["agrees"]]
    assert not disagreeing


def test_nothing_is_lost_or_twice_when_compaction_is_killed(rows: list[dict[str, Any]]) -> None:
    (row,) = [row for row in rows if "events lost or twice" in row["name"]]
    assert row["value"] == 0


def test_the_page_tells_of_every_section(measured: Path) -> None:
    page = (measured / "benchmarks.md").read_text()
    assert all(f"**{name}**" in page for name in SECTIONS)
