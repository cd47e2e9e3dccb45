"""Schedule → the index of the lake is brought up to date; with {"rebuild": true} it is made anew from the lake."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.index.publishing import publish_index
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

lake = Bucket(settings.lake_bucket())

ENOUGH_MILLISECONDS = 300_000
"""With less left no further step is begun: the longest merge has to end, and a root to be written."""


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    def out_of_time() -> bool:
        return context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS

    require_conditional_writes(lake)
    done = publish_index(lake, datetime.now(UTC), out_of_time, rebuild=event.get("rebuild") is True)
    for name, count in done.counts().items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info("index published", extra=asdict(done))
    return asdict(done)
