"""GET /v1/health: ready or not, and how fresh the lake is. Open to anyone, so it tells nothing else."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api, settings
from trailkeep.health import report
from trailkeep.lake.storage import Bucket

lake = Bucket(settings.lake_bucket())
app = api.resolver()


@app.get("/v1/health")
def get_health() -> Response[str]:
    health = report(lake, datetime.now(UTC))
    return api.answer(health, status=200 if health["ready"] else 503)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
