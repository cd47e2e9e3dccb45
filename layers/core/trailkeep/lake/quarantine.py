"""Quarantine: what could not be read, and why. Reasons and places only; the bytes stay in the landing bucket."""

from dataclasses import asdict, dataclass, field
from datetime import datetime

import msgspec

from trailkeep.events.reasons import Reason, Rejected
from trailkeep.lake.storage import Bucket

QUARANTINE = "quarantine/"
MAX_ENTRIES = 10_000
"""Entries kept of one object; those beyond are counted by reason. A million broken lines have one cause."""


@dataclass(slots=True)
class Quarantine:
    """The rejects of one landing object, collected while it is read."""

    entries: list[Rejected] = field(default_factory=list)
    counts: dict[Reason, int] = field(default_factory=dict)

    def add(self, rejected: Rejected) -> None:
        """Take in one reject."""
        self.counts[rejected.reason] = self.counts.get(rejected.reason, 0) + 1
        if len(self.entries) < MAX_ENTRIES or rejected.reason is Reason.GIVEN_UP:
            self.entries.append(rejected)

    @property
    def total(self) -> int:
        """Rejects taken in, those beyond :data:`MAX_ENTRIES` included."""
        return sum(self.counts.values())

    def write(self, lake: Bucket, delivery: str, bucket: str, key: str, received_at: datetime) -> str:
        """Store the entries under a key that only the delivery decides; gives the key."""
        target = f"{QUARANTINE}date={received_at.date().isoformat()}/{delivery}.json"
        lake.create(
            target,
            msgspec.json.encode(
                {
                    "bucket": bucket,
                    "object": key,
                    "receivedAt": received_at.isoformat(),
                    "counts": self.counts,
                    "entries": [asdict(entry) for entry in self.entries],
                }
            ),
        )
        return target
