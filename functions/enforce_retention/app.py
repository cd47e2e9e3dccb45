"""Schedule → what is older than the retention, and not held, is deleted, on record."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics
from trailkeep.retention.enforcement import enforce
from trailkeep.retention.settings import DEFAULT_FLOOR

landing, lake = Bucket(settings.landing_bucket()), Bucket(settings.lake_bucket())
floor = settings.days("RETENTION_FLOOR_DAYS", default=DEFAULT_FLOOR)

ENOUGH_MILLISECONDS = 60_000
"""With less left nothing more is begun: what is under way has to end, and the run to be kept."""


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS

    require_conditional_writes(lake)
    run = enforce(landing, lake, floor, context.aws_request_id, lambda: datetime.now(UTC), out_of_time)
    for name, count in run.counts().items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info("retention enforced", extra={"state": run.state, "left_alone": run.left_alone, **run.counts()})
    return {"run": run.id, "state": run.state, **run.counts()}
