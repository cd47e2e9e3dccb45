"""POST /v1/events: events of applications, stored durably before the answer."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.ingest import Ingest
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.request_body import Request

ingest = Ingest(Bucket(settings.landing_bucket()), Bucket(settings.lake_bucket()), settings.required("HOME_ACCOUNT"))
app = api.resolver()


@app.post("/v1/events")
def accept_events() -> Response[str]:
    who = api.principal(app)
    who.require("ingest")
    require_conditional_writes(ingest.lake)
    event = app.current_event
    request = Request(event.body, bool(event.is_base64_encoded), api.headers(event))
    return api.answer(ingest.accept(request, who, datetime.now(UTC)), status=202)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
