"""A partition as compaction sees it: what its manifest has in force, and what in the listing is still to be merged."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from trailkeep.compaction.adoption import adopt
from trailkeep.compaction.arrivals import Arrivals
from trailkeep.errors import ObjectUnreadable
from trailkeep.lake.manifest import Manifest, manifest_key, read_manifest
from trailkeep.lake.partitions import Partition, is_compacted_name, parse_fresh_name, parse_part
from trailkeep.lake.storage import Bucket, Stat

ABANDONED = timedelta(days=1)
"""A compacted object in no manifest may be about to be put in force by its worker, but not for a day."""


@dataclass(slots=True)
class View:
    """A partition at one moment. ``etag`` is that of the stored manifest, None where there is none.

    ``committed`` are fresh parts to be merged; ``orphans`` parts whose events stand in others; ``leftover`` compacted
    objects in no manifest, to be merged like something fresh; ``missing`` the keys of objects that the stored manifest
    has in force and that are not there. ``is_begun_anew`` where no manifest stood that could be read.
    """

    manifest: Manifest
    etag: str | None
    is_begun_anew: bool = False
    listed: dict[str, Stat] = field(default_factory=dict)
    committed: list[Stat] = field(default_factory=list)
    orphans: list[Stat] = field(default_factory=list)
    leftover: list[Stat] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def look(bucket: Bucket, arrivals: Arrivals, partition: Partition, now: datetime, without: Container[str]) -> View:
    """Look at a partition, passing over the keys in ``without``.

    The manifest is read before the listing, so that all that it has in force is listed, and the feed after it. Where
    the manifest is lost or damaged, the view has one begun anew.
    """
    view = _standing(bucket, partition)
    view.listed = listed = {stat.key: stat for stat in bucket.list(partition.prefix).objects}
    if view.is_begun_anew and (adopted := adopt(bucket, listed.values())):
        view.manifest = Manifest(partition, compacted=adopted, accounts=None)
    here = tuple(each for each in view.manifest.compacted if each.key in listed)
    view.missing = [each.key for each in view.manifest.compacted if each.key not in listed]
    view.manifest = msgspec.structs.replace(view.manifest, compacted=here)
    delivered = []
    for stat in view.manifest.fresh(listed.values()):
        part = parse_part(stat.key)
        if part is None or stat.key in without:
            continue
        if parse_fresh_name(part.name):
            delivered.append(stat)
        elif not is_compacted_name(part.name):
            view.committed.append(stat)  # of a version that named its parts otherwise
        elif stat.modified_at <= now - ABANDONED:
            view.leftover.append(stat)
    arrived = arrivals.sort(delivered, now)
    view.committed += arrived.committed
    view.orphans = arrived.orphans
    return view


def _standing(bucket: Bucket, partition: Partition) -> View:
    """A view of nothing but the manifest."""
    try:
        standing = read_manifest(bucket, partition)
    except ObjectUnreadable:
        return View(Manifest(partition), bucket.stat(manifest_key(partition)).etag, is_begun_anew=True)
    return View(*standing) if standing else View(Manifest(partition), None, is_begun_anew=True)
