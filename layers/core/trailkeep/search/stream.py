"""The events that match, in the order of their times, each once: read by several threads, in bounded memory."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from threading import Event
from typing import Self

import pyarrow as pa

from trailkeep.events.timestamps import to_micros
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lake.scanned import UNREADABLE, note_unreadable, rows_of
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.snapshot import Snapshot, read_snapshot
from trailkeep.search.direction import Direction
from trailkeep.search.itinerary import Itinerary, Leg
from trailkeep.search.matching import Matching
from trailkeep.search.merging import Merged
from trailkeep.search.reading_ahead import ReadingAhead
from trailkeep.search.scan import Interrupted, Matches, Scan, schema_of
from trailkeep.search.sources import Sources

_POLL_SECONDS = 0.1


class Stream(Iterator[pa.Table]):
    """The events that match, of those that were delivered before ``as_of``, from ``behind`` on: tables, in order.

    They have at most 32,768 rows and some 32 MB; whoever does not take all of them closes the stream. ``columns`` are
    names of :data:`trailkeep.schema.EVENTS`, which the tables have behind those of
    :data:`trailkeep.search.scan.PLACE`. ``reading`` tells, as tables are taken, what was read, and which objects could
    not be: what these hold is left out. ``out_of_time`` ends the stream early, at :attr:`stopped_at`, but not before
    it has come further than ``behind``. By ``now`` an index is trusted; without it, the lake is listed. Nothing comes
    behind the first ``most`` events, if that is given.

    ``stopped_at`` is where another stream goes on, None behind the last event; it is right once the tables have ended.
    ``reached`` is a time in microseconds: of what comes before it, everything was given. ``has_unread`` tells whether
    stretches are left that may hold more.

    Taking a table raises :class:`StorageUnavailable`.
    """

    def __init__(
        self,
        lake: Lake,
        matching: Matching,
        as_of: datetime,
        behind: Position | None,
        columns: Sequence[str],
        reading: Reading,
        out_of_time: Callable[[], bool] = lambda: False,
        *,
        now: datetime | None = None,
        most: int | None = None,
    ) -> None:
        self.schema = schema_of(columns)
        self.stopped_at: Position | None = None
        self._direction = Direction(matching.newest_first)
        self._start = self._direction.start_of(matching.start, matching.end)
        self.reached = self._start
        self.has_unread = True
        self._lake, self._matching, self._as_of, self._now = lake, matching, as_of, now
        self._behind, self._reading, self._out_of_time, self._left = behind, reading, out_of_time, most
        self._tables = self._given()

    def __next__(self) -> pa.Table:
        return next(self._tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Read nothing more."""
        self._tables.close()

    def _given(self) -> Generator[pa.Table, None, None]:
        snapshot = read_snapshot(self._lake.bucket, self._as_of, self._now) if self._now else None
        if snapshot is not None:
            self._reading.watermark, self._reading.has_watermark = snapshot.watermark, True
            try:
                yield from self._by(snapshot)
                return
            except (Damaged, _Outdated):  # an index is derived, and may be
                if self._direction.is_nearer(self._start, self.reached):
                    self._behind = self._direction.before(self.reached)
        yield from self._by(None)

    def _by(self, snapshot: Snapshot | None) -> Generator[pa.Table, None, None]:
        """The tables by what an index says; by listings, where there is none."""
        window = self._direction.remaining(self._matching.start, self._matching.end, self._behind)
        if window[0] >= window[1]:
            self.has_unread = False
            return
        sources = Sources(self._lake, self._matching, self._as_of, snapshot)
        scan = Scan(self._matching, window, self._behind, to_micros(self._as_of), self.schema, self._left)
        is_over = Event()

        def matches(leg: Leg) -> Matches:
            if is_over.is_set():
                raise Interrupted
            return scan.matches(leg.stretch, rows_of(self._lake.bucket, leg.stretch, leg.scanned), is_over.is_set)

        is_whole = self._left is None
        gone = self._reading.gone  # an itinerary looks into its first dates as soon as it is made
        itinerary = Itinerary(self._lake, sources, window, self._direction, self._reading, is_whole=is_whole)
        ahead = ReadingAhead(itinerary, matches, is_whole=is_whole, takes_all=scan.takes_all)
        try:
            yield from self._merged(ahead, gone if snapshot else None)
        finally:
            is_over.set()
            ahead.close()

    def _merged(self, ahead: ReadingAhead, gone: int | None) -> Generator[pa.Table, None, None]:
        """Where an index is used, ``gone`` is how many objects were known to be before: what it names is not."""
        merged = Merged(self._direction, self._left)
        has_read = False
        while (frontier := ahead.frontier) is not None:
            # A stream that stops has come further than where it began: so it ends, however often it is begun anew.
            has_advanced = self._behind is None or self._direction.is_nearer(self._behind.time, frontier)
            if self._runs_out_of_time(ahead, may_stop=has_read and has_advanced):
                yield from self._give(merged, frontier)
                self.stopped_at = self.stopped_at or self._direction.before(frontier)
                return
            self._take(*ahead.take(), merged)
            has_read = True
            if gone is not None and self._reading.gone > gone:
                raise _Outdated
            self.has_unread = ahead.frontier is not None
            if merged.is_due or not self.has_unread:
                yield from self._give(merged, ahead.frontier)
            if self.stopped_at:
                return
        if gone is not None and self._reading.gone > gone:
            raise _Outdated
        self.has_unread = False

    def _runs_out_of_time(self, ahead: ReadingAhead, *, may_stop: bool) -> bool:
        """Wait for the next stretch; True where there is no time for that."""
        while True:
            if may_stop and self._out_of_time():
                return True
            if ahead.is_ready(_POLL_SECONDS):
                return False

    def _take(self, leg: Leg, done: Future[Matches], merged: Merged) -> None:
        key = leg.stretch.stored.part.key
        try:
            matches = done.result()
        except UNREADABLE as error:
            note_unreadable(self._lake.bucket, key, error, self._reading)
            return
        self._reading.objects += 1
        self._reading.bytes += matches.bytes
        if matches.damaged:
            self._reading.fail(key, f"it holds {matches.damaged} events that cannot be read")
        merged.add(matches.table)
        pa.default_memory_pool().release_unused()

    def _give(self, merged: Merged, frontier: int | None) -> Generator[pa.Table, None, None]:
        """What comes before a time that nothing unread comes before."""
        for table in merged.before(frontier):
            if self._left is not None:
                self._left -= len(table)
            yield table
            if self._left == 0:
                time, uid = table.column("event_time")[-1].value, table.column("uid")[-1].as_py()
                self.stopped_at = Position(time, uid)
                return
        if frontier is not None:
            self.reached = frontier


class _Outdated(Exception):
    """What the index names is gone."""
