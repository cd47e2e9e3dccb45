"""Queue of accounts → what is unusual in each becomes Insight events, each stored, and then notified, once."""

from datetime import UTC, datetime, timedelta
from functools import partial
from traceback import format_tb
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import send
from trailkeep.errors import StorageUnavailable, TrailkeepError
from trailkeep.insights.detectors import DETECTORS
from trailkeep.insights.telling.evaluation import Evaluation
from trailkeep.insights.telling.evaluation_orders import order_later, ordered_evaluation
from trailkeep.insights.telling.notification import notifiers
from trailkeep.insights.telling.settling import MOST_TIMES
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

lake = Bucket(settings.lake_bucket())
patience = settings.seconds("INSIGHTS_PATIENCE_SECONDS", default=360)
evaluation = Evaluation(
    lake, settings.region_rules(), DETECTORS, notifiers(), lambda: datetime.now(UTC), timedelta(seconds=patience)
)
send_later = partial(send, settings.required("EVALUATION_QUEUE_URL"), delay_seconds=patience)
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def evaluate(record: SQSRecord) -> None:
    try:
        order = ordered_evaluation(record.body)
        done = evaluation.evaluate(order.account, order.dates, waited=order.put_off >= MOST_TIMES)
        counts = {"DatesEvaluated": done.dates, "InsightsFound": done.stored, "InsightsNotified": done.notified}
        logger.info("evaluated", extra=counts | {"account": order.account, "later": len(done.later)})
        for name, count in counts.items():
            metrics.add_metric(name, MetricUnit.Count, count)
        if done.later:
            order_later(send_later, order, done.later)
        if done.failures:
            raise StorageUnavailable("; ".join(done.failures))
    except Exception as error:
        # The processor reports a failed message without a word; texts of foreign errors may quote an event.
        why = error.message if isinstance(error, TrailkeepError) else format_tb(error.__traceback__)
        logger.error("evaluation failed", message_id=record.message_id, kind=type(error).__name__, reason=why)
        raise


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    require_conditional_writes(lake)
    return process_partial_response(event=event, record_handler=evaluate, processor=processor, context=context)
