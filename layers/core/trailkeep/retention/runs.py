"""Runs of retention: what the last one did, for those who ask and for the next one."""

from datetime import datetime

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.lake.storage import Bucket
from trailkeep.retention.settings import Moment, Terms

LAST_RUN = "state/retention/last-run.json"
_TRIES = 5

MAX_NAMED = 100
"""Partitions that a run names, of those that it left alone or failed to delete; all of them are counted."""


class Run(msgspec.Struct, rename="camel"):
    """A run: under which terms, what it deleted, what it kept and why, and how it ended.

    ``state`` is ``refused`` until everything that decides is read (nothing is deleted before), ``failed`` until the end
    is reached, then ``succeeded``, or ``unfinished`` where time ran out and the next run goes on. A run that was killed
    has no ``finishedAt``.
    """

    id: str
    started_at: Moment
    state: str = "refused"
    reason: str | None = None
    finished_at: Moment | None = None
    terms: Terms | None = None
    settings_updated_at: Moment | None = None
    partitions_deleted: int = 0
    objects_deleted: int = 0
    bytes_deleted: int = 0
    partitions_held: int = 0
    partitions_left_alone: int = 0
    failures: int = 0
    landing_objects_deleted: int = 0
    landing_bytes_deleted: int = 0
    documents_deleted: int = 0
    left_alone: list[dict[str, str]] = []

    def leave(self, name: str, reason: str) -> None:
        """Count and name a partition that is left alone, since it cannot be understood."""
        self.partitions_left_alone += 1
        self._name(name, reason)

    def fail(self, name: str, reason: str) -> None:
        """Count and name a partition or a landing object that the store did not let go."""
        self.failures += 1
        self._name(name, reason)

    def _name(self, name: str, reason: str) -> None:
        if len(self.left_alone) < MAX_NAMED:
            self.left_alone.append({"name": name, "reason": reason})

    def counts(self) -> dict[str, int]:
        """The counts by the names that they have as metrics."""
        return {
            "PartitionsExpired": self.partitions_deleted,
            "ObjectsExpired": self.objects_deleted,
            "BytesExpired": self.bytes_deleted,
            "PartitionsHeld": self.partitions_held,
            "PartitionsLeftAlone": self.partitions_left_alone,
            "LandingObjectsExpired": self.landing_objects_deleted,
            "LandingBytesExpired": self.landing_bytes_deleted,
            "DocumentsExpired": self.documents_deleted,
            "RetentionFailures": self.failures,
        }


_decoder = msgspec.json.Decoder(Run)


def read_last_run(lake: Bucket) -> Run | None:
    """The last run; None before the first, or where what is kept of it is damaged."""
    try:
        return _decoder.decode(lake.get(LAST_RUN))
    except (ObjectNotFound, ValueError, RecursionError):
        return None


def write_last_run(lake: Bucket, run: Run) -> datetime:
    """Keep a run as the last one; gives the store's own time of doing so."""
    body: bytes = msgspec.json.encode(run)
    for _ in range(_TRIES):
        try:
            standing = lake.stat(LAST_RUN)
        except ObjectNotFound:
            done = lake.create(LAST_RUN, body)
        else:
            done = lake.replace(LAST_RUN, body, standing.etag)
        if done:
            break
    return lake.stat(LAST_RUN).modified_at
