"""Queue of arrived log objects → the lake. Each message stands for itself: one that fails holds up no other."""

import gc
from datetime import UTC, datetime
from traceback import format_tb
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import announced_keys
from trailkeep.delivery import Delivery
from trailkeep.errors import DeliveryUnderWay, ObjectNotFound, TrailkeepError
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

delivery = Delivery(Bucket(settings.landing_bucket()), Bucket(settings.lake_bucket()), settings.region_rules())
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

# Events live until their part is written, and hold no cycles: looking for some took a third of the time.
gc.set_threshold(200_000, 20, 20)

ENOUGH_MILLISECONDS = 300_000
"""What the largest objects take. With less left a message goes back to the queue rather than be cut off half-way."""


def deliver(record: SQSRecord, lambda_context: LambdaContext) -> None:
    if lambda_context.get_remaining_time_in_millis() < ENOUGH_MILLISECONDS:
        raise TimeoutError("too little time is left for another object")
    try:
        for key in announced_keys(record.body, delivery.landing.name):
            deliver_object(key)
    except DeliveryUnderWay as error:
        # Nobody's fault: while a new version replaces another one, the message waits for the worker that began.
        logger.info("left to the worker that began", message_id=record.message_id, reason=error.message)
        metrics.add_metric("DeliveriesUnderWay", MetricUnit.Count, 1)
        raise
    except Exception as error:
        # The processor reports a failed message without a word; texts of foreign errors may quote an event.
        why = error.message if isinstance(error, TrailkeepError) else format_tb(error.__traceback__)
        logger.error("delivery failed", message_id=record.message_id, kind=type(error).__name__, reason=why)
        raise


def deliver_object(key: str) -> None:
    require_conditional_writes(delivery.lake)
    try:
        commit = delivery.deliver(key, datetime.now(UTC))
    except ObjectNotFound:
        logger.warning("the announced object is gone", object_key=key)
        metrics.add_metric("ObjectsGone", MetricUnit.Count, 1)
        return
    if commit is None:
        metrics.add_metric("ObjectsKnown", MetricUnit.Count, 1)
        return
    logger.info("delivered", extra={"delivery": commit.delivery, "object_key": key, **commit.counts()})
    for name, count in commit.counts().items():
        metrics.add_metric(name, MetricUnit.Count, count)


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event=event, record_handler=deliver, processor=processor, context=context)
