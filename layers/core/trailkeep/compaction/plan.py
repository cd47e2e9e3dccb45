"""What the planner of compaction remembers between its runs: one small object, changed only by conditional writes.

Numbers by partition, no names, so that it stays small however many parts wait. It is a convenience: where it is lost or
damaged, the next run begins anew with every partition of the lake.
"""

from datetime import datetime

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.lake.storage import Bucket

PLAN = "state/compaction/plan.json"

CODE = f"{NORMALISER_VERSION}-{MASK_VERSION}"


class Pending(msgspec.Struct, omit_defaults=True):
    """A partition: how many ``parts`` no message covers yet, and when the ``oldest`` of them was committed.

    The last message was sent when it ``covered`` all that was committed before; it is ``awaited`` until that is
    compacted.
    """

    parts: int = 0
    oldest: datetime | None = None
    covered: datetime | None = None
    awaited: bool = False

    def count(self, committed_at: datetime) -> None:
        """Take in a part, unless a message covers it."""
        if self.covered is None or committed_at > self.covered:
            self.parts += 1
            self.oldest = min(self.oldest or committed_at, committed_at)

    def want(self, since: datetime) -> None:
        """Something has to be done here that no part of the feed tells of."""
        self.oldest = since

    def cover(self, now: datetime) -> None:
        """A message was sent that covers everything until ``now``."""
        self.parts, self.oldest, self.covered, self.awaited = 0, None, now, True


class Plan(msgspec.Struct):
    """Deliveries of minutes before the ``cursor`` are counted. ``code`` tells with whose rules rows are compacted.

    Partitions are known by their prefixes.
    """

    cursor: datetime
    code: str = CODE
    partitions: dict[str, Pending] = {}


def read_plan(lake: Bucket) -> tuple[Plan | None, str | None]:
    """What is remembered, with its etag; None for the plan where it is missing or damaged."""
    try:
        with lake.open(PLAN) as (stat, chunks):
            body = b"".join(chunks)
    except ObjectNotFound:
        return None, None
    try:
        return msgspec.json.decode(body, type=Plan), stat.etag
    except (ValueError, RecursionError):
        return None, stat.etag


def write_plan(lake: Bucket, plan: Plan, etag: str | None) -> bool:
    """Remember; False where another run was quicker, which then has sent the same messages."""
    body = msgspec.json.encode(plan)
    return lake.create(PLAN, body) if etag is None else lake.replace(PLAN, body, etag)
