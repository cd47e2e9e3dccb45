"""The pieces not yet fetched, nearest first, drawn from their sources only as far as they are needed."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from trailkeep.lookup.pieces import PagePiece, Piece, expected

MOST_PAGES = 512
"""Pages fetched at once: some 6 MB."""

MOST_OTHERS = 16
"""Parts and row groups fetched at once: their columns take more memory."""


class Frontier:
    """Sources of pieces; each is drawn from when its next piece may be the nearest of all."""

    def __init__(self, newest_first: bool) -> None:
        self._newest_first = newest_first
        self._heap: list[tuple[int, int, Piece | None, Iterator[Piece]]] = []
        self._order = count()

    def add(self, nearest: int, source: Iterator[Piece]) -> None:
        """Take in a source, which gives its pieces nearest first, none nearer than the time ``nearest``."""
        self._push(nearest, None, source)

    @property
    def nearest(self) -> Piece | None:
        """The nearest piece; None where there are no more."""
        while self._heap and self._heap[0][2] is None:
            self._draw(heappop(self._heap)[3])
        return self._heap[0][2] if self._heap else None

    def take(self, answers: float, until: int | None) -> list[Piece]:
        """The nearest pieces that together are expected to hold so many answers, none behind the time ``until``."""
        taken: list[Piece] = []
        pages = 0
        while answers > 0 and pages < MOST_PAGES and len(taken) - pages < MOST_OTHERS:
            piece = self.nearest
            if piece is None or (until is not None and self._is_behind(piece.nearest, until)):
                break
            self._draw(heappop(self._heap)[3])
            taken.append(piece)
            pages += isinstance(piece, PagePiece)
            answers -= expected(piece)
        return taken

    def _draw(self, source: Iterator[Piece]) -> None:
        piece = next(source, None)
        if piece is not None:
            self._push(piece.nearest, piece, source)

    def _push(self, nearest: int, piece: Piece | None, source: Iterator[Piece]) -> None:
        heappush(self._heap, (-nearest if self._newest_first else nearest, next(self._order), piece, source))

    def _is_behind(self, time: int, limit: int) -> bool:
        return time < limit if self._newest_first else time > limit
