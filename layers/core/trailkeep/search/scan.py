"""One stretch → its rows that match: by its columns first, then by its originals, of which most are passed over."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, repeat

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.events.identity import UID_BYTES
from trailkeep.lake.blocks import Block
from trailkeep.lake.parts import Stretch
from trailkeep.lake.scanned import StretchRows
from trailkeep.lookup.cursor import Position
from trailkeep.schema import EVENTS
from trailkeep.search.clues import Clues, Detective, clues_for
from trailkeep.search.conditions import Everything
from trailkeep.search.gathered import Gathered
from trailkeep.search.judge import Judge
from trailkeep.search.matching import Matching
from trailkeep.search.pruning import REGION, column_test

PLACE = ("event_time", "uid", "region", "dataset")
"""Columns of every table of matches: where an event stands in the order of all, and in the lake."""

_ORIGINAL = "event"
_SPARSE = 0.25
"""Where fewer rows are wanted, their originals are taken from the blocks that they are in; else all are decoded."""


class Interrupted(Exception):
    """Nobody waits for the matches any more."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The rows of a stretch that match, in its order; how many could not be read, and the bytes that all took."""

    table: pa.Table
    damaged: int
    bytes: int


def schema_of(columns: Sequence[str]) -> pa.Schema:
    """The schema of tables of matches: :data:`PLACE`, and behind it those of ``columns`` that are not in it."""
    told = ("region", "dataset")
    names = dict.fromkeys([*PLACE, *columns])
    return pa.schema([pa.field(name, pa.string() if name in told else EVENTS.field(name).type) for name in names])


