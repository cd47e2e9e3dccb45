"""/v1/saved-queries: searches under a name, of one's own, shared, or shipped as presets."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.access.principal import Principal
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import logger
from trailkeep.request_body import Request, object_of
from trailkeep.saved_queries.page import list_saved_queries, parse_wanted
from trailkeep.saved_queries.request import parse_definition
from trailkeep.saved_queries.saved_query import Definition
from trailkeep.saved_queries.simple import pickers
from trailkeep.saved_queries.store import (
    change_saved_query,
    create_saved_query,
    delete_saved_query,
    read_saved_query,
)

lake = Bucket(settings.lake_bucket())
app = api.resolver()


def viewer() -> Principal:
    """Who asks. Whoever may search may save a search: what a token may see is looked at when a search is run."""
    who = api.principal(app)
    who.require("view")
    return who


def changing_viewer() -> Principal:
    who = viewer()
    require_conditional_writes(lake)
    return who


def definition(now: datetime) -> Definition:
    event = app.current_event
    return parse_definition(object_of(Request(event.body, bool(event.is_base64_encoded), api.headers(event))), now)


@app.get("/v1/saved-queries")
def get_saved_queries() -> Response[str]:
    who = viewer()
    page = list_saved_queries(lake, parse_wanted(api.parameters(app.current_event)), who)
    return api.answer(page.as_json(datetime.now(UTC)))


@app.post("/v1/saved-queries")
def post_saved_query() -> Response[str]:
    who, now = changing_viewer(), datetime.now(UTC)
    saved = create_saved_query(lake, definition(now), who, now)
    logger.info("query saved", extra={"token_id": who.token_id, "saved_query": saved.id, "shared": saved.shared})
    return api.answer(saved, status=201)


@app.get("/v1/saved-queries/fields")
def get_fields() -> Response[str]:
    viewer()
    return api.answer(pickers())


@app.get("/v1/saved-queries/<query_id>")
def get_saved_query(query_id: str) -> Response[str]:
    return api.answer(read_saved_query(lake, query_id, viewer()))


@app.put("/v1/saved-queries/<query_id>")
def put_saved_query(query_id: str) -> Response[str]:
    who, now = changing_viewer(), datetime.now(UTC)
    saved = change_saved_query(lake, query_id, definition(now), who, now)
    logger.info("saved query changed", extra={"token_id": who.token_id, "saved_query": saved.id})
    return api.answer(saved)


@app.delete("/v1/saved-queries/<query_id>")
def delete_query(query_id: str) -> Response[str]:
    who = changing_viewer()
    saved = delete_saved_query(lake, query_id, who)
    logger.info("saved query deleted", extra={"token_id": who.token_id, "saved_query": saved.id})
    return api.answer(saved)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
