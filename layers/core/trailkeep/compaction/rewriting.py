"""One piece written anew: compacted objects and fresh rows in, compacted objects out, and not a row less."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.compaction.merge import merged, without_duplicates
from trailkeep.compaction.refresh import Refreshed, refresh
from trailkeep.errors import Conflict, ObjectUnreadable, RowsNotConserved
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.lake.compacted import CompactedReader, CompactedWriter, EncodedObject
from trailkeep.lake.manifest import Compacted
from trailkeep.lake.partitions import Part, Partition
from trailkeep.lake.storage import Bucket

LAYOUT = 1
"""Raised when the same rows would be split or encoded otherwise."""


@dataclass(frozen=True, slots=True)
class Source:
    """A stored object whose rows go into a piece; ``rows`` and ``normaliser_version`` where the manifest knows them."""

    key: str
    size: int
    rows: int | None = None


class Rewriting:
    """The writing of one piece. Its objects are only ever created, under keys that follow from ``inputs``."""

    def __init__(self, bucket: Bucket, partition: Partition, inputs: Iterable[str]) -> None:
        self._bucket = bucket
        self._partition = partition
        code = (str(NORMALISER_VERSION), str(MASK_VERSION), str(LAYOUT))
        self._name = sha256("\0".join((*code, *sorted(inputs))).encode()).hexdigest()[:24]
        self._writer: CompactedWriter | None = None
        self.refreshed = Refreshed()
        self.accounts: set[str] = set()
        self.written: list[Compacted] = []
        self.rows_in = self.rows_out = self.duplicates = 0

    def write(
        self,
        chain: Iterable[Source],
        others: Iterable[Source],
        fresh: Iterable[Iterable[pa.Table]],
        rows_an_object: int,
    ) -> None:
        """Write the rows of ``chain`` (one after another in time), of each of ``others``, and of each run in ``fresh``.

        Raises :class:`RowsNotConserved` unless every row in is a row out or a duplicate: what was written is then not
        to be put in force. :class:`ObjectUnreadable`, :class:`ObjectNotFound` and :class:`StorageUnavailable` as they
        come.
        """
        sources = [self._chained(chain), *map(self._batches, others), *map(self._counted, fresh)]
        for table, dropped in merged(sources):
            self.duplicates += dropped
            self._note_accounts(table)
            self._take(table, rows_an_object)
        self._end()
        if self.rows_in != self.rows_out + self.duplicates:
            raise RowsNotConserved(
                f"compaction of {self._partition.prefix} read {self.rows_in} rows and wrote {self.rows_out}, "
                f"with {self.duplicates} duplicates"
            )

    def close(self) -> None:
        """Drop what is half written; has to be called in the end."""
        if self._writer is not None:
            self._writer.close()

    def _take(self, table: pa.Table, rows_an_object: int) -> None:
        """Add rows to the object that is being written, and end it where it is large enough."""
        for stretch, ends in _cut(table, self._writer.rows if self._writer else 0, rows_an_object):
            if self._writer is None:
                self._writer = CompactedWriter(NORMALISER_VERSION)
            self._writer.write(stretch)
            if ends:
                self._end()

    def _end(self) -> None:
        if self._writer is not None:
            self._store(self._writer.finish())
            self._writer = None

    def _counted(self, run: Iterable[pa.Table]) -> Iterator[pa.Table]:
        for table in run:
            self.rows_in += table.num_rows
            yield table

    def _chained(self, chain: Iterable[Source]) -> Iterator[pa.Table]:
        for source in chain:
            yield from self._batches(source)

    def _batches(self, source: Source) -> Iterator[pa.Table]:
        reader = CompactedReader(self._bucket, source.key, source.size)
        if source.rows is not None and source.rows != reader.rows:
            raise ObjectUnreadable(f"{source.key} has {reader.rows} rows, its manifest says {source.rows}")
        self.rows_in += reader.rows
        for batch in reader.batches():
            fresh = refresh(batch, reader.normaliser_version, self._partition, self.refreshed)
            yield fresh if fresh is batch else without_duplicates(fresh)[0]

    def _store(self, encoded: EncodedObject) -> None:
        part = Part(self._partition, encoded.first, encoded.last, f"compacted-{self._name}-{len(self.written)}")
        digest, size = sha256(encoded.body).hexdigest(), len(encoded.body)
        metadata = {"rows": str(encoded.rows), "fingerprint": encoded.fingerprint, "sha256": digest}
        if not self._bucket.create(part.key, encoded.body, metadata):
            standing = self._bucket.stat(part.key)
            stored = standing.metadata or {}
            if stored.get("fingerprint") != encoded.fingerprint:
                raise Conflict(f"{part.key} holds other rows than this compaction's")
            digest, size = stored.get("sha256", ""), standing.size
        self.rows_out += encoded.rows
        self.written.append(
            Compacted(
                key=part.key,
                bytes=size,
                rows=encoded.rows,
                first=encoded.first,
                last=encoded.last,
                delivered_first=encoded.delivered_first,
                delivered_last=encoded.delivered_last,
                normaliser_version=NORMALISER_VERSION,
                mask_version=MASK_VERSION,
                sha256=digest,
            )
        )

    def _note_accounts(self, table: pa.Table) -> None:
        self.accounts.update(account for account in pc.unique(table.column("account_id")).to_pylist() if account)


def _cut(table: pa.Table, rows: int, goal: int) -> Iterator[tuple[pa.Table, bool]]:
    """A table in stretches, and whether the object, of ``rows`` rows so far, ends with each.

    It ends at ``goal`` rows, between different times: objects that do not share a time can be told apart by it. Only
    where that would make one twice as large, it ends among the events of one time.
    """
    times = table.column("event_time").cast(pa.int64()).to_pylist()
    start = 0
    while start < len(times):
        wanted = start + max(1, goal - rows)
        if wanted > len(times):
            yield table.slice(start), False
            return
        end = bisect_right(times, times[wanted - 1])
        if end == len(times) and rows + end - start < 2 * goal:
            yield table.slice(start), False  # the next table may begin with the same time
            return
        yield table.slice(start, end - start), True
        start, rows = end, 0
