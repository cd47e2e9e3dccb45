"""Queue of partitions → many small objects of each become few sorted ones, in which each event stands once."""

from datetime import UTC, datetime
from functools import partial
from traceback import format_tb
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import send
from trailkeep.compaction.orders import order, ordered_partition
from trailkeep.compaction.worker import Compaction
from trailkeep.errors import RowsNotConserved, StorageUnavailable, TrailkeepError
from trailkeep.lake.capability import require_conditional_writes
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

lake = Bucket(settings.lake_bucket())
compaction = Compaction(lake, lambda: datetime.now(UTC))
order_again = partial(order, partial(send, settings.required("COMPACTION_QUEUE_URL")))
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

ENOUGH_MILLISECONDS = 300_000
"""What the longest piece of work takes. With less left, the rest is for another run."""


def compact(record: SQSRecord, lambda_context: LambdaContext) -> None:
    def has_time() -> bool:
        return lambda_context.get_remaining_time_in_millis() >= ENOUGH_MILLISECONDS

    try:
        partition = ordered_partition(record.body)
        outcome = compaction.compact(partition, has_time)
        about = {"partition": partition.prefix, "done": outcome.done, **outcome.tally.metrics()}
        logger.info("compacted", extra=about | {"missing": outcome.missing, "unreadable": outcome.unreadable})
        for name, count in outcome.tally.metrics().items():
            metrics.add_metric(name, MetricUnit.Count, count)
        if not outcome.done and not list(order_again([partition])):
            raise StorageUnavailable("the queue did not take the rest of the work")
    except Exception as error:
        # The processor reports a failed message without a word; texts of foreign errors may quote an event.
        why = error.message if isinstance(error, TrailkeepError) else format_tb(error.__traceback__)
        logger.error("compaction failed", message_id=record.message_id, kind=type(error).__name__, reason=why)
        metrics.add_metric("ConservationViolations", MetricUnit.Count, int(isinstance(error, RowsNotConserved)))
        raise


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    require_conditional_writes(lake)
    return process_partial_response(event=event, record_handler=compact, processor=processor, context=context)
