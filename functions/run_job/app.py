"""Works on the job that it is called for. By schedule it calls itself for those that nobody works on, and tidies up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from traceback import format_tb
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.athena.engine import Athena, athena_of
from trailkeep.errors import EngineUnavailable, JobNotFound, StorageUnavailable
from trailkeep.exports.export import Selected, run_export
from trailkeep.jobs.job import Job
from trailkeep.jobs.runner import Progress, Work, run
from trailkeep.jobs.starting import start
from trailkeep.jobs.store import DEFAULT_RETENTION_DAYS, JobStore
from trailkeep.jobs.upkeep import look_after_jobs
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics
from trailkeep.search.job import run_search
from trailkeep.search.matching import Matching
from trailkeep.search.steps import select_in_steps
from trailkeep.sql.sandbox import Limits
from trailkeep.sql.statement import Statement

bucket = Bucket(settings.lake_bucket())
lake = Lake(bucket)
store = JobStore(bucket, timedelta(days=settings.days("JOB_RETENTION_DAYS", default=DEFAULT_RETENTION_DAYS)))

ENOUGH_MILLISECONDS = 120_000
"""With less left the work is asked to stop: what it has begun, such as a file, has to end."""

SQL_LIMITS = Limits(memory=1536 << 20, seconds=150)
"""Nothing is told while the SQL runs: a worker that is silent for three minutes loses its job to another one."""


def select(
    job: Job, progress: Progress, lake: Lake, statement: Statement, matching: Matching, as_of: datetime, now: datetime
) -> Selected:
    result, reading = select_in_steps(job, progress, lake, statement, matching, as_of, now, SQL_LIMITS)
    return Selected(result.rows, result.truncated, reading.failures)


def athena() -> Athena | None:
    try:
        return athena_of(bucket)
    except EngineUnavailable:
        return None


KINDS: dict[str, Callable[[Job, Progress, Lake, datetime], dict[str, Any]]] = {
    "search": partial(run_search, athena=athena(), limits=SQL_LIMITS),
    "export": partial(run_export, select=select),
}
"""What can be done as a job."""


def unexpected(error: Exception) -> None:
    # Texts of foreign errors may quote an event.
    logger.error("unexpected error", kind=type(error).__name__, reason=format_tb(error.__traceback__))


def work(job_id: str, context: LambdaContext) -> dict[str, Any]:
    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS

    def clock() -> datetime:
        return datetime.now(UTC)

    def of(kind: str) -> Work:
        return lambda job, progress: KINDS[kind](job, progress, lake, clock())

    began = clock()
    try:
        job = run(store, job_id, {kind: of(kind) for kind in KINDS}, clock, out_of_time, unexpected)
    except JobNotFound:
        return {"job": job_id, "state": "gone"}  # deleted since it was called for
    if job.ended_at is not None and job.ended_at >= began:
        is_our_fault = job.error is not None and job.error.status >= 500
        metrics.add_metric("JobsEnded", MetricUnit.Count, 1)
        metrics.add_metric("JobsFailed", MetricUnit.Count, int(is_our_fault))
    code = job.error and job.error.code
    logger.info("worked on a job", extra={"job": job.id, "kind": job.kind, "state": job.state, "code": code})
    if job.is_free:
        start_again(job.id, context)
    return {"job": job.id, "state": job.state}


def start_again(job_id: str, context: LambdaContext) -> None:
    try:
        start(job_id, context.function_name)
    except StorageUnavailable as error:
        logger.warning("the next step waits for the schedule", job=job_id, reason=error.message)


def look_after(context: LambdaContext) -> dict[str, Any]:
    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS

    done = look_after_jobs(store, partial(start, function=context.function_name), datetime.now(UTC), out_of_time)
    for name, count in done.counts().items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info("looked after jobs", extra=done.counts())
    return done.counts()


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    require_conditional_writes(bucket)
    return work(str(event["job"]), context) if "job" in event else look_after(context)
