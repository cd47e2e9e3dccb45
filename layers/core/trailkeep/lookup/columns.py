"""Rows → candidates, by their columns: which rows of a part or a row group a question is about."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.events.identity import UID_BYTES
from trailkeep.lake.parts import Lake, Reading, Stretch
from trailkeep.lookup.candidates import Candidate, Candidates, remaining
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.question import Question


class ColumnReader:
    """Reads the columns of stretches that a question compares. One for each page."""

    def __init__(
        self, lake: Lake, question: Question, behind: Position | None, as_of: int, best: Candidates, reading: Reading
    ) -> None:
        self._lake = lake
        self._question = question
        self._behind = behind
        self._as_of = as_of
        self._best = best
        self._reading = reading
        self._columns = ["uid", "event_time", *sorted({name for each in question.filters for name in each.columns})]

    def read(self, stretches: list[Stretch]) -> None:
        """Read several stretches at once and take in what they hold; one that cannot be read is a failure."""
        for stretch, table in self._lake.rows(stretches, self._columns, self._reading):
            self._best.add(self._candidates(stretch, table))

    def _candidates(self, stretch: Stretch, table: pa.Table) -> Iterator[Candidate]:
        """The rows that the filters let through, at most as many as can matter."""
        rows = self._behind_position(self._in_window(stretch, table))
        if len(rows) > self._best.wanted:
            order = "descending" if self._question.newest_first else "ascending"
            rows = rows.sort_by([("event_time", order), ("uid", order)]).slice(0, self._best.wanted)
        times, uids, places = (rows.column(name).to_pylist() for name in ("event_time", "uid", "place"))
        for time, uid, place in zip(times, uids, places, strict=True):
            yield Candidate(time, uid, (stretch, place))

    def _in_window(self, stretch: Stretch, table: pa.Table) -> pa.Table:
        times = table.column("event_time").cast(pa.int64())
        start, end = remaining(self._question, self._behind)
        mask = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
        if stretch.stored.hidden:
            mask = pc.and_(mask, pc.less(table.column("delivered_at").cast(pa.int64()), self._as_of))
        if self._best.is_full:
            compare = pc.greater_equal if self._question.newest_first else pc.less_equal
            mask = pc.and_(mask, compare(times, self._best.rows[-1].time))
        for condition in self._question.filters:
            mask = pc.and_(mask, condition.holds(table))
        places = pa.array(range(len(table)))
        return pa.table({"event_time": times, "uid": table.column("uid"), "place": places}).filter(mask)

    def _behind_position(self, rows: pa.Table) -> pa.Table:
        """Without the rows of the position's microsecond that earlier pages gave; an edge of time has none."""
        behind = self._behind
        if behind is None or not len(rows) or len(behind.uid) != UID_BYTES:
            return rows
        uids = rows["uid"].cast(pa.binary())
        side = pc.less(uids, behind.uid) if self._question.newest_first else pc.greater(uids, behind.uid)
        return rows.filter(pc.or_(pc.not_equal(rows["event_time"], behind.time), side))
