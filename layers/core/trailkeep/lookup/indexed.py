"""A page by the index: what may hold an answer is known before it is read, so that little is, and that at once.

Mostly two rounds of requests, at most three: the root with the tail of the feed; what the index knows of the values
asked for; the pages of the events themselves. What the index does not cover is read by its columns.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.events.timestamps import to_micros
from trailkeep.index.tier import Place
from trailkeep.lake.coalesced import read_ranges
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.pages import texts_in
from trailkeep.lake.partitions import Part
from trailkeep.lake.parts import Lake, Reading, StoredPart, Stretch, known_by_key
from trailkeep.lake.storage import Range
from trailkeep.lookup.candidates import Candidate, Candidates, Page, close, is_behind, remaining
from trailkeep.lookup.columns import ColumnReader
from trailkeep.lookup.cursor import Position
from trailkeep.lookup.derived import derive
from trailkeep.lookup.frontier import Frontier
from trailkeep.lookup.narrowing import Choice, Narrowed, is_by_id, is_looked_up, narrow
from trailkeep.lookup.newest import newest_answers
from trailkeep.lookup.pieces import ObjectPiece, PagePiece, Piece, StretchPiece, pieces_of
from trailkeep.lookup.question import Question
from trailkeep.lookup.snapshot import Snapshot

_LEAST_SEEN = 0.05
"""Of the answers that were expected, how many at least are taken to come."""

MOST_SCANNED = 2048
"""Pages read for rows of which only some are answers, before columns are read instead."""


def index_page(
    lake: Lake,
    snapshot: Snapshot,
    question: Question,
    behind: Position | None,
    as_of: datetime,
    out_of_time: Callable[[], bool],
) -> Page:
    """The page as :func:`trailkeep.lookup.listing.list_page` gives it.

    Raises :class:`Damaged`, :class:`ObjectNotFound` or :class:`ObjectUnreadable` where what the index names is not
    there, or not as it says.
    """
    reading = Reading(watermark=snapshot.watermark, has_watermark=True)
    best = Candidates(question.max_results + 1, question.newest_first)
    search = _Search(lake, snapshot, question, behind, to_micros(as_of), best, reading)
    stopped_at = search.run(out_of_time)
    return close(lake, best, question, reading, stopped_at, search.has_more)


class _Search:
    """Fetches the nearest pieces until nothing left can change the page."""

    def __init__(
        self,
        lake: Lake,
        snapshot: Snapshot,
        question: Question,
        behind: Position | None,
        as_of: int,
        best: Candidates,
        reading: Reading,
    ) -> None:
        self._lake, self._bucket, self._root = lake, lake.bucket, snapshot.root
        self._question, self._behind, self._best, self._reading = question, behind, best, reading
        self._window = remaining(question, behind)
        self._as_of = as_of
        self._columns = ColumnReader(lake, question, behind, as_of, best, reading)
        self._frontier = Frontier(question.newest_first)
        self._scanned = 0
        self._hoped = self._found = 0.0
        self._unasked: dict[int, int] = {}
        """Objects of which the index was not asked yet, by their numbers, with the time of their nearest row."""
        self.has_more = False
        for part in snapshot.fresh:
            if self._is_asked_for(part):
                self._add(StretchPiece(self._nearest(part), Stretch(known_by_key(part), part.first, part.last)))
        for place, part in enumerate(self._root.parts):
            if not self._is_asked_for(part):
                continue
            if self._is_covered(place):
                self._unasked[place] = self._nearest(part)
            else:
                self._add(self._by_columns(place, self._nearest(part)))

    def run(self, out_of_time: Callable[[], bool]) -> int | None:
        """Fill the candidates; a time where it had to stop early, up to which all is read."""
        if not self._take_newest() and self._unasked:
            self._ask_index()
        has_read = False
        while not self._is_done():
            nearest = self._nearest_unread()
            if nearest is None:
                return None
            if has_read and self._has_advanced(nearest) and out_of_time():
                return nearest
            if self._is_next_unasked(nearest):
                self._ask_index()
            else:
                self._read(self._take())
                has_read = True
        return None

    # What there is

    def _is_asked_for(self, part: Part) -> bool:
        start, end = self._window
        regions = self._question.regions
        if part.first >= end or part.last < start or (regions and part.partition.region not in regions):
            return False
        self._reading.partitions.add(part.partition.prefix)
        return True

    def _is_covered(self, place: int) -> bool:
        """Whether its events can be fetched and compared by themselves."""
        known = self._root.objects[place]
        return (
            place in self._root.tier_of
            and known.is_paged
            and known.delivered_last < self._as_of
            and known.is_derivable
            and not known.exceptions
            and known.normaliser_version == NORMALISER_VERSION
        )

    def _nearest(self, part: Part) -> int:
        start, end = self._window
        return min(part.last, end - 1) if self._question.newest_first else max(part.first, start)

    def _add(self, piece: Piece) -> None:
        self._frontier.add(piece.nearest, iter([piece]))

    def _by_columns(self, place: int, nearest: int) -> ObjectPiece:
        known = self._root.objects[place]
        return ObjectPiece(
            nearest, StoredPart(known.part(), known.bytes, known.delivered_last >= self._as_of, settled=True)
        )

    # What is next

    def _take_newest(self) -> bool:
        """Take in what the root itself says of the newest rows, if that fills the page: else the index says it all."""
        newest = newest_answers(self._root, self._unasked, self._question, self._window)
        if sum(piece.expected for piece in newest.pieces) < self._question.max_results:
            return False
        for place in self._unasked:
            since = newest.since.get(self._root.parts[place].partition.region)
            if since is not None:
                self._unasked[place] = min(self._unasked[place], since - 1)
        for piece in newest.pieces:
            self._add(piece)
        return True

    def _nearest_unread(self) -> int | None:
        """The time of the nearest row that was not read; None where none is left that matters."""
        times = [self._frontier.nearest.nearest] if self._frontier.nearest else []
        if self._unasked:
            times.append((max if self._question.newest_first else min)(self._unasked.values()))
        if not times:
            return None
        nearest = (max if self._question.newest_first else min)(times)
        return nearest if self._best.can_take(nearest) else None

    def _is_next_unasked(self, nearest: int) -> bool:
        piece = self._frontier.nearest
        return piece is None or self._is_nearer(nearest, piece.nearest)

    def _is_nearer(self, time: int, than: int) -> bool:
        return time > than if self._question.newest_first else time < than

    def _has_advanced(self, nearest: int) -> bool:
        """Whether a page that stops here is behind where it started: a question advances with every page."""
        return self._behind is None or self._is_nearer(self._behind.time, nearest)

    def _is_done(self) -> bool:
        """Whether the page is full and what follows it is known to be there: it needs not be read for that."""
        wanted, piece = self._question.max_results, self._frontier.nearest
        if len(self._best.rows) < wanted or not isinstance(piece, PagePiece) or not piece.is_certain:
            return False
        last = self._best.rows[wanted - 1].time
        nearest = self._nearest_unread()
        self.has_more = nearest is None or self._is_nearer(last, nearest)
        return self.has_more

    def _take(self) -> list[Piece]:
        """The pieces that should fill the page; a few more where it is not sure what is in them."""
        missing = float(max(1, self._question.max_results - len(self._best.rows)))
        piece = self._frontier.nearest
        if isinstance(piece, PagePiece) and not piece.is_certain:
            # Values go together or exclude each other: what was found before tells how far to trust the shares.
            seen = max(_LEAST_SEEN, self._found / self._hoped) if self._hoped else 1.0
            missing = missing * 1.3 / seen + 2
        limit = self._best.rows[-1].time if self._best.is_full else None
        if self._unasked:
            edge = (max if self._question.newest_first else min)(self._unasked.values())
            limit = edge if limit is None or self._is_nearer(edge, limit) else limit
        return self._frontier.take(missing, limit)

    # Asking

    def _ask_index(self) -> None:
        """Ask the index where the answers are: in all objects at once, or in the nearest where any has enough."""
        filters = self._question.filters
        looked_up = [each for each in filters if is_looked_up(each)]
        places = list(self._unasked) if looked_up else self._nearest_objects()
        by_id = any(map(is_by_id, looked_up))
        narrowed = narrow(self._bucket, self._root, places, filters, not by_id, self._reading)
        is_told = all(each.keys is not None and each.keys.is_enough for each in filters) and not by_id
        for place in places:
            nearest = self._unasked.pop(place)
            choice = narrowed.choices.get(place)
            if choice is None:
                continue
            must_compare = place in narrowed.compared
            if choice.rows is None and must_compare:
                self._add(self._by_columns(place, nearest))
            else:
                self._frontier.add(nearest, self._pieces(place, choice, narrowed, is_told and not must_compare))

    def _nearest_objects(self) -> list[int]:
        """Objects that surely have enough rows, nearest first: there is no reason to ask about more at once."""
        newest_first = self._question.newest_first
        chosen: list[int] = []
        rows = 0
        for place in sorted(self._unasked, key=lambda p: self._unasked[p], reverse=newest_first):
            chosen.append(place)
            rows += self._root.objects[place].rows
            if rows > 4 * self._best.wanted and len(chosen) > 1:
                break
        return chosen

    def _pieces(self, place: int, choice: Choice, narrowed: Narrowed, is_exact: bool) -> Iterator[Piece]:
        part = self._root.parts[place]
        table = narrowed.table(place)
        if table is None:
            for row in sorted(choice.rows or (), reverse=self._question.newest_first):
                pages = self._root.page_near(Place(place, row))
                yield PagePiece(self._nearest(part), place, pages, frozenset({row}), 1, is_certain=False)
            return
        sure = is_exact and (choice.rows is not None or not self._question.filters)
        for piece in pieces_of(place, choice, table, part.last, self._window, self._question.newest_first, sure):
            if piece.rows is None and self._scanned > MOST_SCANNED:
                yield self._by_columns(place, piece.nearest)
                return
            yield piece

    # Reading

    def _read(self, pieces: Iterable[Piece]) -> None:
        pages = [piece for piece in pieces if isinstance(piece, PagePiece)]
        stretches = [piece.stretch for piece in pieces if isinstance(piece, StretchPiece)]
        objects = [piece.stored for piece in pieces if isinstance(piece, ObjectPiece)]
        if pages:
            self._read_pages(pages)
        if stretches:
            self._columns.read(stretches)
        for stretch in self._lake.stretches(objects, self._reading) if objects else ():
            start, end = self._window
            if stretch.first < end and stretch.last >= start:
                nearest = min(stretch.last, end - 1) if self._question.newest_first else max(stretch.first, start)
                self._add(StretchPiece(nearest, stretch))

    def _read_pages(self, pieces: list[PagePiece]) -> None:
        ranges = {piece: Range(self._root.objects[piece.object].key, *piece.pages[:2]) for piece in pieces}
        bodies, requests, size = read_ranges(self._bucket, list(ranges.values()))
        self._reading.objects += requests
        self._reading.bytes += size
        for piece, place in ranges.items():
            found = self._candidates(piece, bodies[place])
            self._best.add(found)
            if not piece.is_certain:
                self._hoped += piece.expected
                self._found += len(found)

    def _candidates(self, piece: PagePiece, body: bytes) -> list[Candidate]:
        first_row = piece.pages.first_row
        wanted = None if piece.rows is None else [row - first_row for row in piece.rows]
        texts = texts_in(body, wanted)
        if piece.rows is None:
            self._scanned += 1
        channel = self._root.objects[piece.object].channel
        if channel is None:
            raise Damaged("an object of several channels has pages")
        start, end = self._window
        return [
            Candidate(row.time, row.uid, row.text)
            for row in derive(list(texts.values()), channel, self._question.filters)
            if start <= row.time < end and is_behind(row.time, row.uid, self._behind, self._question.newest_first)
        ]
