"""Which objects hold the rows of a matching: by the index where there is one to trust, else by listings."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial

from trailkeep.events.timestamps import to_micros
from trailkeep.index.root import RootObject
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.partitions import EVENTS, Partition, dates_between
from trailkeep.lake.parts import Lake, Reading, StoredPart, known_by_key
from trailkeep.lake.scanned import PageRun
from trailkeep.lookup.snapshot import Snapshot
from trailkeep.search.matching import Matching


class Sources:
    """The objects of a matching, date by date; objects of different dates have no moment in common.

    Making one raises :class:`Damaged` where the ``snapshot`` is not what it says.
    """

    def __init__(self, lake: Lake, matching: Matching, as_of: datetime, snapshot: Snapshot | None) -> None:
        self._lake = lake
        self._matching = matching
        self._as_of = as_of
        self._known: defaultdict[str, list[StoredPart]] = defaultdict(list)
        self._unlisted: defaultdict[str, list[Partition]] = defaultdict(list)
        self._indexed: dict[str, RootObject] = {}
        for dataset in matching.datasets:
            if dataset == EVENTS and snapshot:
                self._indexed = {each.key: each for each in snapshot.root.objects if each.is_paged}
                for stored in self._within(_standing(snapshot, to_micros(as_of))):
                    self._known[stored.part.partition.date].append(stored)
            else:
                first, last = dates_between(matching.start, matching.end)
                for partition in lake.partitions(dataset, matching.regions or lake.regions(dataset), first, last):
                    self._unlisted[partition.date].append(partition)

    @property
    def dates(self) -> list[str]:
        """The dates that may have rows, in the order in which these are wanted."""
        return sorted(self._known.keys() | self._unlisted.keys(), reverse=self._matching.newest_first)

    def stored(self, dates: Iterable[str], reading: Reading) -> list[StoredPart]:
        """The objects of some dates that overlap the window. Lists what the index does not tell of."""
        chosen = list(dates)
        known = [stored for date in chosen for stored in self._known.get(date, ())]
        reading.partitions.update(stored.part.partition.prefix for stored in known)
        partitions = [partition for date in chosen for partition in self._unlisted.get(date, ())]
        return known + list(self._within(self._lake.parts(partitions, self._as_of, reading)))

    def pages_of(self, key: str) -> Callable[[int], PageRun] | None:
        """What tells the pages of a row of an object, or raises :class:`Damaged`; None where the index does not."""
        known = self._indexed.get(key)
        return partial(_pages_near, known) if known else None

    def _within(self, found: Iterable[StoredPart]) -> Iterator[StoredPart]:
        start, end, regions = self._matching.start, self._matching.end, self._matching.regions
        for stored in found:
            part = stored.part
            if part.first < end and part.last >= start and (not regions or part.partition.region in regions):
                yield stored


def _pages_near(known: RootObject, row: int) -> PageRun:
    try:
        return PageRun(*known.stretch_of(row))
    except IndexError as error:
        raise Damaged(f"the root does not know row {row} of {known.key}") from error


def _standing(snapshot: Snapshot, as_of: int) -> Iterator[StoredPart]:
    for known, part in zip(snapshot.root.objects, snapshot.root.parts, strict=True):
        if known.delivered_first < as_of:
            yield StoredPart(part, known.bytes, known.delivered_last >= as_of, settled=True)
    for part in snapshot.fresh:
        yield known_by_key(part)
