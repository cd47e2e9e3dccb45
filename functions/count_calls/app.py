"""Queue of regions → the hours with new events are counted again, and the accounts in them are to be evaluated."""

from functools import partial
from traceback import format_tb
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import send
from trailkeep.errors import TrailkeepError
from trailkeep.insights.counting.orders import CountOrder, order_counts, order_evaluations, ordered_count
from trailkeep.insights.counting.recount import recount
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

bucket = Bucket(settings.lake_bucket())
lake = Lake(bucket)
order_evaluation = partial(order_evaluations, partial(send, settings.required("EVALUATION_QUEUE_URL")))
order_again = partial(order_counts, partial(send, settings.required("COUNTING_QUEUE_URL")))
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

ENOUGH_MILLISECONDS = 300_000
"""What the largest date takes. With less left, the next one is for another run."""


def count(record: SQSRecord, lambda_context: LambdaContext) -> None:
    def has_time() -> bool:
        return lambda_context.get_remaining_time_in_millis() >= ENOUGH_MILLISECONDS

    try:
        order = ordered_count(record.body)
        done = recount(lake, order, has_time)
        order_evaluation(done.accounts)
        if done.rest:
            order_again([CountOrder(order.region, done.rest)])
        counts = {"TalliesWritten": done.tallies, "AccountsCounted": len(done.accounts)}
        for name, number in counts.items():
            metrics.add_metric(name, MetricUnit.Count, number)
        logger.info("counted", extra=counts | {"counted_region": order.region, "rest": len(done.rest)})
    except Exception as error:
        # The processor reports a failed message without a word; texts of foreign errors may quote an event.
        why = error.message if isinstance(error, TrailkeepError) else format_tb(error.__traceback__)
        logger.error("counting failed", message_id=record.message_id, kind=type(error).__name__, reason=why)
        raise


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    require_conditional_writes(bucket)
    return process_partial_response(event=event, record_handler=count, processor=processor, context=context)
