"""Schedule → messages about regions with new events, and accounts to look at. ``{"full": true}``: about all recent."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import send
from trailkeep.insights.counting.orders import order_counts, order_evaluations
from trailkeep.insights.counting.planning import plan
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

lake = Bucket(settings.lake_bucket())
order_counting = partial(order_counts, partial(send, settings.required("COUNTING_QUEUE_URL")))
order_evaluation = partial(order_evaluations, partial(send, settings.required("EVALUATION_QUEUE_URL")))


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    require_conditional_writes(lake)
    planned = plan(lake, order_counting, order_evaluation, datetime.now(UTC), full=event.get("full") is True)
    counts = {
        "DeliveriesFollowed": planned.deliveries,
        "CommitsUnreadable": planned.unreadable,
        "CountsOrdered": planned.counts,
        "EvaluationsOrdered": planned.accounts,
    }
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    logger.info("planned", extra=counts | {"full": planned.full})
    return counts | {"full": planned.full}
