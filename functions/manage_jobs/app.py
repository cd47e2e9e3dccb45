"""/v1/jobs: how far they are, what came out, and their end before its time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.jobs.description import describe, describe_whole
from trailkeep.jobs.listing import list_jobs
from trailkeep.jobs.store import DEFAULT_RETENTION_DAYS, JobStore
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.named import parse_page
from trailkeep.observability import logger

lake = Bucket(settings.lake_bucket())
store = JobStore(lake, timedelta(days=settings.days("JOB_RETENTION_DAYS", default=DEFAULT_RETENTION_DAYS)))
app = api.resolver()


@app.get("/v1/jobs")
def get_jobs() -> Response[str]:
    who, now = api.principal(app), datetime.now(UTC)
    most, token = parse_page(api.parameters(app.current_event))
    return api.answer(list_jobs(store, who, most, token, now, api.deadline()).as_json(now))


@app.get("/v1/jobs/<job_id>")
def get_job(job_id: str) -> Response[str]:
    who = api.principal(app)
    job = store.read_for(job_id, who, datetime.now(UTC))
    return api.answer({"job": describe_whole(job, store.retention, who, lake)})


@app.delete("/v1/jobs/<job_id>")
def delete_job(job_id: str) -> Response[str]:
    who, now = api.principal(app), datetime.now(UTC)
    require_conditional_writes(lake)
    job = store.read_for(job_id, who, now)
    has_ended = job.has_ended
    job = store.delete(job_id, now) if has_ended else store.cancel(job_id, now)
    logger.info("job deleted" if has_ended else "job cancelled", extra={"token_id": who.token_id, "job": job_id})
    return api.answer({"job": describe(job, store.retention)}, status=200 if job.has_ended else 202)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
