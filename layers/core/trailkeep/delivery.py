"""Delivery: one landing object → its parts in the lake, its rejects in quarantine, and its commit.

Safe to repeat and to interrupt anywhere. Every key follows from the landing object alone, objects are only ever
created, and the commit comes last: a second run finds what the first one wrote and goes on. Memory is bounded by
:data:`BUFFER_BYTES` whatever the object's size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from trailkeep.errors import Conflict
from trailkeep.events.event import Event
from trailkeep.events.inflate import inflate
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION, Arrival, normalise
from trailkeep.events.reasons import Reason, Rejected
from trailkeep.events.records import split
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import date_of, format_time, to_micros
from trailkeep.lake.commits import Commit, PartRecord, delivery_id, is_delivered, write_commit
from trailkeep.lake.parquet import encode_part
from trailkeep.lake.partitions import EVENTS, Part, Partition
from trailkeep.lake.quarantine import Quarantine
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.landing import channel_of

BUFFER_BYTES = 48 << 20
"""Text of the originals held before parts are written: with columns and encoding some 250 MB of memory at the peak."""

MAX_REJECTS = 100_000
"""An object with more is no log, and would only cost time: the rest of it is one more reject, its bytes stay."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where deliveries go: both buckets and the region rules. One for the life of a function."""

    landing: Bucket
    lake: Bucket
    regions: RegionRules

    def deliver(self, key: str, now: datetime) -> Commit | None:
        """Deliver one landing object; None where that was done before.

        Raises :class:`ObjectNotFound` for an object that is gone and :class:`StorageUnavailable` where the store
        fails: the first is final, the second is to be repeated.
        """
        with self.landing.open(key) as (source, chunks):
            delivery = delivery_id(self.landing.name, key, source.etag)
            if is_delivered(self.lake, delivery):
                return None
            commit = Commit(
                delivery=delivery,
                bucket=self.landing.name,
                key=key,
                etag=source.etag,
                size=source.size,
                received_at=format_time(source.modified_at),
                normaliser_version=NORMALISER_VERSION,
                mask_version=MASK_VERSION,
            )
            self._read(source, chunks, commit, now)
        write_commit(self.lake, commit, now)
        return commit

    def _read(self, source: Stat, chunks: Iterator[bytes], commit: Commit, now: datetime) -> None:
        """Write the parts and the quarantine of an object, counting into its commit."""
        arrival = Arrival(channel_of(source.key), to_micros(source.modified_at), self.regions)
        quarantine = Quarantine()
        parts = _Parts(self.lake, commit, to_micros(now))
        records = () if _is_folder(source) else split(inflate(chunks))
        for record in records:
            commit.records_in += 1
            result = record if isinstance(record, Rejected) else normalise(record, arrival)
            if isinstance(result, Rejected) and quarantine.total == MAX_REJECTS:
                quarantine.add(Rejected(record.index, Reason.GIVEN_UP, f"more than {MAX_REJECTS} records are rejects"))
                break
            if isinstance(result, Rejected):
                quarantine.add(result)
            else:
                event, masked = result
                commit.masked += masked
                parts.add(event)
        parts.flush()
        commit.quarantined = quarantine.total
        if commit.quarantined:
            where = (commit.bucket, commit.key, source.modified_at)
            commit.quarantine_key = quarantine.write(self.lake, commit.delivery, *where)


def _is_folder(source: Stat) -> bool:
    """Whether an object only makes a folder show up in consoles: no log object, so nothing is missing from it."""
    return source.size == 0 and source.key.endswith("/")


class _Parts:
    """Events by partition, written as parts when the buffer is full and at the end."""

    def __init__(self, lake: Bucket, commit: Commit, delivered_at: int) -> None:
        self._lake = lake
        self._commit = commit
        self._delivered_at = delivered_at
        self._events: dict[Partition, list[Event]] = {}
        self._buffered = 0
        self._name = sha256(f"{commit.delivery}/{NORMALISER_VERSION}/{MASK_VERSION}".encode()).hexdigest()[:24]
        self._written = 0

    def add(self, event: Event) -> None:
        partition = Partition(EVENTS, event.region, date_of(event.event_time))
        self._events.setdefault(partition, []).append(event)
        self._buffered += len(event.event) + 500
        if self._buffered > BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        for partition in sorted(self._events, key=lambda partition: partition.prefix):
            self._write(partition, self._events.pop(partition))
        self._buffered = 0

    def _write(self, partition: Partition, events: list[Event]) -> None:
        encoded = encode_part(events, self._delivered_at)
        key = Part(partition, encoded.first, encoded.last, f"{self._name}-{self._written}").key
        self._written += 1
        digest = sha256(encoded.body).hexdigest()
        size = len(encoded.body)
        metadata = {"rows": str(encoded.rows), "fingerprint": encoded.fingerprint, "sha256": digest}
        if not self._lake.create(key, encoded.body, metadata):
            standing = self._lake.stat(key)
            stored = standing.metadata or {}
            if stored.get("fingerprint") != encoded.fingerprint:
                raise Conflict(f"{key} holds other rows than this delivery's")
            digest, size = stored.get("sha256", ""), standing.size
        self._commit.rows_out += encoded.rows
        self._commit.duplicates += encoded.duplicates
        self._commit.parts.append(PartRecord(key, encoded.rows, size, encoded.first, encoded.last, digest))
