"""Queue of arrived log objects → the lake. Each message stands for itself: one that fails holds up no other."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import settings
from trailkeep.announcements import announced_keys
from trailkeep.delivery import Delivery
from trailkeep.errors import ObjectNotFound
from trailkeep.lake.storage import Bucket
from trailkeep.observability import MetricUnit, logger, metrics

delivery = Delivery(Bucket(settings.landing_bucket()), Bucket(settings.lake_bucket()), settings.region_rules())
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def deliver(record: SQSRecord) -> None:
    for key in announced_keys(record.body, delivery.landing.name):
        try:
            commit = delivery.deliver(key, datetime.now(UTC))
        except ObjectNotFound:
            logger.warning("the announced object is gone", object_key=key)
            metrics.add_metric("ObjectsGone", MetricUnit.Count, 1)
            continue
        if commit is None:
            metrics.add_metric("ObjectsKnown", MetricUnit.Count, 1)
            continue
        counts = {
            "RecordsIn": commit.records_in,
            "EventsDelivered": commit.rows_out,
            "EventsQuarantined": commit.quarantined,
            "EventsDuplicate": commit.duplicates,
            "SecretsMasked": commit.masked,
            "ConservationViolations": int(not commit.is_conserved()),
        }
        logger.info("delivered", delivery=commit.delivery, object_key=key, **counts)
        for name, count in counts.items():
            metrics.add_metric(name, MetricUnit.Count, count)


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event=event, record_handler=deliver, processor=processor, context=context)
