"""Regions with data: from when to when there are events in each, told by the names of objects alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from trailkeep.errors import QuestionTooLarge
from trailkeep.events.timestamps import format_micros, to_micros
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.partitions import EVENTS, Part, Partition
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup.filters import Filter
from trailkeep.lookup.page import read_page
from trailkeep.lookup.question import Question
from trailkeep.lookup.snapshot import read_snapshot

_ALL_DATES = ("0000-00-00", "9999-99-99")
_AHEAD = timedelta(days=2)
"""An event may lie a day ahead of its delivery."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region and the times of its first and last event, in microseconds."""

    name: str
    first: int
    last: int

    def as_json(self) -> dict[str, str]:
        """As ``GET /v1/regions`` tells it."""
        first, last = format_micros(self.first), format_micros(self.last)
        return {"region": self.name, "firstEventTime": first, "lastEventTime": last}


def read_regions(
    lake: Lake, only: Sequence[str] | None, as_of: datetime, now: datetime
) -> tuple[list[Region], Reading]:
    """The regions with events that were delivered before ``as_of``, by name; where ``only`` is given, some of these.

    By the root of the index in one round of requests: what expired since it was made may still count, as it does for
    lookups. Without it by listings of the first and the last date of each region.
    """
    found = _by_root(lake, as_of, now) or _by_listings(lake, only, as_of)
    parts, reading = [part for part in found[0] if only is None or part.partition.region in only], found[1]
    reading.partitions.update(part.partition.prefix for part in parts)
    return _joined(parts), reading


def regions_of(
    lake: Lake,
    regions: Iterable[Region],
    accounts: Filter,
    as_of: datetime,
    now: datetime,
    out_of_time: Callable[[], bool],
) -> tuple[list[Region], Reading]:
    """The same of some accounts only: the first and the last of their events are looked up in each region.

    Raises :class:`QuestionTooLarge` where there is no time to find them.
    """
    end = to_micros(now + _AHEAD)
    found: list[Region] = []
    together = Reading()
    for region in regions:
        times = []
        for newest_first in (False, True):
            question = Question(0, end, (region.name,), newest_first, 1, (accounts,))
            page = read_page(lake, EVENTS, question, None, as_of, now, out_of_time)
            if page.ended_at is not None and not page.rows:
                raise QuestionTooLarge("there is too much to look through in the time that an answer may take")
            together.also(page.reading.failures)
            times += [row.time for row in page.rows]
        if times:
            found.append(Region(region.name, min(times), max(times)))
    return found, together


def _by_root(lake: Lake, as_of: datetime, now: datetime) -> tuple[list[Part], Reading] | None:
    snapshot = read_snapshot(lake.bucket, as_of, now)
    if snapshot is None:
        return None
    root, moment = snapshot.root, to_micros(as_of)
    try:
        known = zip(root.objects, root.parts, strict=True)
        compacted = [part for each, part in known if each.delivered_first < moment]
    except Damaged:
        return None
    return [*compacted, *snapshot.fresh], Reading(watermark=snapshot.watermark, has_watermark=True)


def _by_listings(lake: Lake, only: Sequence[str] | None, as_of: datetime) -> tuple[list[Part], Reading]:
    reading = Reading()
    names = [name for name in lake.regions(EVENTS) if only is None or name in only]
    partitions = sorted(lake.partitions(EVENTS, names, *_ALL_DATES), key=lambda each: (each.region, each.date))
    pending = [list(own) for _, own in groupby(partitions, key=lambda each: each.region)]
    found: list[Part] = []
    while pending:
        ends = {end for own in pending for end in (own[0], own[-1])}
        here = [stored.part for stored in lake.parts(ends, as_of, reading)]
        found += here
        filled = {part.partition for part in here}
        pending = [rest for own in pending if (rest := _without_empty_ends(own, filled)) not in ([], own)]
    return found, reading


def _without_empty_ends(partitions: list[Partition], filled: set[Partition]) -> list[Partition]:
    """The dates without the first and the last one where these have no events after all."""
    return partitions[partitions[0] not in filled : len(partitions) - (partitions[-1] not in filled)]


def _joined(parts: Iterable[Part]) -> list[Region]:
    by_region: dict[str, list[Part]] = {}
    for part in parts:
        by_region.setdefault(part.partition.region, []).append(part)
    return [
        Region(name, min(part.first for part in own), max(part.last for part in own))
        for name, own in sorted(by_region.items())
    ]
