"""Sources: which partitions a text for Athena reads. It must name the regions, and is faster with few dates."""

from dataclasses import dataclass

from trailkeep.lake.partitions import dates_between
from trailkeep.lake.parts import Lake
from trailkeep.search.matching import Matching

NOWHERE = "-"
"""A region that none can be called: Athena reads nothing, and still knows the columns."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table, and of its partitions those of some regions, from a first to a last date."""

    dataset: str
    regions: tuple[str, ...]
    first: str
    last: str


def sources_of(lake: Lake, matching: Matching) -> tuple[Source, ...]:
    """What there is of all that is looked for: one source for each dataset.

    A region that is not there is left out, as are dates before the first and behind the last that there are.
    """
    return tuple(_source_of(lake, matching, dataset) for dataset in matching.datasets)


def _source_of(lake: Lake, matching: Matching, dataset: str) -> Source:
    first, last = dates_between(matching.start, matching.end)
    regions = [region for region in lake.regions(dataset) if not matching.regions or region in matching.regions]
    found = lake.partitions(dataset, regions, first, last)
    if not found:
        return Source(dataset, (NOWHERE,), first, last)
    dates = [partition.date for partition in found]
    return Source(dataset, tuple(sorted({partition.region for partition in found})), min(dates), max(dates))
