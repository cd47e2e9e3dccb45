"""The work on an export: rows become files, each stored before a checkpoint names it, and then a manifest."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from trailkeep.events.timestamps import to_micros
from trailkeep.exports.columns import Shape, shape_of, shape_of_statement
from trailkeep.exports.course import Course
from trailkeep.exports.files import Files, StoredFile
from trailkeep.exports.manifest import about, outcome, write_manifest
from trailkeep.exports.request import Export, parse_export
from trailkeep.exports.upload import KeyTaken
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import Progress, Unfinished
from trailkeep.lake.parts import Lake
from trailkeep.lookup.page import visible_before
from trailkeep.search.advance import last_of, part_done
from trailkeep.search.matching import Matching, narrowed
from trailkeep.search.spool import clear_spool
from trailkeep.search.stream import Stream
from trailkeep.sql.statement import Statement


@dataclass(frozen=True, slots=True)
class Selected:
    """What the SQL of a query gives: rows with the columns of :func:`trailkeep.sql.results.typed_rows`.

    ``is_truncated`` where there would be more than it may give; ``failures`` are objects that could not be read, as
    ``{"object", "reason"}``.
    """

    rows: pa.Table
    is_truncated: bool
    failures: Sequence[dict[str, str]]


Select = Callable[[Job, Progress, Lake, Statement, Matching, datetime, datetime], Selected]
"""Runs the SQL of an export over what matches, of what was delivered before a moment; the last argument is the clock's.

It may take several steps, with checkpoints of its own, and leave rows spooled until the export is stored.
"""


def run_export(job: Job, progress: Progress, lake: Lake, now: datetime, *, select: Select) -> dict[str, Any]:
    """Work on an export for a step; gives the job's result once all of it is stored.

    Its rows are those that were there when it was asked for, whenever it is worked on. Raises what
    :class:`Progress` does, :class:`Unfinished`, and the errors of storage.
    """
    export = parse_export(job.request, job.created_at)
    as_of = visible_before(to_micros(job.created_at))
    matching = narrowed(export.matching, job.principal)
    if export.statement is None:
        return _export_events(job, progress, lake, now, export, matching, as_of)
    selected = select(job, progress, lake, export.statement, matching, as_of, now)
    shape = shape_of_statement(export.statement)
    stored = _store_rows(job, progress, lake, export, shape, selected.rows)
    failures = {each["object"]: each for each in selected.failures}
    result = outcome(stored, list(failures.values()), len(failures), is_truncated=selected.is_truncated)
    complete = _with_manifest(result, job, lake, export, shape, as_of)
    clear_spool(lake.bucket, job.results)
    return complete


def _export_events(
    job: Job, progress: Progress, lake: Lake, now: datetime, export: Export, matching: Matching, as_of: datetime
) -> dict[str, Any]:
    """Whole events, or what a view shows of each: from step to step, file by file."""
    course = Course(job, progress)
    shape = shape_of(export.format.name, export.view)
    saved = course.saved
    try:
        with Files(lake.bucket, job.results, export.format, shape, saved.files, saved.copy) as files:
            _write_events(course, files, lake, matching, as_of, now, shape)
    except KeyTaken:
        raise Unfinished(course.elsewhere()) from None
    course.tell(files.rows, 1.0)
    return _with_manifest(outcome(files.stored, *course.failures()), job, lake, export, shape, as_of)


def _write_events(
    course: Course, files: Files, lake: Lake, matching: Matching, as_of: datetime, now: datetime, shape: Shape
) -> None:
    """Write what is left of the events; raises :class:`Unfinished` where there is no time for all of it."""

    def out_of_time() -> bool:
        course.tell(files.rows)  # where little is found, this alone keeps the job
        return course.is_out_of_time()

    with Stream(lake, matching, as_of, course.behind, shape.columns, course.reading, out_of_time, now=now) as tables:
        for table in tables:
            for taken in files.take(table):
                last = last_of(taken.rows)
                done = part_done(matching, last.time)
                course.tell(files.rows, done)
                if taken.is_stored:
                    course.keep(files, last, done)
    stopped_at = tables.stopped_at
    if files.has_rows_under_way or (stopped_at is None and not files.stored):
        files.close()
    if stopped_at is not None:
        course.keep(files, stopped_at, part_done(matching, stopped_at.time))
        raise Unfinished


def _store_rows(
    job: Job, progress: Progress, lake: Lake, export: Export, shape: Shape, rows: pa.Table
) -> Sequence[StoredFile]:
    """Rows that are all there. Where a run that was interrupted had others, its files are left and not named."""
    copy = 1
    while True:
        with suppress(KeyTaken), Files(lake.bucket, job.results, export.format, shape, [], copy) as files:
            for _ in files.take(rows):
                progress.report(rows=files.rows)
            if files.has_rows_under_way or not files.stored:
                files.close()
            return files.stored
        copy += 1


def _with_manifest(
    result: dict[str, Any], job: Job, lake: Lake, export: Export, shape: Shape, as_of: datetime
) -> dict[str, Any]:
    document = about(job, export, shape.schema, as_of) | result
    return result | {"manifest": write_manifest(lake.bucket, job.results, document)}
