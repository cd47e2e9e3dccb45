"""Commits: the arrival feed. Each delivery ends with one small immutable object that says what became of it.

``state/commits/<minute>/<delivery>.<normaliser>-<mask>[.<region>_<first>_<last>]….json``: the key itself names the
parts, one group for each in the order of their numbers, so that a listing of the feed is enough to find every fresh
part. Where that would be too long, a ``+`` stands for all of them and the object has to be opened. The minute is the
one that the delivery's plan pinned; see :mod:`trailkeep.lake.feed` for how to follow.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from trailkeep.errors import ObjectUnreadable
from trailkeep.events.regions import is_region
from trailkeep.events.timestamps import date_of, format_time
from trailkeep.lake.partitions import EVENTS, Part, Partition, Versions, fresh_name, parse_part
from trailkeep.lake.storage import Bucket

COMMITS = "state/commits/"

MAX_KEY = 900
"""Bytes of a commit's key; stores take 1,024."""

_DELIVERY = re.compile(rf"{COMMITS}[^/]+/([0-9a-f]{{32}})\.")
_KEY = re.compile(
    rf"{COMMITS}(\d{{4}}-\d\d-\d\d)T(\d\d)-(\d\d)/(?P<delivery>[0-9a-f]{{32}})\.(?P<normaliser>\d{{1,9}})-(?P<mask>\d{{1,9}})"
    r"\.(?P<parts>\+\.|(?:[a-z0-9-]{1,32}_\d{16,18}_\d{16,18}\.)*)json",
    re.ASCII,
)


def delivery_id(bucket: str, key: str, etag: str) -> str:
    """The ID of a delivery: the same landing object, however often announced; another one once it is overwritten."""
    return sha256("\0".join((bucket, key, etag)).encode()).hexdigest()[:32]


def minute_of(moment: datetime) -> datetime:
    """The minute of the feed that a moment lies in."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def minute_prefix(minute: datetime) -> str:
    """What the keys of a minute's commits start with; a moment within it will do."""
    return f"{COMMITS}{minute.astimezone(UTC):%Y-%m-%dT%H-%M}/"


@dataclass(frozen=True, slots=True)
class CommitName:
    """What a commit's key says; ``parts`` is None where the object has to be opened for them."""

    delivery: str
    minute: datetime
    versions: Versions
    parts: tuple[Part, ...] | None

    @property
    def key(self) -> str:
        """The commit's key."""
        start = f"{minute_prefix(self.minute)}{self.delivery}.{self.versions}."
        if self.parts is not None:
            key = start + "".join(f"{_group(part)}." for part in self.parts) + "json"
            if len(key) <= MAX_KEY:
                return key
        return f"{start}+.json"


def _group(part: Part) -> str:
    return f"{part.partition.region}_{part.first:016d}_{part.last:016d}"


def commit_key(minute: datetime, delivery: str, versions: Versions, parts: Sequence[Part]) -> str:
    """The key of the commit of a delivery that wrote ``parts``, in the order of their numbers."""
    return CommitName(delivery, minute, versions, tuple(parts)).key


def parse_commit_key(key: str) -> CommitName | None:
    """What a commit's key says; None for a key that no commit of ours has."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    delivery, versions = match["delivery"], Versions(int(match["normaliser"]), int(match["mask"]))
    parts: list[Part] = []
    for group in match["parts"].split(".")[:-1] if match["parts"] != "+." else ():
        region, first, last = group.split("_")
        if not is_region(region):
            return None
        partition = Partition(EVENTS, region, date_of(int(first)))
        parts.append(Part(partition, int(first), int(last), str(fresh_name(delivery, versions, len(parts)))))
    try:
        minute = datetime.fromisoformat(f"{match[1]}T{match[2]}:{match[3]}+00:00")
    except ValueError:
        return None
    name = CommitName(delivery, minute, versions, None if match["parts"] == "+." else tuple(parts))
    return name if name.key == key else None  # with other zeros than ours, it would be looked for under another key


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

    @property
    def versions(self) -> Versions:
        """The code that delivered."""
        return Versions(self.normaliser_version, self.mask_version)

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


def write_commit(lake: Bucket, commit: Commit, minute: datetime, now: datetime) -> str:
    """End a delivery in its minute of the feed; gives the commit's key. All parts must stand before it is called."""
    commit.committed_at = format_time(now)
    key = commit_key(minute, commit.delivery, commit.versions, parts_of(commit))
    lake.create(key, msgspec.json.encode(asdict(commit)))
    return key


def read_commit(lake: Bucket, key: str) -> Commit:
    """The commit under a key; :class:`ObjectUnreadable` where something else stands there."""
    try:
        return msgspec.json.decode(lake.get(key), type=Commit)
    except ValueError as error:
        raise ObjectUnreadable(f"{key} is not a commit") from error


def parts_of(commit: Commit) -> list[Part]:
    """The parts that a commit names; :class:`ObjectUnreadable` for a key that no part has."""
    parts = [part for record in commit.parts if (part := parse_part(record.key))]
    if len(parts) < len(commit.parts):
        raise ObjectUnreadable(f"the commit of {commit.delivery} names what is no part")
    return parts


def is_committed(lake: Bucket, delivery: str, minute: datetime) -> bool:
    """Whether a delivery has ended with a commit in this minute of the feed, by code of whichever version."""
    return any(page.objects for page in lake.pages(f"{minute_prefix(minute)}{delivery}."))


def committed_deliveries(lake: Bucket) -> set[bytes]:
    """The IDs, 16 bytes each, of all deliveries that have ended with a commit: about 100 MB for a million."""
    found: set[bytes] = set()
    for page in lake.pages(COMMITS):
        found.update(bytes.fromhex(match[1]) for stat in page.objects if (match := _DELIVERY.match(stat.key)))
    return found
