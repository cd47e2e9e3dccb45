"""The topic: each Insight event becomes a message of SNS, for people by e-mail and for queues and functions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from trailkeep.errors import StorageUnavailable
from trailkeep.insights.telling.messages import batches

_MOST_SUBJECT = 99
"""Characters, fewer than 100, and plain ones: more SNS does not take as a subject."""

_SAID = {"Start": "began", "End": "ended", "Withdrawn": "was withdrawn"}


class Topic:
    """A topic by its ARN."""

    name = "topic"

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def send(self, events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Publish Insight events; gives the IDs of those that the topic took.

        Raises :class:`StorageUnavailable` where it does not answer.
        """
        for batch in batches(events):
            entries = [
                {
                    "Id": str(number),
                    "Message": text,
                    "Subject": subject_of(event),
                    "MessageAttributes": _attributes(event),
                }
                for number, (event, text) in enumerate(batch)
            ]
            try:
                answer = _client().publish_batch(TopicArn=self._arn, PublishBatchRequestEntries=entries)
            except (ClientError, BotoCoreError) as error:
                raise StorageUnavailable(f"the topic took no Insights: {type(error).__name__}") from error
            taken = {entry["Id"] for entry in answer.get("Successful", [])}
            yield from (event["eventId"] for number, (event, _) in enumerate(batch) if str(number) in taken)


def subject_of(event: Mapping[str, Any]) -> str:
    """What an e-mail about an Insight event has as its subject."""
    details = event["insightDetails"]
    said = _SAID.get(details["state"], details["state"])
    about = f"Trailkeep: {details['insightType']} {said} in {event['recipientAccountId']}: {details['insightObject']}"
    return _plain(about)[:_MOST_SUBJECT].strip()


def _attributes(event: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What filters of subscriptions go by."""
    details = event["insightDetails"]
    values = {
        "insightType": details["insightType"],
        "state": details["state"],
        "accountId": event["recipientAccountId"],
    }
    return {name: {"DataType": "String", "StringValue": _plain(value) or "?"} for name, value in values.items()}


def _plain(text: str) -> str:
    """With a question mark for each character that SNS might refuse a message for."""
    return re.sub(r"[^ -~]", "?", text)


@lru_cache(maxsize=1)
def _client() -> Any:
    retries: Any = {"mode": "standard", "max_attempts": 3}
    return boto3.client("sns", config=Config(retries=retries, connect_timeout=3, read_timeout=10))
