"""Schedule → landing objects that no notification announced are announced again; the watermark is raised."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import announce
from trailkeep.events.timestamps import format_time
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics
from trailkeep.sweep import sweep

landing, lake = Bucket(settings.landing_bucket()), Bucket(settings.lake_bucket())
announce_landed = partial(announce, settings.required("DELIVERY_QUEUE_URL"), landing.name)
minimum_age = timedelta(seconds=settings.seconds("SWEEP_MINIMUM_AGE_SECONDS", default=1200))


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    require_conditional_writes(lake)
    seen = sweep(landing, lake, announce_landed, datetime.now(UTC), minimum_age)
    counts = {"ObjectsLanded": seen.landed, "ObjectsUndelivered": seen.undelivered, "ObjectsAnnounced": seen.announced}
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info("swept", extra=counts)
    return {
        "landed": seen.landed,
        "undelivered": seen.undelivered,
        "announced": seen.announced,
        "watermark": format_time(seen.watermark),
    }
