"""One page of a lookup: by the index where there is one that can be trusted, else by listings. Both answer the same."""

from collections.abc import Callable
from datetime import datetime

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.events.timestamps import from_micros
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.partitions import EVENTS
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lookup.candidates import Page, remaining
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.indexed import index_page
from trailkeep.lookup.listing import list_page
from trailkeep.lookup.question import Question
from trailkeep.lookup.snapshot import Snapshot, read_snapshot


def read_page(
    lake: Lake,
    dataset: str,
    question: Question,
    behind: Position | None,
    as_of: datetime,
    now: datetime,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Page:
    """The events nearest to ``behind`` in the question's direction, of those that were delivered before ``as_of``.

    ``out_of_time`` closes the page early, at a place up to which it is complete: a short page, never a wrong one.
    """
    start, end = remaining(question, behind)
    if start >= end:
        return Page([], None, Reading())
    if dataset == EVENTS and (snapshot := read_snapshot(lake.bucket, as_of, now)):
        page = _by_index(lake, snapshot, question, behind, as_of, out_of_time)
        if page is not None:
            return page
    return list_page(lake, dataset, question, behind, as_of, out_of_time)


def _by_index(
    lake: Lake,
    snapshot: Snapshot,
    question: Question,
    behind: Position | None,
    as_of: datetime,
    out_of_time: Callable[[], bool],
) -> Page | None:
    """The page by the index; None where it names what is not there, or not as it says: it is derived, and may be."""
    try:
        page = index_page(lake, snapshot, question, behind, as_of, out_of_time)
    except (Damaged, ObjectNotFound, ObjectUnreadable):
        return None
    return None if page.reading.gone else page


def visible_before(now_micros: int, settle_micros: int = 1_000_000) -> datetime:
    """The moment before which parts must stand to be in an answer: a whole second, one behind the clock.

    Stores give times of objects in whole seconds, and an object is seen a little after the time it carries. Behind
    this moment nothing appears any more, so that every page of a question sees the same parts.
    """
    return from_micros((now_micros - settle_micros) // 1_000_000 * 1_000_000)
