"""The gateway asks who a token belongs to. Authentication only: what a principal may do is checked by each function."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.access.keys import secret_key
from trailkeep.access.tokens import authenticate
from trailkeep.errors import Unauthenticated
from trailkeep.lake.storage import Bucket

lake = Bucket(settings.lake_bucket())


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        pepper = secret_key("TOKEN_PEPPER_SECRET")
        who = authenticate(lake, pepper, headers.get("authorization", ""), datetime.now(UTC))
    except Unauthenticated:
        # The one message that API Gateway turns into 401; any other exception becomes 500.
        raise Exception("Unauthorized") from None
    allow = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {
        "principalId": who.token_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [allow]},
        "context": who.context(),
    }
