"""Insight events as messages: as large as a channel takes, and as many at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST = 10
"""Messages that EventBridge and SNS take in one call."""

MOST_BYTES = 240_000
"""Of a message, and of all in one call: some less than the 256 KB that they take, for what stands beside the text."""

_LESS_NEEDED = ("series", "events", "attributions")

Message = tuple[Mapping[str, Any], str]
"""An event, and the text of its message."""


def batches(events: Sequence[Mapping[str, Any]]) -> Iterator[list[Message]]:
    """The events with their texts, in their order, as many together as one call takes."""
    batch: list[Message] = []
    size = 0
    for event in events:
        text = text_of(event)
        if batch and (len(batch) == MOST or size + len(text) > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((event, text))
        size += len(text)
    if batch:
        yield batch


def text_of(event: Mapping[str, Any]) -> str:
    """An event as JSON of ASCII characters; without what people can look up by its ID, where it is too long."""
    text = json.dumps(event)
    for name in _LESS_NEEDED:
        if len(text) <= MOST_BYTES:
            break
        details = event["insightDetails"]
        event = {**event, "insightDetails": {**details, "insightContext": {**details["insightContext"], name: []}}}
        text = json.dumps(event)
    return text
