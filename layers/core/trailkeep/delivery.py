"""Delivery: one landing object → its parts in the lake, its rejects in quarantine, and its commit.

Safe to repeat and to interrupt anywhere. Every key follows from the landing object and the code alone, objects are only
ever created, and the commit comes last: a second run finds what the first one wrote and goes on. Memory is bounded by
:data:`BUFFER_BYTES` and 16 bytes an event, whatever the object's size.

A plan comes first (see :mod:`trailkeep.lake.plans`). Two versions of this code may read an event differently and put it
into another partition, so that the lake would hold it twice if one of them began a delivery and the other one ended it
beside it. The plan says which code is at work, and where its commit is to be found. What an interruption leaves behind:

- before the plan: nothing;
- after the plan: no event; the same code goes on at once, other code when nobody can be at work any more;
- among or after the parts: events that are already right in an answer, as each ``uid`` is taken once. The same code
  writes the same parts again and finds them standing; other code writes all of its own, and those left are orphans,
  since no commit names them (:func:`trailkeep.lake.feed.tell_apart`);
- after the commit: all. Whoever comes later finds it where the plan says, and does nothing.

What decides the rows of a part, :data:`BUFFER_BYTES` included, so belongs to the versions in its key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from trailkeep.errors import Conflict
from trailkeep.events.batch import normalise_all
from trailkeep.events.columns import Row
from trailkeep.events.inflate import inflate
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION, Arrival
from trailkeep.events.regions import RegionRules
from trailkeep.events.timestamps import date_of, format_time, to_micros
from trailkeep.lake.commits import Commit, PartRecord, delivery_id, write_commit
from trailkeep.lake.identities import Identities
from trailkeep.lake.parquet import EncodedPart, encode_rows
from trailkeep.lake.partitions import EVENTS, Part, Partition, Versions, fresh_name
from trailkeep.lake.plans import pin
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

        Raises :class:`ObjectNotFound` for an object that is gone, which is final; :class:`StorageUnavailable` where the
        store fails and :class:`DeliveryUnderWay` where another worker may be at it, which are to be repeated.
        """
        with self.landing.open(key) as (source, chunks):
            delivery = delivery_id(self.landing.name, key, source.etag)
            minute = pin(self.lake, delivery, Versions(NORMALISER_VERSION, MASK_VERSION), now)
            if minute is None:
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
        write_commit(self.lake, commit, minute, now)
        return commit

    def _read(self, source: Stat, chunks: Iterator[bytes], commit: Commit, now: datetime) -> None:
        """Write the parts and the quarantine of an object, counting into its commit."""
        arrival = Arrival(channel_of(source.key), to_micros(source.modified_at), self.regions)
        quarantine = Quarantine()
        parts = _Parts(self.lake, commit, to_micros(now))
        for batch in () if _is_folder(source) else normalise_all(inflate(chunks), arrival, MAX_REJECTS):
            commit.records_in += len(batch.rows) + len(batch.rejected)
            commit.masked += batch.masked
            for rejected in batch.rejected:
                quarantine.add(rejected)
            for row in batch.rows:
                parts.add(row)
        parts.flush()
        commit.quarantined = quarantine.total
        if commit.quarantined:
            where = (commit.bucket, commit.key, source.modified_at)
            commit.quarantine_key = quarantine.write(self.lake, f"{commit.delivery}-{commit.versions}", *where)


def _is_folder(source: Stat) -> bool:
    """Whether an object only makes a folder show up in consoles: no log object, so nothing is missing from it."""
    return source.size == 0 and source.key.endswith("/")


class _Parts:
    """Rows by partition, written as parts when the buffer is full and at the end."""

    def __init__(self, lake: Bucket, commit: Commit, delivered_at: int) -> None:
        self._lake = lake
        self._commit = commit
        self._delivered_at = delivered_at
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._buffered = 0
        self._written = Identities()

    def add(self, row: Row) -> None:
        self._rows.setdefault((row.call.region, date_of(row.event_time)), []).append(row)
        self._buffered += len(row.event) + 500
        if self._buffered > BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        partitions = {Partition(EVENTS, *place): rows for place, rows in self._rows.items()}
        self._rows.clear()
        for partition in sorted(partitions, key=lambda partition: partition.prefix):
            self._write(partition, partitions.pop(partition))
        self._buffered = 0

    def _write(self, partition: Partition, rows: list[Row]) -> None:
        """Write what no earlier part holds: an object may repeat itself farther apart than the buffer reaches."""
        times = [row.event_time for row in rows]
        known = self._written.known(partition, min(times), max(times), [row.uid for row in rows])
        if known:
            self._commit.duplicates += sum(row.uid in known for row in rows)
            rows = [row for row in rows if row.uid not in known]
        if rows:
            encoded = encode_rows(rows, self._delivered_at)
            self._written.add(partition, encoded.first, encoded.last, [row.uid for row in rows])
            self._store(partition, encoded)

    def _store(self, partition: Partition, encoded: EncodedPart) -> None:
        """Create the part's object, or find the one that stands; count it into the commit."""
        name = fresh_name(self._commit.delivery, self._commit.versions, len(self._commit.parts))
        key = Part(partition, encoded.first, encoded.last, str(name)).key
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
