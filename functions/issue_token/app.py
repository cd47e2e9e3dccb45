"""Direct invocation by whoever IAM lets: issues a token. This is how a deployment gets its first one."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.access.keys import secret_key
from trailkeep.access.principal import SCOPES
from trailkeep.access.tokens import issue
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import logger

lake = Bucket(settings.lake_bucket())


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    require_conditional_writes(lake)
    name = event.get("name", "first admin")
    scopes = event.get("scopes", list(SCOPES))
    budget = event.get("scanBytesPerDay")
    issued = issue(lake, secret_key("TOKEN_PEPPER_SECRET"), name, scopes, datetime.now(UTC), budget)
    logger.info("token issued", token_id=issued.token_id, scopes=issued.scopes)
    return {"token": issued.token, "tokenId": issued.token_id, "scopes": list(issued.scopes)}
