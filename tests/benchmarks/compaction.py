"""Compaction of many small objects: how many are left of a partition, memory, time, and whether it can be resumed.

Log objects of five events (median) are delivered over many days. Then one process compacts every partition, is killed
in the middle, and another one begins at the first partition again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from typing import Any

from tests.benchmarks import freshness, peer
from tests.benchmarks.events import HOME, days_of
from tests.benchmarks.options import Options
from tests.benchmarks.questions import Source
from tests.benchmarks.rows import Row, at_most
from tests.benchmarks.small import SmallDay, deliver_small
from tests.benchmarks.work import LAKE, compact_partition, workers
from tests.faults.seaweed import SeaweedFS

MOST_OBJECTS = 3
"""A few: what may be left of a partition."""


def measure(options: Options) -> list[Row]:
    """The rows of compaction."""
    each = max(1, options.small_objects // options.small_days)
    days = [SmallDay(day, each) for day in days_of(options.small_days)]
    with SeaweedFS() as server:
        client = server.client()
        client.create_bucket(Bucket=LAKE)
        started = time.perf_counter()
        with workers(server.environment) as pool:
            events = sum(pool.map(deliver_small, days))
        delivering = time.perf_counter() - started
        partial, _ = _compact(server, days, stop_behind=len(days) // 3)
        seconds, peak = _compact(server, days)
        left = _objects(client)
        found = peer.run("contents", Source(LAKE, server.environment), {})
        fresh = freshness.measure(server)
    what = f"compaction of {each * len(days):,} objects, {len(days)} days"
    wrong = abs(found["rows"] - events) + found["rows"] - found["distinct"]
    return [
        Row(f"{what}, delivered before in", delivering, "s"),
        at_most(f"{what}, most objects left of a day", max(left.values()), "objects", MOST_OBJECTS),
        Row(f"{what}, killed and resumed, time", partial + seconds, "s"),
        Row(f"{what}, most memory", peak / 1e6, "MB"),
        at_most(f"{what}, events lost or twice after a kill", wrong, "events", 0),
        *fresh,
    ]


def _compact(server: SeaweedFS, days: list[SmallDay], stop_behind: int | None = None) -> tuple[float, int]:
    """Compact day after day in a process, killed behind ``stop_behind`` days; gives seconds, and the memory it held."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.compaction"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=peer.ROOT,
        env={**os.environ, **server.environment, "PYTHONPATH": f"{peer.ROOT / 'layers/core'}:{peer.ROOT}"},
    )
    assert process.stdin
    assert process.stdout
    started = time.perf_counter()
    process.stdin.write(json.dumps([small.day.isoformat() for small in days]))
    process.stdin.close()
    peak = done = 0
    for line in process.stdout:
        peak, done = int(line), done + 1
        if done == stop_behind:
            time.sleep(0.05)  # in the middle of the next one
            process.kill()
    if process.wait() and stop_behind is None:
        raise RuntimeError("compaction ended early")
    return time.perf_counter() - started, peak


def _objects(client: Any) -> Counter[str]:
    """The number of objects in each partition."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=LAKE, Prefix="events/")
    return Counter(item["Key"].rpartition("/")[0] for page in pages for item in page.get("Contents", []))


if __name__ == "__main__":
    for text in json.loads(sys.stdin.read()):
        print(compact_partition((HOME, date.fromisoformat(text))), flush=True)
