"""One export in a process of its own: ``python -m tests.heavy.exporting <request as JSON>``, with how much it held."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks.memory import peak_bytes
from tests.benchmarks.work import LAKE
from trailkeep.access.principal import Principal
from trailkeep.exports.export import Selected, run_export
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import Progress, run
from trailkeep.jobs.store import JobStore
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket


def main() -> None:
    """Export what is asked for, step by step; prints the prefix of the files, the result, and the peak of memory."""

    def clock() -> datetime:
        return datetime.now(UTC)

    bucket = Bucket(LAKE)
    lake, store = Lake(bucket), JobStore(bucket)
    who = Principal("heavy", "heavy", frozenset({"download"}))

    def work(job: Job, progress: Progress) -> dict[str, Any]:
        return run_export(job, progress, lake, clock(), select=_no_sql)

    def unexpected(error: Exception) -> None:
        raise error

    job = store.create("export", json.loads(sys.argv[1]), who, "download", clock())
    while not job.has_ended:
        job = run(store, job.id, {"export": work}, clock, unexpected=unexpected)
    print(json.dumps({"prefix": job.results, "result": job.result, "peak": peak_bytes()}))


def _no_sql(*_: Any) -> Selected:
    raise AssertionError("what is exported here are events")


if __name__ == "__main__":
    main()
