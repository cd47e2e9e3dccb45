"""SQL over what a search finds, in as many steps as that takes: rows are kept as they are found, and asked at last."""

from datetime import datetime

import msgspec
import pyarrow as pa

from trailkeep.errors import ObjectNotFound
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import Progress, Unfinished
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup.cursor import Position
from trailkeep.search.advance import Place, as_place, last_of, part_done, position_at
from trailkeep.search.matching import Matching
from trailkeep.search.spool import FILE_BYTES, SpoolFile, spool, spooled
from trailkeep.search.stream import Stream
from trailkeep.sql.rows import lake_columns, rows_for
from trailkeep.sql.run import run_rows
from trailkeep.sql.sandbox import Limits, Result, Sandbox
from trailkeep.sql.statement import Statement

FINDING = 0.9
"""The part of the work that finding the rows is."""

_MOST_FAILURES = 1000


class _Found(msgspec.Struct):
    """A checkpoint: the rows that are kept, and the event behind which the next step goes on, None where all are."""

    files: list[SpoolFile] = []
    behind: Place | None = None
    is_whole: bool = False
    failures: list[dict[str, str]] = []
    partitions: list[str] = []
    objects: int = 0
    bytes: int = 0

    def reading(self) -> Reading:
        return Reading(self.objects, self.bytes, partitions=set(self.partitions), failures=list(self.failures))


def select_in_steps(
    job: Job,
    progress: Progress,
    lake: Lake,
    statement: Statement,
    matching: Matching,
    as_of: datetime,
    now: datetime,
    limits: Limits,
) -> tuple[Result, Reading]:
    """What a statement gives for the events that match, and what was read for it in all steps.

    The rows stay under the job's results until :func:`trailkeep.search.spool.clear_spool`: to be called once what
    becomes of them is stored.
    Raises what :class:`Progress` does, :class:`Unfinished`, :class:`QueryFailed`, and the errors of storage.
    """
    found = msgspec.convert(job.checkpoint or {}, _Found)
    if not found.is_whole:
        _find(job, progress, lake, statement, matching, as_of, now, found)
    try:
        with Sandbox(limits) as sandbox:
            result = run_rows(sandbox, statement, spooled(lake.bucket, job.results, found.files))
    except ObjectNotFound:  # cleared by a worker that came to the end, but not further
        raise Unfinished({}) from None
    return result, found.reading()


def _find(
    job: Job,
    progress: Progress,
    lake: Lake,
    statement: Statement,
    matching: Matching,
    as_of: datetime,
    now: datetime,
    found: _Found,
) -> None:
    """Find the rows and keep of them what the SQL reads; raises :class:`Unfinished` where another step has to go on."""
    behind = position_at(found.behind)
    reading = found.reading()
    waiting: list[pa.Table] = []

    def out_of_time() -> bool:
        progress.report(bytes=reading.bytes)
        return progress.out_of_time()

    def keep(last: Position | None) -> None:
        if waiting:
            found.files.append(spool(lake.bucket, job.results, len(found.files) + 1, waiting))
            waiting.clear()
        found.behind = as_place(last) if last else None
        found.is_whole = last is None
        found.objects, found.bytes = reading.objects, reading.bytes
        found.partitions, found.failures = sorted(reading.partitions), reading.failures[:_MOST_FAILURES]
        progress.report(
            rows=sum(file.rows for file in found.files),
            bytes=found.bytes,
            fraction=FINDING * (part_done(matching, last.time) if last else 1.0),
            checkpoint=msgspec.to_builtins(found),
        )

    columns = lake_columns(statement)
    with Stream(lake, matching, as_of, behind, columns, reading, out_of_time, now=now) as rows:
        for table in rows:
            waiting += rows_for(statement, [table])
            if sum(each.nbytes for each in waiting) >= FILE_BYTES:
                keep(last_of(table))
        keep(rows.stopped_at)
    if not found.is_whole:
        raise Unfinished
