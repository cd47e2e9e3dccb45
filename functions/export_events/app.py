"""POST /v1/exports: all rows of a lookup or a search as files, made by a job."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.exports.ordering import SCOPE, order_export
from trailkeep.jobs.description import describe
from trailkeep.jobs.idempotency import idempotency_of
from trailkeep.jobs.ordering import begin
from trailkeep.jobs.store import DEFAULT_RETENTION_DAYS, JobStore
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.observability import logger
from trailkeep.request_body import Request, object_of, text_of

bucket = Bucket(settings.lake_bucket())
lake = Lake(bucket)
store = JobStore(bucket, timedelta(days=settings.days("JOB_RETENTION_DAYS", default=DEFAULT_RETENTION_DAYS)))
app = api.resolver()


@app.post("/v1/exports")
def post_export() -> Response[str]:
    who, now = api.principal(app), datetime.now(UTC)
    who.require(SCOPE)
    event = app.current_event
    request = Request(event.body, bool(event.is_base64_encoded), api.headers(event))
    body = object_of(request)
    job = order_export(lake, store, body, who, now, idempotency_of(request.headers, text_of(request)))
    begin(job)
    logger.info("export asked for", extra={"token_id": who.token_id, "job": job.id, "format": body["format"]})
    return api.answer({"job": describe(job, store.retention)}, status=202)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
