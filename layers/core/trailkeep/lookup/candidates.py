"""The events nearest to where the last page ended, each once, and how they become a page."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from trailkeep.lake.parts import Lake, Reading, Stretch
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.question import Question

PAGE_BYTES = 5_000_000
"""A page closes here: a function's answer may hold 6 MB, and JSON strings grow by their escapes."""

_STAND_IN_BYTES = 4096
"""About what an event too large for any answer takes in a page: its name and a link to it."""


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


class Candidate(NamedTuple):
    """An event that may be in the page: when it happened, its identity, and its original or where that stands."""

    time: int
    uid: bytes
    original: str | tuple[Stretch, int]


@dataclass(slots=True)
class Candidates:
    """The best events so far: at most ``wanted``, in page order, one of each identity."""

    wanted: int
    newest_first: bool
    rows: list[Candidate] = field(default_factory=list)

    def add(self, found: Iterable[Candidate]) -> None:
        """Take in events; of two with one identity the first stays."""
        unique: dict[tuple[int, bytes], Candidate] = {}
        for row in sorted([*self.rows, *found], key=lambda row: row[:2], reverse=self.newest_first):
            unique.setdefault(row[:2], row)
        self.rows = list(unique.values())[: self.wanted]

    @property
    def is_full(self) -> bool:
        """Whether only nearer events than the last one can change it."""
        return len(self.rows) >= self.wanted

    def can_take(self, time: int) -> bool:
        """Whether an event of this time could be among them."""
        if not self.is_full:
            return True
        return time >= self.rows[-1].time if self.newest_first else time <= self.rows[-1].time


def remaining(question: Question, behind: Position | None) -> tuple[int, int]:
    """What is left of the window behind a position; its own microsecond included, as events may share it."""
    if behind is None:
        return question.start, question.end
    if question.newest_first:
        return question.start, min(question.end, behind.time + 1)
    return max(question.start, behind.time), question.end


def is_behind(time: int, uid: bytes, behind: Position | None, newest_first: bool) -> bool:
    """Whether an event comes after a position in the page's direction."""
    if behind is None:
        return True
    place, there = (time, uid), (behind.time, behind.uid)
    return place < there if newest_first else place > there


def close(
    lake: Lake,
    best: Candidates,
    question: Question,
    reading: Reading,
    stopped_at: int | None,
    has_more: bool = False,
) -> Page:
    """The page of the best events: cut at its number of events, its bytes, or where reading had to stop.

    ``has_more`` where more events are known to follow that were not read.
    """
    rows: list[Row] = []
    size = 0
    for (time, uid, _), event in zip(best.rows, _originals(lake, best.rows, reading), strict=True):
        if stopped_at is not None and (time <= stopped_at if question.newest_first else time >= stopped_at):
            break
        if event is None:
            continue
        length = len(event.encode())
        size += length + 1 if length <= PAGE_BYTES else _STAND_IN_BYTES
        if len(rows) == question.max_results or (rows and size > PAGE_BYTES):
            return Page(rows, Position(rows[-1].time, rows[-1].uid), reading)
        rows.append(Row(time, uid, event, length))
    if has_more and rows:
        return Page(rows, Position(rows[-1].time, rows[-1].uid), reading)
    if stopped_at is None:
        return Page(rows, None, reading)
    edge = b"\xff" * 17 if question.newest_first else b""
    return Page(rows, Position(stopped_at, edge), reading)


def _originals(lake: Lake, rows: Iterable[Candidate], reading: Reading) -> list[str | None]:
    """The events themselves; None, and a failure, for one that cannot be read any more."""
    chosen = [row.original for row in rows]
    stored = [original for original in chosen if not isinstance(original, str)]
    texts = iter(lake.originals(stored, reading))
    return [original if isinstance(original, str) else next(texts) for original in chosen]
