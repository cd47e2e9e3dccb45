"""What answering a question would take, before it is asked: known from the index or from listings, nothing is read."""

from dataclasses import dataclass
from datetime import datetime

from trailkeep.lake.damaged import Damaged
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import Partition
from trailkeep.lake.parts import Lake, Reading, StoredPart
from trailkeep.lookup.snapshot import read_snapshot
from trailkeep.search.matching import Matching
from trailkeep.search.sources import Sources

DOLLARS_PER_TB = 5.0
"""What Athena asks for what it reads; a region's own price may be another."""

_TB = 1 << 40


@dataclass(frozen=True, slots=True)
class Estimate:
    """Partitions and objects that may hold matches, and their bytes: an answer reads at most these."""

    partitions: int
    objects: int
    bytes: int


def estimate(lake: Lake, matching: Matching, as_of: datetime, now: datetime | None = None) -> Estimate:
    """What there is to read for a matching, of what was delivered before ``as_of``.

    Two requests where ``now`` lets the index be trusted and all is compacted; one more for each partition with fresh
    parts, and without an index two for each partition. Raises :class:`StorageUnavailable`.
    """
    if matching.start >= matching.end:
        return Estimate(0, 0, 0)
    snapshot = read_snapshot(lake.bucket, as_of, now) if now else None
    try:
        sources = Sources(lake, matching, as_of, snapshot)
    except Damaged:
        sources = Sources(lake, matching, as_of, None)
    stored = sources.stored(sources.dates, Reading())
    return Estimate(len({each.part.partition for each in stored}), len(stored), sum(_sizes(lake, stored)))


def price(size: int, dollars_per_tb: float = DOLLARS_PER_TB) -> float:
    """What an engine asks, in US dollars, that is paid by the bytes it reads."""
    return size / _TB * dollars_per_tb


def _sizes(lake: Lake, stored: list[StoredPart]) -> list[int]:
    """The size of each object; of those that came since the index was made, a listing tells."""
    unknown: set[Partition] = {each.part.partition for each in stored if not each.size}
    listings = in_parallel(lambda partition: lake.bucket.list(partition.prefix).objects, unknown)
    listed = {stat.key: stat.size for found in listings for stat in found}
    return [each.size or listed.get(each.part.key, 0) for each in stored]
