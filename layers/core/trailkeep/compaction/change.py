"""One change of a partition: objects are written that replace others, then a conditional write puts them in force."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyarrow as pa

from trailkeep.compaction.pieces import parts_of
from trailkeep.compaction.rewriting import Rewriting, Source
from trailkeep.compaction.tally import Tally
from trailkeep.compaction.view import View
from trailkeep.errors import ObjectUnreadable
from trailkeep.events.timestamps import to_micros
from trailkeep.lake.manifest import MAX_ACCOUNTS, Compacted, Manifest, Retired, read_manifest, write_manifest
from trailkeep.lake.storage import Bucket, Stat


@dataclass(slots=True)
class Change:
    """What is to be merged: ``objects`` in force, ``fresh`` runs of some rows and bytes, and a ``leftover`` object.

    ``inputs`` are the parts that the rows are from. ``retired`` is what is not needed any more once it is in force.
    """

    objects: Sequence[Compacted] = ()
    fresh: Sequence[Iterable[pa.Table]] = ()
    fresh_rows: int = 0
    fresh_bytes: int = 0
    leftover: Stat | None = None
    inputs: Sequence[Stat] = ()
    retired: Sequence[Stat] = ()

    def write(self, bucket: Bucket, view: View) -> tuple[Manifest, Tally]:
        """Write the objects; gives the manifest that puts them in force, and what was done.

        Raises :class:`RowsNotConserved` where a row is missing, and the errors of storage.
        """
        leftover = [Source(self.leftover.key, self.leftover.size)] if self.leftover else []
        inputs = [f"{stat.key}\0{stat.etag}" for stat in self.inputs] + [each.key for each in self.objects]
        # The state that is built upon goes into the keys: what was replaced once never comes back under its old key.
        rewriting = Rewriting(bucket, view.manifest.partition, [*inputs, f"over\0{view.etag}"])
        try:
            chain = [Source(each.key, each.bytes, each.rows) for each in self.objects]
            rewriting.write(chain, leftover, self.fresh, self._rows_an_object())
        finally:
            rewriting.close()
        tally = Tally(
            rows_in=rewriting.rows_in,
            rows_out=rewriting.rows_out,
            duplicates=rewriting.duplicates,
            objects_written=len(rewriting.written),
            objects_replaced=len(self.objects),
            bytes_in=sum(each.bytes for each in self.objects),
            bytes_out=sum(each.bytes for each in rewriting.written),
        )
        tally.count(rewriting.refreshed)
        return self._manifest(view.manifest, rewriting), tally

    def _rows_an_object(self) -> int:
        rows = self.fresh_rows + sum(each.rows for each in self.objects)
        size = self.fresh_bytes + sum(each.bytes for each in self.objects)
        if self.leftover:
            # Its rows are most likely duplicates, and never more than double what is there.
            rows, size = rows or 1 << 20, size or self.leftover.size
        return -(-rows // parts_of(rows, size)) if rows else 1

    def _manifest(self, standing: Manifest, rewriting: Rewriting) -> Manifest:
        replaced = {each.key for each in self.objects}
        compacted = [each for each in standing.compacted if each.key not in replaced] + rewriting.written
        accounts: tuple[str, ...] | None = None
        if standing.accounts is not None:
            everyone = rewriting.accounts | set(standing.accounts)
            accounts = tuple(sorted(everyone)) if len(everyone) <= MAX_ACCOUNTS else None
        return msgspec.structs.replace(
            standing,
            version=standing.version + 1,
            compacted=tuple(sorted(compacted, key=lambda each: (each.first, each.last, each.key))),
            accounts=accounts,
        )


def retire(manifest: Manifest, objects: Sequence[Stat], now: datetime) -> Manifest:
    """The manifest with more objects retired, since ``now``."""
    at = to_micros(now)
    known = {(each.key, each.etag) for each in manifest.retired}
    more = tuple(Retired(stat.key, stat.etag, at) for stat in objects if (stat.key, stat.etag) not in known)
    return msgspec.structs.replace(manifest, retired=manifest.retired + more)


def put_in_force(bucket: Bucket, manifest: Manifest, etag: str | None) -> str | None:
    """Write a manifest in place of the one with ``etag``; gives its own etag, None where another worker was quicker.

    An answer that was lost is told from a lost race by what stands afterwards.
    """
    write_manifest(bucket, manifest, etag)
    try:
        standing = read_manifest(bucket, manifest.partition)
    except ObjectUnreadable:
        return None
    return standing[1] if standing and standing[0] == manifest else None
