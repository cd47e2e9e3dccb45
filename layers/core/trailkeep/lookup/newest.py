"""The newest rows, of which the root itself knows enough: mostly a page of anything common needs no more."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from trailkeep.index.keys import LISTS
from trailkeep.index.recent import Recent
from trailkeep.index.root import Root
from trailkeep.lookup.filters import Filter
from trailkeep.lookup.pieces import PagePiece
from trailkeep.lookup.question import Question
from trailkeep.schema import EVENTS


@dataclass(slots=True)
class Newest:
    """Pieces with the answers among the newest rows; by region, the time from which on these are all rows."""

    pieces: list[PagePiece] = field(default_factory=list)
    since: dict[str, int] = field(default_factory=dict)


def newest_answers(root: Root, covered: Container[int], question: Question, window: tuple[int, int]) -> Newest:
    """What the root says of the newest rows of its ``covered`` objects. Raises :class:`Damaged`."""
    newest = Newest()
    if not question.newest_first:
        return newest
    for region, recent in root.recent.items():
        if (question.regions and region not in question.regions) or recent.since >= window[1]:
            continue
        table = _table(recent, question.filters)
        if table is None:
            continue
        newest.since[region] = recent.since
        newest.pieces += _pieces(recent, _passing(table, recent.rows, question.filters), covered, window)
    return newest


def _table(recent: Recent, filters: Sequence[Filter]) -> pa.Table | None:
    """The columns that the filters compare; None where one was left out."""
    names = sorted({name for each in filters for name in each.columns})
    if not recent.columns.keys() >= set(names):
        return None
    columns = {name: recent.lists(name) if name in LISTS else recent.texts(name) for name in names}
    return pa.table({name: pa.array(values, EVENTS.field(name).type) for name, values in columns.items()})


def _passing(table: pa.Table, rows: int, filters: Iterable[Filter]) -> list[bool]:
    passing = [True] * rows
    for each in filters:
        passing = [before and now for before, now in zip(passing, each.holds(table).to_pylist(), strict=True)]
    return passing


def _pieces(
    recent: Recent, passing: Sequence[bool], covered: Container[int], window: tuple[int, int]
) -> list[PagePiece]:
    """The pages of the rows that pass, each with those of its rows."""
    start, end = window
    found: dict[tuple[int, int], tuple[int, set[int]]] = {}
    pages = {}
    for time, place, passes in zip(recent.times(), recent.where(), passing, strict=True):
        if passes and start <= time < end and place.object in covered:
            page = recent.page_of(place)
            key = (place.object, page.start)
            pages[key] = page
            found.setdefault(key, (time, set()))[1].add(place.row)  # the first row of a page is its newest
    return [
        PagePiece(time, key[0], pages[key], frozenset(rows), len(rows), is_certain=time < end - 1)
        for key, (time, rows) in found.items()
    ]
