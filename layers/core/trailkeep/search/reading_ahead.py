"""Stretches read by several threads before they are asked for, in order, and no more of them than memory allows."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from trailkeep.search.itinerary import Itinerary, Leg
from trailkeep.search.scan import Matches

AHEAD_BYTES = 96 << 20
"""What may be in memory of the stretches that were not yet taken, beside one of them."""

AHEAD_STRETCHES = 16
_AT_ONCE_OF_ALL = 2
"""Stretches that are begun with where all will be taken: more when it is known how much of them is kept."""

_LIKELY_SHARE = 0.25


class ReadingAhead:
    """What ``work`` makes of each stretch of an itinerary, on threads of its own.

    Few are read at once at first, one where they are for a page and not ``is_whole`` to be taken, and more as more are
    taken. ``takes_all`` where all that is read is kept: else how much that is, is learned on the way.
    """

    def __init__(
        self, itinerary: Itinerary, work: Callable[[Leg], Matches], *, is_whole: bool, takes_all: bool
    ) -> None:
        self._itinerary, self._work = itinerary, work
        self._at_once = _AT_ONCE_OF_ALL if is_whole else 1
        self._share = 1.0 if takes_all else _LIKELY_SHARE
        self._threads = ThreadPoolExecutor(AHEAD_STRETCHES, thread_name_prefix="scan")
        self._under_way: deque[tuple[Leg, Future[Matches]]] = deque()
        self._begin()

    @property
    def frontier(self) -> int | None:
        """A time that no row of what is left comes before; None where nothing is left."""
        return self._under_way[0][0].nearest if self._under_way else None

    def is_ready(self, seconds: float) -> bool:
        """Whether the next stretch was read, at the latest after so long."""
        return bool(wait([self._under_way[0][1]], seconds).done)

    def take(self) -> tuple[Leg, Future[Matches]]:
        """The next stretch, with what was made of it, or why nothing could be."""
        leg, future = self._under_way.popleft()
        if future.exception() is None:
            self._share = max(self._share / 2, future.result().table.nbytes / max(1, leg.decoded_bytes))
        self._at_once = min(AHEAD_STRETCHES, 2 * self._at_once)
        self._begin()
        return leg, future

    def close(self) -> None:
        """Begin no more; what is under way ends by itself."""
        self._itinerary.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        while len(self._under_way) < self._at_once and self._has_room():
            leg = next(self._itinerary, None)
            if leg is None:
                return
            self._under_way.append((leg, self._threads.submit(self._work, leg)))

    def _has_room(self) -> bool:
        weights = (leg.bytes + self._share * leg.decoded_bytes for leg, _ in self._under_way)
        return sum(weights) < AHEAD_BYTES
