"""/v1/retention and /v1/holds: how long what is kept, and what has to stay beyond that."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.access.principal import Principal
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.named import parse_page
from trailkeep.observability import logger
from trailkeep.request_body import Request, object_of
from trailkeep.retention.hold_request import parse_hold
from trailkeep.retention.holds import create_hold, list_holds, release_hold
from trailkeep.retention.settings import DEFAULT_FLOOR, change_settings, parse_change
from trailkeep.retention.status import describe_retention

lake = Bucket(settings.lake_bucket())
floor = settings.days("RETENTION_FLOOR_DAYS", default=DEFAULT_FLOOR)
app = api.resolver()


def admin() -> Principal:
    """Who asks. Retention is about the whole lake, so a token that is narrowed to a part of it may not."""
    who = api.principal(app)
    who.require("admin")
    who.require_everything()
    return who


def changing_admin() -> Principal:
    who = admin()
    require_conditional_writes(lake)
    return who


def body() -> dict[str, Any]:
    event = app.current_event
    return object_of(Request(event.body, bool(event.is_base64_encoded), api.headers(event)))


@app.get("/v1/retention")
def get_retention() -> Response[str]:
    admin()
    return api.answer(describe_retention(lake, floor, datetime.now(UTC)))


@app.put("/v1/retention")
def put_retention() -> Response[str]:
    who, now = changing_admin(), datetime.now(UTC)
    change = parse_change(body(), floor)
    change_settings(lake, change, who, now)
    logger.info("retention changed", extra={"token_id": who.token_id, "change": change})
    return api.answer(describe_retention(lake, floor, now))


@app.post("/v1/holds")
def post_hold() -> Response[str]:
    who = changing_admin()
    hold = create_hold(lake, *parse_hold(body()), who, datetime.now(UTC))
    logger.info("hold created", extra={"token_id": who.token_id, "hold": hold.id})
    return api.answer(hold, status=201)


@app.get("/v1/holds")
def get_holds() -> Response[str]:
    admin()
    most, token = parse_page(api.parameters(app.current_event))
    return api.answer(list_holds(lake, most, token).as_json(datetime.now(UTC)))


@app.delete("/v1/holds/<hold_id>")
def delete_hold(hold_id: str) -> Response[str]:
    who = changing_admin()
    hold = release_hold(lake, hold_id, who, datetime.now(UTC))
    logger.info("hold released", extra={"token_id": who.token_id, "hold": hold.id})
    return api.answer(hold)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
