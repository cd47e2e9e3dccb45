"""Schedule → what is unusual in the lake's history becomes Insight events."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.insights.detection import detect_insights
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

bucket = Bucket(settings.lake_bucket())
lake = Lake(bucket)
regions = settings.region_rules()


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    require_conditional_writes(bucket)
    run = detect_insights(bucket, lake, regions, datetime.now(UTC))
    counts = {"calls": run.calls, "insights": run.insights, "stored": run.stored}
    metrics.add_metric("InsightsFound", MetricUnit.Count, run.stored)
    logger.info("detected", extra=counts)
    return counts
