"""GET /v1/events, /v1/events/{eventId}, /v1/histogram, /v1/insights, /v1/regions, /v1/me: what the lake holds."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.access.keys import secret_key
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.lookup.lookup import Lookup

bucket = Bucket(settings.lake_bucket())
lake = Lake(bucket)
app = api.resolver()


def lookup() -> Lookup:
    return Lookup(bucket, lake, secret_key("CURSOR_KEY_SECRET"))


@app.get("/v1/events")
def list_events() -> Response[str]:
    who = api.principal(app)
    who.require("view")
    parameters = api.parameters(app.current_event)
    return api.answer(lookup().events(parameters, who, datetime.now(UTC), api.deadline()))


@app.get("/v1/events/.+")  # not <event_id>, which stops at some of the characters that an ID may hold
def get_event() -> Response[str]:
    who = api.principal(app)
    who.require("view")
    event_id = app.current_event.path.removeprefix("/v1/events/")
    found = lookup().event(event_id, who, datetime.now(UTC), api.deadline())
    return api.redirect(found.link) if found.link else api.answer(found.event)


@app.get("/v1/histogram")
def get_histogram() -> Response[str]:
    who = api.principal(app)
    who.require("view")
    parameters = api.parameters(app.current_event)
    return api.answer(lookup().histogram(parameters, who, datetime.now(UTC), api.deadline()))


@app.get("/v1/insights")
def list_insights() -> Response[str]:
    who = api.principal(app)
    who.require("view")
    parameters = api.parameters(app.current_event)
    return api.answer(lookup().insights(parameters, who, datetime.now(UTC), api.deadline()))


@app.get("/v1/regions")
def list_regions() -> Response[str]:
    who = api.principal(app)
    who.require("view")
    parameters = api.parameters(app.current_event)
    return api.answer(lookup().regions(parameters, who, datetime.now(UTC), api.deadline()))


@app.get("/v1/me")
def describe_me() -> Response[str]:
    return api.answer(api.principal(app).as_json())


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
