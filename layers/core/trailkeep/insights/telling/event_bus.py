"""The event bus: each Insight event becomes an event of EventBridge, whose rules bring it to whatever acts on it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from trailkeep.errors import StorageUnavailable
from trailkeep.insights.telling.messages import batches

SOURCE = "trailkeep"
DETAIL_TYPE = "Insight"


class EventBus:
    """A bus by its name or ARN."""

    name = "eventBus"

    def __init__(self, bus: str) -> None:
        self._bus = bus

    def send(self, events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Put Insight events on the bus; gives the IDs of those that it took.

        Raises :class:`StorageUnavailable` where it does not answer.
        """
        for batch in batches(events):
            entries = [
                {
                    "Source": SOURCE,
                    "DetailType": DETAIL_TYPE,
                    "Detail": text,
                    "EventBusName": self._bus,
                }
                for _, text in batch
            ]
            try:
                answer = _client().put_events(Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise StorageUnavailable(f"the event bus took no Insights: {type(error).__name__}") from error
            # In the order of the entries; one that it refused has no ID.
            for (event, _), entry in zip(batch, answer.get("Entries", []), strict=False):
                if entry.get("EventId"):
                    yield event["eventId"]


@lru_cache(maxsize=1)
def _client() -> Any:
    retries: Any = {"mode": "standard", "max_attempts": 3}
    return boto3.client("events", config=Config(retries=retries, connect_timeout=3, read_timeout=10))
