"""A million rows in each format: all of them, in order, within a gigabyte of memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.benchmarks.events import LAST_DAY
from tests.benchmarks.work import LAKE
from tests.contract.stores import connected
from tests.faults.seaweed import SeaweedFS, why_not
from tests.functions.deployment import REPOSITORY
from tests.heavy.lake import DAYS, Contents, million_events
from trailkeep.lake.storage import Bucket

pytestmark = [pytest.mark.heavy, pytest.mark.seaweed, pytest.mark.timeout(3_600)]

EVENTS = int(os.environ.get("HEAVY_EVENTS", "1000800"))
"""More than a file takes."""
MOST_BYTES = 1 << 30

LOOKUP = {"startTime": "2026-06-01T00:00:00Z", "endTime": "2026-07-02T00:00:00Z"}


@pytest.fixture(scope="module")
def lake() -> Iterator[tuple[SeaweedFS, Contents]]:
    if reason := why_not():
        pytest.skip(reason)
    with million_events(EVENTS) as made:
        assert made[1].rows == EVENTS // DAYS * DAYS
        yield made


def allocators() -> dict[str, str]:
    """What the template says to the function that makes exports of how memory is to be had."""
    function = yaml_parse((REPOSITORY / "template.yaml").read_text())["Resources"]["RunJobFunction"]
    variables = function["Properties"]["Environment"]["Variables"]
    return {name: variables[name] for name in ("ARROW_DEFAULT_MEMORY_POOL", "MALLOC_ARENA_MAX")}


def exported(server: SeaweedFS, request: dict[str, Any]) -> dict[str, Any]:
    """What the process says that made the export."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.heavy.exporting", json.dumps(request)],
        cwd=REPOSITORY,
        env={
            **os.environ,
            **allocators(),
            **server.environment,
            "PYTHONPATH": f"{REPOSITORY / 'layers/core'}:{REPOSITORY}",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert told["result"] is not None
    return told


def download(key: str, file: dict[str, Any], target: Path) -> Path:
    """The file on disk, compared with what is said of it."""
    digest, size = sha256(), 0
    with Bucket(LAKE).open(key) as (_, chunks), target.open("wb") as out:
        for chunk in chunks:
            digest.update(chunk)
            size += out.write(chunk)
    assert (size, digest.hexdigest()) == (file["bytes"], file["sha256"])
    return target


def originals(path: Path, form: str) -> Iterator[str]:
    """The original events in a file, as a reader of its format finds them."""
    if form == "parquet":
        for batch in pq.ParquetFile(path).iter_batches(8_192, columns=["event"]):
            yield from batch.column("event").to_pylist()
        return
    with (
        gzip.open(path) if path.suffix == ".gz" else path.open("rb") as raw,
        io.TextIOWrapper(raw, "utf-8", newline="") as text,
    ):
        match form:
            case "csv":
                csv.field_size_limit(1 << 30)
                yield from (row["event"] for row in csv.DictReader(text, strict=True))
            case "ndjson":
                yield from (line.removesuffix("\n") for line in text)
            case _:
                assert next(text) == "[\n"
                yield from (line.removesuffix("\n").removesuffix(",") for line in text if line != "]\n")


@pytest.mark.parametrize(("form", "packed"), [("json", False), ("ndjson", True), ("csv", True), ("parquet", False)])
def test_a_million_rows_are_those_of_the_lake_and_take_less_than_a_gigabyte(
    lake: tuple[SeaweedFS, Contents], form: str, packed: bool, tmp_path: Path
) -> None:
    server, contents = lake

    told = exported(server, {"lookup": LOOKUP, "format": form, "gzip": packed})

    result = told["result"]
    assert (result["rows"], result["complete"], result["failures"]) == (contents.rows, True, [])
    rows, digest = 0, sha256()
    with connected(server.environment):
        for file in result["files"]:
            path = download(told["prefix"] + file["name"], file, tmp_path / file["name"])
            before = rows
            for text in originals(path, form):
                rows += 1
                digest.update(text.encode() + b"\n")
            assert rows - before == file["rows"]
            path.unlink()
    assert (rows, digest.hexdigest()) == (contents.rows, contents.digest)
    print(f"{form}: {told['peak'] >> 20} MB at the peak, {result['bytes'] >> 20} MB written")
    assert told["peak"] < MOST_BYTES


def test_the_days_of_the_lake_lie_in_the_window() -> None:
    assert LOOKUP["startTime"] < LAST_DAY.isoformat() < LOOKUP["endTime"]
