"""A worker as a process of its own: lands objects and delivers them, each until both were acknowledged.

``python -m tests.faults.writer <landing> <lake> <number>…`` writes a line for each object that is done.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from tests.functions.events import as_gzip, make_event
from trailkeep.delivery import Delivery
from trailkeep.errors import StorageUnavailable
from trailkeep.events.regions import RegionRules
from trailkeep.lake.storage import Bucket

EVENTS_EACH = 4
INTERRUPTED = "interrupted"


def key_of(number: int) -> str:
    """The key of the object with this number."""
    return f"AWSLogs/{number}.json.gz"


def log_object(number: int) -> bytes:
    """Events of two regions, so that a delivery writes two parts."""
    regions = ("cn-hangzhou", "us-east-1")
    return as_gzip(make_event(f"{number}-{n}", acsRegion=regions[n % 2]) for n in range(EVENTS_EACH))


def delivery_between(landing: Bucket, lake: Bucket) -> Delivery:
    """A delivery as a function has it."""
    return Delivery(landing, lake, RegionRules("cn-hangzhou", "ap-southeast-1"))


def main(landing: str, lake: str, *numbers: str) -> None:
    """Land and deliver."""
    delivery = delivery_between(Bucket(landing), Bucket(lake))
    waiting = [int(number) for number in numbers]
    while waiting:
        number = waiting[0]
        try:
            delivery.landing.create(key_of(number), log_object(number))
            delivery.deliver(key_of(number), datetime.now(UTC))
        except StorageUnavailable:
            print(INTERRUPTED, flush=True)
            waiting.append(waiting.pop(0))
        else:
            print(waiting.pop(0), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
