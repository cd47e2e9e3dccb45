"""Commits: the arrival feed. Each delivery ends with one small immutable object that says what became of it.

``state/commits/<minute>/<delivery>.json`` is the feed, in the order of arrival: what follows the lake reads it from
where it stopped, with an overlap, and knows deliveries by their ID since a crash can leave one in it twice.
``state/deliveries/<delivery>.json`` is written last and answers the one question that a redelivery has: was this done?
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.lake.storage import Bucket

COMMITS = "state/commits/"
DELIVERIES = "state/deliveries/"


def delivery_id(bucket: str, key: str, etag: str) -> str:
    """The ID of a delivery: the same landing object, however often announced; another one once it is overwritten."""
    return sha256("\0".join((bucket, key, etag)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A part as its commit tells of it: times in microseconds, ``sha256`` of the Parquet bytes."""

    key: str
    rows: int
    bytes: int
    first: int
    last: int
    sha256: str


@dataclass(slots=True)
class Commit:
    """What became of one landing object. ``records_in = rows_out + quarantined + duplicates``, always."""

    delivery: str
    bucket: str
    key: str
    etag: str
    size: int
    received_at: str
    normaliser_version: int
    mask_version: int
    records_in: int = 0
    rows_out: int = 0
    quarantined: int = 0
    duplicates: int = 0
    masked: int = 0
    quarantine_key: str | None = None
    committed_at: str = ""
    parts: list[PartRecord] = field(default_factory=list)

    def is_conserved(self) -> bool:
        """Whether every record is accounted for."""
        return self.records_in == self.rows_out + self.quarantined + self.duplicates

    def counts(self) -> dict[str, int]:
        """The counts by the names that they have as metrics."""
        return {
            "RecordsIn": self.records_in,
            "EventsDelivered": self.rows_out,
            "EventsQuarantined": self.quarantined,
            "EventsDuplicate": self.duplicates,
            "SecretsMasked": self.masked,
            "ConservationViolations": int(not self.is_conserved()),
        }


def is_delivered(lake: Bucket, delivery: str) -> bool:
    """Whether a delivery has ended with its commit."""
    try:
        lake.stat(f"{DELIVERIES}{delivery}.json")
    except ObjectNotFound:
        return False
    return True


def write_commit(lake: Bucket, commit: Commit, now: datetime) -> str:
    """End a delivery; gives the commit's key. All parts must stand before it is called."""
    commit.committed_at = now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    key = f"{COMMITS}{now.astimezone(UTC):%Y-%m-%dT%H-%M}/{commit.delivery}.json"
    lake.create(key, msgspec.json.encode(asdict(commit)))
    lake.create(f"{DELIVERIES}{commit.delivery}.json", msgspec.json.encode({"commit": key}))
    return key
