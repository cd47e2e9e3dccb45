"""One page of a search: what a lookup's page is, of the events that also meet a condition."""

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa

from trailkeep.lake.partitions import EVENTS
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup.candidates import PAGE_BYTES, Candidate, Candidates, Page, close
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.page import read_page
from trailkeep.lookup.question import Question
from trailkeep.search.conditions import Everything
from trailkeep.search.matching import Matching
from trailkeep.search.stream import Stream


def read_matches(
    lake: Lake,
    matching: Matching,
    behind: Position | None,
    max_results: int,
    as_of: datetime,
    now: datetime,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Page:
    """The events nearest to ``behind`` that match, of those that were delivered before ``as_of``.

    A page closes as a lookup's does: at ``max_results``, at its bytes, or where ``out_of_time`` ends it, at a place up
    to which it is complete. A full page does not look for one event more where that may take long: then the next one
    may be empty. Raises :class:`StorageUnavailable`.
    """
    question = Question(
        start=matching.start,
        end=matching.end,
        regions=matching.regions,
        newest_first=matching.newest_first,
        max_results=max_results,
        filters=matching.filters,
    )
    if isinstance(matching.condition, Everything) and matching.datasets == (EVENTS,):
        return read_page(lake, EVENTS, question, behind, as_of, now, out_of_time)
    reading = Reading()
    best = Candidates(max_results + 1, matching.newest_first)
    size = 0
    has_more = False
    columns = ["event"]
    with Stream(lake, matching, as_of, behind, columns, reading, out_of_time, now=now, most=best.wanted) as found:
        for table in found:
            best.rows += _candidates(table)
            size += table.column("event").nbytes
            has_more = size > PAGE_BYTES or (len(best.rows) == max_results and found.has_unread)
            if has_more:
                break
    stopped_at = None if has_more or best.is_full else found.stopped_at
    return close(lake, best, question, reading, stopped_at.time if stopped_at else None, has_more)


def _candidates(table: pa.Table) -> list[Candidate]:
    times = table.column("event_time").cast(pa.int64()).to_pylist()
    uids, events = (table.column(name).to_pylist() for name in ("uid", "event"))
    return list(map(Candidate, times, uids, events))
