"""A manifest that was lost is begun anew from the listing: with the compacted objects that stand, nothing rewritten."""

from collections.abc import Iterable

from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.compacted import CompactedReader
from trailkeep.lake.manifest import Compacted
from trailkeep.lake.partitions import is_compacted_name, parse_part
from trailkeep.lake.storage import Bucket, Stat


def adopt(bucket: Bucket, listed: Iterable[Stat]) -> tuple[Compacted, ...]:
    """Of the listed compacted objects, those that follow one another in time.

    An object that shares times with an earlier one is left over: what it holds may stand in that one too, so that it
    is merged like something fresh. One that cannot be read is left over as well.
    """
    found: list[Compacted] = []
    for stat in sorted(listed, key=lambda stat: stat.key):
        part = parse_part(stat.key)
        if part is None or not is_compacted_name(part.name) or (found and part.first <= found[-1].last):
            continue
        try:
            reader = CompactedReader(bucket, stat.key, stat.size)
            delivered = reader.bounds("delivered_at")
            mask_version = reader.bounds("mask_version")[0]
        except ObjectUnreadable:
            continue
        found.append(
            Compacted(
                key=stat.key,
                bytes=stat.size,
                rows=reader.rows,
                first=part.first,
                last=part.last,
                delivered_first=delivered[0],
                delivered_last=delivered[1],
                normaliser_version=reader.normaliser_version,
                mask_version=mask_version,
                sha256=(bucket.stat(stat.key).metadata or {}).get("sha256", ""),
            )
        )
    return tuple(found)
