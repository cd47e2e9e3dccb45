"""Delivery beside DuckDB at the same job and at less, on one core; bytes per event; and memory for a large object.

Nobody speaks to a store here: both sides read local objects and write into memory or a local folder. What counts is the
processor's time, so that others on the machine do not.
"""

from __future__ import annotations

import gc
import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.benchmarks import peer
from tests.benchmarks.events import HOME, SECRET, arrays, day_events, days_of
from tests.benchmarks.memory import peak_bytes
from tests.benchmarks.options import Options
from tests.benchmarks.questions import Source
from tests.benchmarks.rows import Row, at_least, at_most
from tests.benchmarks.sizes import DAY_EVENTS, LEVEL, size_rows, some_events
from tests.faults.seaweed import SeaweedFS
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.delivery import Delivery
from trailkeep.events.regions import RegionRules
from trailkeep.lake.storage import Bucket

OBJECT_EVENTS = 5_000
MEMORY_LIMIT = 400
_CORE = 0
_NOWHERE = Source("", {})


def measure(options: Options) -> list[Row]:
    """The rows of delivery: speed, size and memory."""
    folder = options.folder / "delivery"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    events = options.delivered_events
    for number, text in enumerate(arrays(some_events(events), OBJECT_EVENTS)):
        (folder / f"{number:03d}.json.gz").write_bytes(gzip.compress(text, LEVEL, mtime=0))
    ours = [_child("speed", str(folder)) for _ in range(options.runs)]
    if any(run["rows"] != events or run["bare"] for run in ours):
        raise RuntimeError(f"{events} events should be delivered, and masked: {ours}")
    speed = median(run["rows"] / run["seconds"] for run in ours)
    rows = [
        at_least(f"delivery, {what}", speed, "events/core-s", peer=name, peer_value=value, ratio_limit=limit)
        for what, job, limit in (("DuckDB at the same job", "same", 2.0), ("DuckDB at less", "less", 1.0))
        for name, value in [_duckdb(job, folder, events, options.runs)]
    ]
    lake = ours[0]["bytes"] / events
    rows += size_rows(f"delivered in objects of {OBJECT_EVENTS:,}", lake, options.delivered_events)
    shutil.rmtree(folder)
    return [*rows, _large(options)]


def _duckdb(job: str, folder: Path, events: int, runs: int) -> tuple[str, float]:
    """The faster of the two versions of DuckDB that are installed, and its events a second of one core."""
    found: dict[str, list[float]] = {}
    arguments = {"folder": str(folder), "target": str(folder / "duckdb"), "job": job, "core": _CORE}
    for python in (peer.PYTHON, Path(sys.executable)):
        for _ in range(runs):
            done = peer.run("writing", _NOWHERE, arguments, python)
            if done["rows"] != events or done["bare"]:
                raise RuntimeError(f"{events} events should be written, and masked: {done}")
            found.setdefault(f"DuckDB {done['version']}", []).append(events / done["seconds"])
    return max(((name, median(speeds)) for name, speeds in found.items()), key=lambda item: item[1])


def _large(options: Options) -> Row:
    """The most memory that delivering one large object to a real store takes."""
    path = options.folder / f"large-{options.large_megabytes}.json.gz"
    if not path.exists():
        _write_large(path, options.large_megabytes << 20)
    with SeaweedFS() as server:
        client = server.client()
        for bucket in ("bench-landing", "bench-lake"):
            client.create_bucket(Bucket=bucket)
        client.upload_file(str(path), "bench-landing", "large.json.gz")
        done = _child("memory", "large.json.gz", **server.environment)
    told = f"{done['rows']:,} events, {done['seconds']:.0f} s"
    name = f"delivery, memory for a gzip of {options.large_megabytes} MB ({told})"
    return at_most(name, done["peak"] / 1e6, "MB", MEMORY_LIMIT)


def _write_large(path: Path, size: int) -> None:
    """One array in one gzip of about ``size`` bytes."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=LEVEL, mtime=0) as packed:
        separator = b"["
        for events in _thousands():
            packed.write(separator + b",".join(events))
            separator = b","
            if raw.tell() >= size:
                break
        packed.write(b"]")
    partial.rename(path)


def _thousands() -> Iterator[list[bytes]]:
    """Events by the thousand, for ten years."""
    for day in days_of(3_650):
        events = day_events(day, DAY_EVENTS, 3_650)
        for start in range(0, len(events), 1_000):
            yield events[start : start + 1_000]


def _child(job: str, argument: str, **environment: str) -> Any:
    """Deliver in a process of its own, as a function does."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.delivery", job, argument],
        stdout=subprocess.PIPE,
        text=True,
        cwd=peer.ROOT,
        env={**os.environ, **environment, "PYTHONPATH": f"{peer.ROOT / 'layers/core'}:{peer.ROOT}"},
        check=True,
    )
    return json.loads(done.stdout)


def _speed(folder: Path) -> dict[str, Any]:
    """All objects of a folder, from memory to memory, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {_CORE})
    now = datetime.now(UTC)
    landing, lake = MemoryBucket("bench-landing", now), MemoryBucket("bench-lake", now)
    for path in sorted(folder.glob("*.gz")):
        landing.put(path.name, path.read_bytes())
    delivery = Delivery(landing, lake, RegionRules(HOME, HOME))
    started = time.process_time()
    commits = [delivery.deliver(key, now) for key in sorted(landing.objects)]
    seconds = time.process_time() - started
    rows = sum(commit.rows_out for commit in commits if commit)
    parts = {key: body for key, (body, _) in lake.objects.items() if key.startswith("events/")}
    return {
        "rows": rows,
        "seconds": seconds,
        "bytes": sum(map(len, parts.values())),
        "bare": sum(_holds_secret(body) for body in parts.values()),
    }


def _holds_secret(part: bytes) -> bool:
    events = pq.read_table(pa.BufferReader(part), columns=["event"])["event"]
    return bool(pc.any(pc.match_substring(events, SECRET.decode())).as_py())


def _memory(key: str) -> dict[str, Any]:

    started = time.perf_counter()
    delivery = Delivery(Bucket("bench-landing"), Bucket("bench-lake"), RegionRules(HOME, HOME))
    commit = delivery.deliver(key, datetime.now(UTC))
    rows = commit.rows_out if commit else 0
    return {"rows": rows, "seconds": time.perf_counter() - started, "peak": peak_bytes()}


if __name__ == "__main__":
    gc.set_threshold(200_000, 20, 20)  # as the deliver function does
    print(json.dumps(_speed(Path(sys.argv[2])) if sys.argv[1] == "speed" else _memory(sys.argv[2])))
