"""The way through the lake: stretches in the order of their nearest rows, looked up ahead of who reads them."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import is_compacted_name
from trailkeep.lake.parts import Lake, Reading, StoredPart, Stretch
from trailkeep.lake.scanned import UNREADABLE, ScannedObject, note_unreadable
from trailkeep.search.direction import Direction
from trailkeep.search.sources import Sources

MOST_DATES = 16
"""Dates that are looked into at once."""

_UNKNOWN_BYTES = 1 << 20
_GROWTH = 6
"""About how much larger the rows of a part are than its object."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch on the way; ``scanned`` is the compacted object that it is a row group of, None for a whole part.

    ``nearest`` is a time that none of its rows comes before in the order that they are wanted in, ``bytes`` what it
    takes in the store, ``decoded_bytes`` about what its rows take in memory.
    """

    stretch: Stretch
    scanned: ScannedObject | None
    nearest: int
    bytes: int
    decoded_bytes: int


class Itinerary(Iterator[Leg]):
    """The stretches of some sources that overlap a window, those with the nearest rows first.

    While the stretches of some dates are taken, the next dates are looked into: many at once where ``is_whole``, that
    is, where all will be taken; else few at first, as fits a page. ``reading`` is told of it as they are taken.
    """

    def __init__(
        self,
        lake: Lake,
        sources: Sources,
        window: tuple[int, int],
        direction: Direction,
        reading: Reading,
        *,
        is_whole: bool,
    ) -> None:
        self._lake, self._sources, self._window, self._reading = lake, sources, window, reading
        self._direction = direction
        self._dates = sources.dates
        self._dates_at_once = MOST_DATES if is_whole else 1
        self._legs: Iterator[Leg] = iter(())
        self._scout = ThreadPoolExecutor(1, thread_name_prefix="itinerary")
        self._ahead = self._look_ahead()

    def __next__(self) -> Leg:
        while (leg := next(self._legs, None)) is None:
            if self._ahead is None:
                raise StopIteration
            legs, seen = self._ahead.result()
            self._ahead = self._look_ahead()
            self._legs = iter(legs)
            self._reading.partitions |= seen.partitions
            self._reading.also(seen.failures)
            self._reading.gone += seen.gone
        return leg

    def close(self) -> None:
        """Look into no more dates."""
        self._scout.shutdown(wait=False, cancel_futures=True)

    def _look_ahead(self) -> Future[tuple[list[Leg], Reading]] | None:
        dates, self._dates = self._dates[: self._dates_at_once], self._dates[self._dates_at_once :]
        self._dates_at_once = min(MOST_DATES, 2 * self._dates_at_once)
        return self._scout.submit(self._legs_of, dates) if dates else None

    def _legs_of(self, dates: list[str]) -> tuple[list[Leg], Reading]:
        seen = Reading()
        stored = self._sources.stored(dates, seen)
        start, end = self._window
        legs = []
        for found in in_parallel(self._open, stored):
            if isinstance(found, tuple):
                note_unreadable(self._lake.bucket, *found, seen)
            else:
                legs += [leg for leg in found if leg.stretch.first < end and leg.stretch.last >= start]
        legs.sort(key=lambda leg: leg.nearest, reverse=self._direction.newest_first)
        return legs, seen

    def _open(self, stored: StoredPart) -> list[Leg] | tuple[str, Exception]:
        """The stretches of an object; its key and what is wrong where its footer cannot be read."""
        part = stored.part
        if not stored.size or not is_compacted_name(part.name):
            size = stored.size or _UNKNOWN_BYTES
            return [self._leg(Stretch(stored, part.first, part.last), None, size, _GROWTH * size)]
        try:
            scanned = ScannedObject(self._lake.bucket, part.key, stored.size, self._sources.pages_of(part.key))
            groups = scanned.row_groups()
        except UNREADABLE as error:
            return part.key, error
        return [
            self._leg(
                Stretch(stored, group.first, group.last, group.number),
                scanned,
                scanned.stored_bytes(group.number),
                group.bytes,
            )
            for group in groups
        ]

    def _leg(self, stretch: Stretch, scanned: ScannedObject | None, size: int, decoded: int) -> Leg:
        return Leg(stretch, scanned, self._direction.start_of(stretch.first, stretch.last), size, decoded)
