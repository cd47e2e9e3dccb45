"""The job of a search: what it finds is stored as the rows of its result. By our own engine, or by Athena."""

from datetime import datetime
from typing import Any

import msgspec

from trailkeep.athena.engine import Athena
from trailkeep.athena.sources import sources_of
from trailkeep.athena.text import EVENT_OUTPUTS, Asked, text_for
from trailkeep.errors import EngineUnavailable, TrailkeepError
from trailkeep.events.timestamps import to_micros
from trailkeep.jobs.job import Job
from trailkeep.jobs.lifecycle import Cancelled
from trailkeep.jobs.runner import Progress, Unfinished
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup.completeness import completeness
from trailkeep.search.inquiry import Inquiry, understand
from trailkeep.search.results import Selected, result_of
from trailkeep.search.selection import selected
from trailkeep.search.spool import clear_spool
from trailkeep.search.steps import select_in_steps
from trailkeep.search.stored_rows import store_rows
from trailkeep.sql.sandbox import Limits


def run_search(
    job: Job, progress: Progress, lake: Lake, now: datetime, *, athena: Athena | None, limits: Limits
) -> dict[str, Any]:
    """Work on a search for a step; gives its result once all rows are stored, at most ``limits.most_rows``.

    It is about what was there when it was asked for, whenever it is worked on. Raises what :class:`Progress` does,
    :class:`Unfinished`, :class:`QueryFailed`, :class:`EngineUnavailable`, and the errors of storage.
    """
    asked = understand(job.request, job.principal, job.created_at)
    engine = job.request["engine"]
    if engine == "athena":
        found, reading = _by_athena(job, asked, lake, athena, progress, limits.most_rows)
    else:
        found, reading = _by_us(job, asked, lake, progress, now, limits)
    name = "events" if asked.statement is None else "rows"
    stated = completeness(lake.bucket, reading, to_micros(asked.as_of), job.principal)
    result = result_of(engine, name, found, stated)
    files = store_rows(lake.bucket, job.results, found.rows)
    clear_spool(lake.bucket, job.results)
    progress.report(rows=len(found.rows), bytes=reading.bytes, fraction=1.0)
    return {**result, "rowCount": len(found.rows), "files": msgspec.to_builtins(files)}


def _by_us(
    job: Job, asked: Inquiry, lake: Lake, progress: Progress, now: datetime, limits: Limits
) -> tuple[Selected, Reading]:
    if asked.statement is None:
        raise TrailkeepError("a search without SQL is answered page by page, not by a job")
    statement, matching = asked.statement, asked.matching
    result, reading = select_in_steps(job, progress, lake, statement, matching, asked.as_of, now, limits)
    return selected(statement, result.rows, truncated=result.truncated), reading


def _by_athena(
    job: Job, asked: Inquiry, lake: Lake, athena: Athena | None, progress: Progress, most: int
) -> tuple[Selected, Reading]:
    """The rows that Athena finds, by a query that is started once, however often this is done."""
    if athena is None:
        raise EngineUnavailable("Athena is not set up in this deployment")
    execution_id: str | None = (job.checkpoint or {}).get("execution")
    if execution_id is None:
        wanted = Asked(asked.matching, sources_of(lake, asked.matching), asked.as_of, most + 1)
        execution_id = athena.start(text_for(wanted, athena.database, asked.statement), job.id)
        progress.report(checkpoint={"execution": execution_id})

    def out_of_time() -> bool:
        progress.report()
        return progress.out_of_time()

    try:
        execution = athena.wait_for(execution_id, out_of_time)
    except Cancelled:
        athena.cancel(execution_id)
        raise
    if not execution.state.is_final:
        raise Unfinished
    rows = athena.rows(execution, asked.statement.outputs if asked.statement else EVENT_OUTPUTS)
    truncated, rows = rows.num_rows > most, rows.slice(0, most)
    reading = Reading(bytes=execution.bytes_scanned)
    if asked.statement is not None:
        return selected(asked.statement, rows, truncated=truncated), reading
    return Selected([], [text.encode() for text in rows.column("event").to_pylist()], truncated), reading
