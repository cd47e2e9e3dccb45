"""Objects that compaction replaced are deleted when no reader can be at them any more."""

from datetime import datetime

import msgspec

from trailkeep.events.timestamps import from_micros
from trailkeep.lake.manifest import GRACE, Retired, read_manifest, write_manifest
from trailkeep.lake.parallel import requests_in_parallel
from trailkeep.lake.partitions import Partition
from trailkeep.lake.storage import Bucket

AT_ONCE = 2_000
"""Objects deleted before the manifest is told."""


def clean(bucket: Bucket, partition: Partition, now: datetime) -> int:
    """Delete what was retired before the grace time; gives how many objects were.

    An object goes before its entry: an interruption leaves an entry of something gone, which the next run removes. Each
    is deleted only as the object that was compacted: what was written anew under its key is another one, and stays.
    """
    deleted = 0
    while True:
        standing = read_manifest(bucket, partition)
        if standing is None:
            return deleted
        manifest, etag = standing
        due = [each for each in manifest.retired if is_due(each, now)][:AT_ONCE]
        if not due:
            return deleted
        deleted += sum(requests_in_parallel(lambda each: bucket.delete(each.key, each.etag), due))
        gone = set(due)
        kept = tuple(each for each in manifest.retired if each not in gone)
        changed = msgspec.structs.replace(manifest, version=manifest.version + 1, retired=kept)
        if not write_manifest(bucket, changed, etag):
            return deleted  # another worker is at it; the next run removes the entries


def is_due(each: Retired, now: datetime) -> bool:
    """Whether a retired object can be deleted."""
    return from_micros(each.at) + GRACE <= now
