"""Announcements: the queue's messages that say which landing objects have arrived. A hint only, never the truth."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from trailkeep.errors import InvalidBody, StorageUnavailable

BATCH = 10
"""Messages that SQS takes in one call."""


def announced_keys(body: str, bucket: str) -> list[str]:
    """The keys that a message announces for ``bucket``; none for S3's test event and for other buckets.

    S3 writes keys form-encoded (a blank is ``+``), so they are decoded here, once. Raises :class:`InvalidBody` for a
    message that S3 cannot have sent.
    """
    try:
        message = json.loads(body)
        if message.get("Event") == "s3:TestEvent":
            return []
        records = [record["s3"] for record in message["Records"]]
        return [unquote_plus(s3["object"]["key"]) for s3 in records if s3["bucket"]["name"] == bucket]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidBody("the message is not a notification of S3") from error


def announce(queue_url: str, bucket: str, keys: Iterable[str]) -> int:
    """Announce landing objects again, as S3 would have; gives the number of messages sent."""
    return sum(send(queue_url, [_notification(bucket, key) for key in keys]))


def send(queue_url: str, bodies: Sequence[str], *, delay_seconds: int = 0) -> Iterator[bool]:
    """Send messages, ten at a time; says of each whether the queue took it. It gives them out after the delay.

    Raises :class:`StorageUnavailable` where the queue does not answer: what was said before holds.
    """
    for start in range(0, len(bodies), BATCH):
        batch = bodies[start : start + BATCH]
        delay = {"DelaySeconds": delay_seconds} if delay_seconds else {}
        entries = [{"Id": str(number), "MessageBody": body, **delay} for number, body in enumerate(batch)]
        try:
            answer = _queue().send_message_batch(QueueUrl=queue_url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise StorageUnavailable(f"the queue did not take messages: {type(error).__name__}") from error
        taken = {entry["Id"] for entry in answer.get("Successful", [])}
        yield from (entry["Id"] in taken for entry in entries)


def _notification(bucket: str, key: str) -> str:
    s3 = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}}
    return json.dumps({"Records": [{"eventSource": "trailkeep:sweep", "eventName": "ObjectCreated:Sweep", "s3": s3}]})


@lru_cache(maxsize=1)
def _queue() -> Any:
    return boto3.client("sqs")