class Scan:
    """A matching made ready: :meth:`matches` may be asked by several threads at once.

    Only rows of the ``window`` that come behind ``behind`` are given, and were there at ``as_of``; all in microseconds.
    With ``most``, of each stretch at most so many rows, the nearest ones.
    """

    def __init__(
        self,
        matching: Matching,
        window: tuple[int, int],
        behind: Position | None,
        as_of: int,
        schema: pa.Schema,
        most: int | None,
    ) -> None:
        condition = matching.condition
        self._filters, self._backwards = matching.filters, matching.newest_first
        self._window, self._behind, self._as_of, self._most, self._schema = window, behind, as_of, most, schema
        self._test = None if isinstance(condition, Everything) else column_test(condition)
        self._is_decided = isinstance(condition, Everything) or (self._test is not None and self._test.is_exact)
        self._clues: Clues | None = None if self._is_decided else clues_for(condition)
        self._judge = Judge(condition)

    @property
    def takes_all(self) -> bool:
        """Whether nothing but time and place decides: then all that is read is given, more or less."""
        return self._test is None and self._is_decided and not self._filters and self._most is None

    def matches(self, stretch: Stretch, rows: StretchRows, is_over: Callable[[], bool]) -> Matches:
        """The rows of a stretch that match.

        Raises :data:`trailkeep.lake.scanned.UNREADABLE`, :class:`StorageUnavailable`, and :class:`Interrupted` soon
        after ``is_over``.
        """
        places = self._by_columns(stretch, rows)
        damaged = 0
        texts = None
        if self._is_decided:
            places = self._nearest(places, rows.rows)
        elif places is None or places:
            found = self._by_originals(stretch, rows, places, is_over)
            places, texts, damaged = found.places, found.texts(), found.damaged
        return Matches(self._table(stretch, rows, places, texts), damaged, rows.read)

    # Which rows

    def _by_columns(self, stretch: Stretch, rows: StretchRows) -> list[int] | None:
        """The places of the rows that may match by what the columns say; None for all."""
        start, end = self._window
        behind, hidden = self._behind, stretch.stored.hidden
        is_shared = behind is not None and stretch.first <= behind.time <= stretch.last and len(behind.uid) == UID_BYTES
        is_cut = stretch.first < start or stretch.last >= end
        if not (self._test or self._filters or hidden or is_cut or is_shared):
            return None
        names = {"event_time"}.union(
            *(each.columns for each in self._filters), self._test.columns if self._test else ()
        )
        if hidden:
            names.add("delivered_at")
        if is_shared:
            names.add("uid")
        table = _columns(rows, names, stretch)
        times = table.column("event_time").cast(pa.int64())
        mask = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
        if hidden:
            mask = pc.and_(mask, pc.less(table.column("delivered_at").cast(pa.int64()), self._as_of))
        if behind is not None and is_shared:
            side = pc.less if self._backwards else pc.greater
            beyond = side(table.column("uid").cast(pa.binary()), behind.uid)
            mask = pc.and_(mask, pc.or_(pc.not_equal(times, behind.time), beyond))
        for each in self._filters:
            mask = pc.and_(mask, each.holds(table))
        if self._test:
            mask = pc.and_(mask, self._test.may_hold(table))
        places: list[int] = pc.indices_nonzero(mask).to_pylist()
        return None if len(places) == rows.rows else places

    def _nearest(self, places: list[int] | None, rows: int) -> list[int] | None:
        """The first of them in the order that they are wanted in: a stretch is in the order of time and identity."""
        if self._most is None or self._most >= (rows if places is None else len(places)):
            return places
        chosen = list(range(rows)) if places is None else places
        return chosen[-self._most :] if self._backwards else chosen[: self._most]

    def _by_originals(
        self, stretch: Stretch, rows: StretchRows, places: list[int] | None, is_over: Callable[[], bool]
    ) -> Gathered:
        """The rows that match by their originals, among those in some places."""
        detective = self._clues.detective() if self._clues else None
        columns = _columns(rows, self._judge.columns, stretch) if self._judge.columns else None
        found = Gathered(with_texts=_ORIGINAL in self._schema.names, backwards=self._backwards)
        for block in rows.blocks(places, backwards=self._backwards):
            if is_over():
                raise Interrupted
            suspects = _suspects(block, places, detective)
            if not suspects:
                continue
            texts = block.texts(suspects)
            own = columns.take(pa.array(suspects, pa.int64())).to_pylist() if columns else repeat(None)
            verdicts = self._judge.verdicts(texts, own)
            found.damaged += verdicts.count(None)
            wanted = slice(None)
            if self._most is not None:
                left = self._most - len(found)
                wanted = slice(-left, None) if self._backwards else slice(left)
            found.add(list(compress(suspects, verdicts))[wanted], list(compress(texts, verdicts))[wanted])
            if len(found) == self._most:
                break
        return found

    # What is given of them

    def _table(
        self, stretch: Stretch, rows: StretchRows, places: list[int] | None, texts: pa.ChunkedArray | None
    ) -> pa.Table:
        """The table of the rows in some places, None for all; ``texts`` are their originals, if they are at hand."""
        if places is not None and not places:
            return self._schema.empty_table()
        names = self._schema.names
        if _ORIGINAL in names and texts is None and places is not None and len(places) < _SPARSE * rows.rows:
            texts = _originals(rows, places)
        table = _columns(rows, [name for name in names if name != _ORIGINAL or texts is None], stretch)
        if places is not None:
            table = table.take(places)
        if texts is not None:
            table = table.append_column(_ORIGINAL, texts)
        return table.select(names).cast(self._schema)


def _columns(rows: StretchRows, names: Iterable[str], stretch: Stretch) -> pa.Table:
    """Columns of a stretch, those that its key tells of among them."""
    partition = stretch.stored.part.partition
    told = {REGION: partition.region, "dataset": partition.dataset}
    columns = rows.columns([name for name in names if name not in told])
    found = dict(zip(columns.column_names, columns.columns, strict=True))
    return pa.table(
        {name: found[name] if name in found else pa.repeat(pa.scalar(told[name]), rows.rows) for name in names}
    )


def _suspects(block: Block, places: list[int] | None, detective: Detective | None) -> Sequence[int]:
    """The places in a block of the originals that may match, in order."""
    behind = block.first + block.rows
    if places is None:
        return detective.suspects(block) if detective else range(block.first, behind)
    among = places[bisect_left(places, block.first) : bisect_left(places, behind)]
    return sorted(set(among).intersection(detective.suspects(block))) if detective else among


def _originals(rows: StretchRows, places: list[int]) -> pa.ChunkedArray:
    found = Gathered(with_texts=True, backwards=False)
    for block in rows.blocks(places):
        here = list(_suspects(block, places, None))
        found.add(here, block.texts(here))
    return found.texts()
