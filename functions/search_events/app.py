"""POST /v1/search, /v1/saved-queries/{id}/run: conditions on whole events, SQL over what meets them."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.access.keys import secret_key
from trailkeep.access.principal import Principal
from trailkeep.jobs.idempotency import idempotency_of
from trailkeep.jobs.store import DEFAULT_RETENTION_DAYS, JobStore
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.request_body import Request, object_of, text_of
from trailkeep.saved_queries.running import search_body
from trailkeep.saved_queries.store import read_saved_query
from trailkeep.search.engines import Thresholds
from trailkeep.search.estimate import DOLLARS_PER_TB
from trailkeep.search.search import Answer, Search

REQUEST_BYTES, JOB_BYTES = 256 << 20, 5 << 30

bucket = Bucket(settings.lake_bucket())
lake = Lake(bucket)
store = JobStore(bucket, timedelta(days=settings.days("JOB_RETENTION_DAYS", default=DEFAULT_RETENTION_DAYS)))
thresholds = Thresholds(
    settings.number("SEARCH_REQUEST_BYTES", default=REQUEST_BYTES),
    settings.number("SEARCH_JOB_BYTES", default=JOB_BYTES),
)
dollars_per_tb = settings.amount("SCAN_DOLLARS_PER_TB", default=DOLLARS_PER_TB)
has_athena = bool(os.environ.get("ATHENA_WORKGROUP") and os.environ.get("GLUE_DATABASE"))
app = api.resolver()


def sent() -> Request:
    event = app.current_event
    return Request(event.body, bool(event.is_base64_encoded), api.headers(event))


def viewer() -> Principal:
    who = api.principal(app)
    who.require("view")
    return who


def search(body: dict[str, Any], request: Request, who: Principal, now: datetime) -> Answer:
    searching = Search(lake, store, secret_key("CURSOR_KEY_SECRET"), thresholds, dollars_per_tb, has_athena)
    return searching.answer(body, who, now, api.deadline(), idempotency_of(request.headers, text_of(request)))


@app.post("/v1/search")
def post_search() -> Response[str]:
    who, request = viewer(), sent()
    found = search(object_of(request), request, who, datetime.now(UTC))
    return api.answer(found.text, found.status)


@app.post("/v1/saved-queries/<query_id>/run")
def run_saved_query(query_id: str) -> Response[str]:
    who, request, now = viewer(), sent(), datetime.now(UTC)
    body = search_body(read_saved_query(bucket, query_id, who), object_of(request), now)
    found = search(body, request, who, now)
    return api.answer(f'{{"search":{api.encode(body)},{found.text[1:]}', found.status)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
