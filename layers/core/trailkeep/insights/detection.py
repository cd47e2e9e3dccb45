"""Detection: run the detectors over the history and store what they find, each start and end once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from trailkeep.errors import StorageUnavailable
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import date_of, to_micros
from trailkeep.insights import ip
from trailkeep.insights.history import History, read_history
from trailkeep.insights.insight import Insight
from trailkeep.insights.told import ToldInsights
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import INSIGHTS, Part, Partition
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lake.storage import Bucket

CHANNEL = "insights"

DETECTORS: dict[str, Callable[[History], Iterator[Insight]]] = {
    ip.INSIGHT_TYPE: ip.detect,
}
"""The types of Insight, each with the pure function that finds it."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a run did: calls looked at, Insights found, events newly stored."""

    calls: int
    insights: int
    stored: int


def detect_insights(bucket: Bucket, lake: Lake, regions: RegionRules, now: datetime) -> Detection:
    """Find what is unusual and store the start and end events that are not stored yet.

    A second run, or two at once, store nothing twice: an Insight's key follows from its identity, and one that was
    told before keeps it whatever comes late. Raises
    :class:`StorageUnavailable` where a part of the history could not be read: a network could seem new.
    """
    reading = Reading()
    history = read_history(lake, now, reading)
    if reading.failures:
        raise StorageUnavailable(f"{len(reading.failures)} parts of the history could not be read")
    told = ToldInsights(lake, now)
    found = stored = 0
    for detect in DETECTORS.values():
        for insight in detect(history):
            found += 1
            before = told.of(insight)
            for state, event in insight.events(before.shared_id if before else None):
                if before is None or state not in before.states:
                    stored += _store(bucket, event, regions, now)
    return Detection(len(history.calls), found, stored)


def _store(bucket: Bucket, event: dict[str, Any], regions: RegionRules, now: datetime) -> bool:
    """Store one start or end event as a part of its own; False where it was stored before."""
    record = Record(0, msgspec.json.encode(event))
    result = normalise(record, Arrival(CHANNEL, to_micros(now), regions))
    if isinstance(result, Rejected):
        raise ValueError(f"an Insight event is no event: {result.detail}")
    row, _ = result
    encoded = encode_part([row], to_micros(now))
    partition = Partition(INSIGHTS, row.region, date_of(row.event_time))
    part = Part(partition, row.event_time, row.event_time, row.uid.hex())
    return bucket.create(part.key, encoded.body, {"rows": "1", "fingerprint": encoded.fingerprint})
