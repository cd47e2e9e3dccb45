"""One page of a lookup: the events nearest to where the last page ended, each once, however many copies there are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.events.timestamps import from_micros
from trailkeep.lake.partitions import dates_between
from trailkeep.lake.parts import Lake, Reading, StoredPart
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.question import Question

PAGE_BYTES = 5_000_000
"""A page closes here: a function's answer may hold 6 MB, and JSON strings grow by their escapes."""

_STAND_IN_BYTES = 4096
"""About what an event too large for any answer takes in a page: its name and a link to it."""

WAVE = 16
"""Parts read at once, before looking whether the page is full."""


@dataclass(frozen=True, slots=True)
class Row:
    """An event of a page: where it stands in time, its original as it is stored, and the size of that in bytes."""

    time: int
    uid: bytes
    event: str
    size: int


@dataclass(slots=True)
class Page:
    """Events in the order asked for; ``ended_at`` is where the next page starts, None behind the last one."""

    rows: list[Row]
    ended_at: Position | None
    reading: Reading


@dataclass(slots=True)
class _Candidates:
    """The best rows so far: at most ``wanted``, in page order, one of each identity."""

    wanted: int
    newest_first: bool
    rows: list[tuple[int, bytes, pa.Table, int]] = field(default_factory=list)

    def add(self, table: pa.Table, matches: pa.Table) -> None:
        times, uids, places = (matches.column(name).to_pylist() for name in ("event_time", "uid", "place"))
        self.rows += [(time, uid, table, place) for time, uid, place in zip(times, uids, places, strict=True)]
        self.rows.sort(key=lambda row: row[:2], reverse=self.newest_first)
        unique: dict[tuple[int, bytes], tuple[int, bytes, pa.Table, int]] = {}
        for row in self.rows:
            unique.setdefault(row[:2], row)
        self.rows = list(unique.values())[: self.wanted]

    def is_full(self) -> bool:
        return len(self.rows) >= self.wanted


def read_page(
    lake: Lake,
    dataset: str,
    question: Question,
    behind: Position | None,
    as_of: datetime,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Page:
    """Read a page: the dates nearest first, in each the parts nearest first, until no part left can change it.

    ``out_of_time`` closes the page early, at a place up to which it is complete: a short page, never a wrong one.
    """
    reading = Reading()
    best = _Candidates(question.max_results + 1, question.newest_first)
    start, end = _remaining(question, behind)
    if start >= end:
        return Page([], None, reading)
    partitions = lake.partitions(dataset, question.regions or lake.regions(dataset), *dates_between(start, end))
    partitions.sort(key=lambda partition: partition.date, reverse=question.newest_first)
    dates = groupby(partitions, key=lambda partition: partition.date)
    for number, (_, group) in enumerate(dates):
        parts = [
            stored
            for stored in lake.parts(group, as_of, reading)
            if stored.part.first < end and stored.part.last >= start
        ]
        stopped_at = _read_parts(lake, parts, question, behind, best, reading, number > 0, out_of_time)
        if stopped_at is not None:
            return _close(best, question, reading, stopped_at)
        if best.is_full():
            break
    return _close(best, question, reading, None)


def _remaining(question: Question, behind: Position | None) -> tuple[int, int]:
    """What is left of the window behind a position; its own microsecond included, as events may share it."""
    if behind is None:
        return question.start, question.end
    if question.newest_first:
        return question.start, min(question.end, behind.time + 1)
    return max(question.start, behind.time), question.end


def _read_parts(
    lake: Lake,
    parts: list[StoredPart],
    question: Question,
    behind: Position | None,
    best: _Candidates,
    reading: Reading,
    has_read: bool,
    out_of_time: Callable[[], bool],
) -> int | None:
    """Read the parts of one date into ``best``; a time where it had to stop early, up to which all is read.

    It stops only behind where the page started, so that a question advances with every page.
    """
    newest_first = question.newest_first
    parts.sort(key=(lambda s: -s.part.last) if newest_first else (lambda s: s.part.first))
    for number in range(0, len(parts), WAVE):
        nearest = parts[number].part.last if newest_first else parts[number].part.first
        if best.is_full():
            limit = best.rows[-1][0]
            if nearest < limit if newest_first else nearest > limit:
                return None
        advanced = behind is None or (nearest < behind.time if newest_first else nearest > behind.time)
        if (number or has_read) and advanced and out_of_time():
            return nearest
        for _, table in lake.rows(parts[number : number + WAVE], reading):
            matches = _matches(table, question, behind, best)
            if len(matches):
                best.add(table, matches)
    return None


def _matches(table: pa.Table, question: Question, behind: Position | None, best: _Candidates) -> pa.Table:
    """Places, times and identities of the rows that the filters let through, at most as many as can matter."""
    times = table.column("event_time").cast(pa.int64())
    start, end = _remaining(question, behind)
    mask = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
    if best.is_full():
        limit = best.rows[-1][0]
        mask = pc.and_(mask, (pc.greater_equal if question.newest_first else pc.less_equal)(times, limit))
    for condition in question.filters:
        mask = pc.and_(mask, condition.holds(table))
    order = "descending" if question.newest_first else "ascending"
    places = pa.array(range(len(table)))
    rows = pa.table({"event_time": times, "uid": table.column("uid"), "place": places}).filter(mask)
    if behind is not None and len(rows):
        same = pc.equal(rows["event_time"], behind.time)
        uid = pa.scalar(behind.uid, pa.binary(16)) if len(behind.uid) == 16 else None
        if uid is not None:
            uids = rows["uid"].cast(pa.binary())
            side = pc.less(uids, behind.uid) if question.newest_first else pc.greater(uids, behind.uid)
            rows = rows.filter(pc.or_(pc.invert(same), side))
    if len(rows) > best.wanted:
        rows = rows.sort_by([("event_time", order), ("uid", order)]).slice(0, best.wanted)
    return rows


def _close(best: _Candidates, question: Question, reading: Reading, stopped_at: int | None) -> Page:
    """The page of the best rows: cut at its number of events, its bytes, or where reading had to stop."""
    rows: list[Row] = []
    size = 0
    for time, uid, table, place in best.rows:
        if stopped_at is not None and (time <= stopped_at if question.newest_first else time >= stopped_at):
            break
        event = table.column("event")[place].as_py()
        length = len(event.encode())
        size += length + 1 if length <= PAGE_BYTES else _STAND_IN_BYTES
        if len(rows) == question.max_results or (rows and size > PAGE_BYTES):
            return Page(rows, Position(rows[-1].time, rows[-1].uid), reading)
        rows.append(Row(time, uid, event, length))
    if stopped_at is None:
        return Page(rows, None, reading)
    edge = b"\xff" * 17 if question.newest_first else b""
    return Page(rows, Position(stopped_at, edge), reading)


def visible_before(now_micros: int, settle_micros: int = 1_000_000) -> datetime:
    """The moment before which parts must stand to be in an answer: a whole second, one behind the clock.

    Stores give times of objects in whole seconds, and an object is seen a little after the time it carries. Behind
    this moment nothing appears any more, so that every page of a question sees the same parts.
    """
    return from_micros((now_micros - settle_micros) // 1_000_000 * 1_000_000)
