"""/v1/insights/settings, /accounts and /replay: what detection looks at, how ready it is, what it would have found."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.access.keys import secret_key
from trailkeep.access.principal import Principal
from trailkeep.insights.detectors import DETECTORS
from trailkeep.insights.replay.answer import answer_replay
from trailkeep.insights.settings.accounts import list_accounts
from trailkeep.insights.settings.change import change_settings
from trailkeep.insights.settings.request import parse_account, parse_change
from trailkeep.insights.settings.status import describe_settings
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.named import parse_page
from trailkeep.observability import logger
from trailkeep.request_body import Request, object_of

bucket = Bucket(settings.lake_bucket())
lake = Lake(bucket)
app = api.resolver()


def admin_of(account: str | None) -> Principal:
    """Who asks. A token narrowed to some accounts may set what is for these, and nothing that is for all."""
    who = api.principal(app)
    who.require("admin")
    if account is None:
        who.require_everything()
    else:
        who.require_all_regions()
        who.require_account(account)
    return who


def viewer() -> Principal:
    who = api.principal(app)
    who.require("view")
    return who


def body() -> dict[str, Any]:
    event = app.current_event
    return object_of(Request(event.body, bool(event.is_base64_encoded), api.headers(event)))


@app.get("/v1/insights/settings")
def get_settings() -> Response[str]:
    api.principal(app).require("admin")
    account = parse_account(api.parameters(app.current_event))
    admin_of(account)
    return api.answer(describe_settings(bucket, account, datetime.now(UTC)))


@app.put("/v1/insights/settings")
def put_settings() -> Response[str]:
    api.principal(app).require("admin")
    change, now = parse_change(body()), datetime.now(UTC)
    who = admin_of(change.account)
    require_conditional_writes(bucket)
    changed = change_settings(bucket, change, who, now)
    logger.info(
        "settings of insights changed",
        extra={"token_id": who.token_id, "account": change.account, "version": changed.version},
    )
    return api.answer(describe_settings(bucket, change.account, now))


@app.get("/v1/insights/accounts")
def get_accounts() -> Response[str]:
    who = viewer()
    most, token = parse_page(api.parameters(app.current_event))
    return api.answer(list_accounts(bucket, who, most, token, datetime.now(UTC)))


@app.post("/v1/insights/replay")
def post_replay() -> Response[str]:
    who, key = viewer(), secret_key("CURSOR_KEY_SECRET")
    return api.answer(answer_replay(lake, DETECTORS, key, body(), who, datetime.now(UTC), api.deadline()))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
