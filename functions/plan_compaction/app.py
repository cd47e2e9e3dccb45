"""Schedule → a message for each partition that has become worth compacting. With ``{"full": true}``, for every one."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import send
from trailkeep.compaction.orders import order
from trailkeep.compaction.planner import Thresholds, plan
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

lake = Bucket(settings.lake_bucket())
order_compaction = partial(order, partial(send, settings.required("COMPACTION_QUEUE_URL")))
thresholds = Thresholds(
    parts=settings.number("COMPACTION_MINIMUM_PARTS", default=64),
    age=timedelta(seconds=settings.seconds("COMPACTION_MAXIMUM_AGE_SECONDS", default=3600)),
)


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    require_conditional_writes(lake)
    planned = plan(lake, order_compaction, datetime.now(UTC), thresholds, full=event.get("full") is True)
    counts = {"PartitionsWatched": planned.watched, "PartitionsDue": planned.due, "CompactionsOrdered": planned.sent}
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info("planned", extra=counts | {"full": planned.full})
    return {"watched": planned.watched, "due": planned.due, "ordered": planned.sent, "full": planned.full}
