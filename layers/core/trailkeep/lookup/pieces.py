"""What is fetched at once: pages of an object's events, a part, a row group; and how many answers to expect there."""

from collections.abc import Iterator
from dataclasses import dataclass

from trailkeep.index.page_table import PageTable
from trailkeep.index.page_table import Stretch as Pages
from trailkeep.lake.parts import StoredPart, Stretch
from trailkeep.lookup.narrowing import Choice


@dataclass(frozen=True, slots=True)
class PagePiece:
    """Pages of an object's events, and the wanted rows in them; None for all.

    ``nearest`` is the time of the row in it that is nearest to the page, or one nearer. ``is_certain`` where every
    expected answer is one.
    """

    nearest: int
    object: int
    pages: Pages
    rows: frozenset[int] | None
    expected: float
    is_certain: bool


@dataclass(frozen=True, slots=True)
class StretchPiece:
    """A part or a row group that is read by its columns."""

    nearest: int
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class ObjectPiece:
    """A compacted object that is read by its columns, its footer not yet read."""

    nearest: int
    stored: StoredPart


Piece = PagePiece | StretchPiece | ObjectPiece


def expected(piece: Piece) -> float:
    """How many answers are expected; nobody knows how many are in what is read by its columns."""
    return piece.expected if isinstance(piece, PagePiece) else 0.0


def pieces_of(
    place: int,
    choice: Choice,
    table: PageTable,
    last: int,
    window: tuple[int, int],
    newest_first: bool,
    is_exact: bool,
) -> Iterator[PagePiece]:
    """The pages of an object that may hold an answer within a window, nearest first.

    ``last`` is the time of the object's last event: each page ends at latest where the next one begins. ``is_exact``
    where the rows of the choice pass all filters. What is at the window's edges may have been in the page before.
    """
    start, end = window
    by_page: dict[int, set[int]] = {}
    for row in choice.rows or ():
        by_page.setdefault(table.number_of(row), set()).add(row)
    numbers = range(len(table.starts)) if choice.rows is None else sorted(by_page)
    for number in reversed(numbers) if newest_first else numbers:
        earliest, latest = table.times[number], table.latest(number, last)
        if earliest >= end or latest < start:
            continue
        pages = table.page(number)
        rows = None if choice.rows is None else frozenset(by_page[number])
        yield PagePiece(
            nearest=latest if newest_first else earliest,
            object=place,
            pages=pages,
            rows=rows,
            expected=(pages.rows if rows is None else len(rows)) * choice.share,
            is_certain=is_exact and choice.share == 1.0 and start < earliest and latest < end - 1,
        )
