"""Counting what a question is about: by what the index has counted where that is enough, else by columns.

Compacted objects hold each event once, so their rows are simply counted. Those of parts that are not compacted yet are
first compared with each other and with the compacted rows of their time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.errors import ObjectNotFound, ObjectUnreadable, QuestionTooLarge
from trailkeep.events.timestamps import format_micros, to_micros
from trailkeep.lake.coalesced import read_ranges
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.partitions import EVENTS, Part, Partition, dates_between
from trailkeep.lake.parts import Lake, Reading, StoredPart, Stretch, known_by_key
from trailkeep.lookup.counts import Counts
from trailkeep.lookup.histogram_question import HistogramQuestion
from trailkeep.lookup.snapshot import Snapshot, read_snapshot

WAVE = 16
"""Row groups and parts read at once."""

MOST_VALUES = 1_000
"""Values that an answer names."""


def count(
    lake: Lake, asked: HistogramQuestion, as_of: datetime, now: datetime, out_of_time: Callable[[], bool]
) -> tuple[Counts, Reading]:
    """Count the events of a question that were delivered before ``as_of``, each once.

    Raises :class:`QuestionTooLarge` where there is not enough time: counts are whole, or there are none.
    """
    snapshot = read_snapshot(lake.bucket, as_of, now)
    if snapshot is not None:
        try:
            counting = _Counting(lake, asked, as_of, out_of_time)
            counting.reading.watermark, counting.reading.has_watermark = snapshot.watermark, True
            counting.by_index(snapshot)
            if not counting.reading.gone:
                return counting.counts, counting.reading
        except (Damaged, ObjectNotFound, ObjectUnreadable):
            pass  # it is derived data: the listings know as well
    counting = _Counting(lake, asked, as_of, out_of_time)
    counting.by_listings()
    return counting.counts, counting.reading


def buckets(asked: HistogramQuestion, counts: Counts) -> list[dict[str, object]]:
    """The buckets of an answer, in the order of time, those without events too; values by how often they come.

    Beyond :data:`MOST_VALUES` of the whole window, values are counted together as ``others``.
    """
    totals: Counter[str] = Counter()
    for (_, value), number in counts.values.items():
        totals[value] += number
    kept = {value for value, _ in sorted(totals.items(), key=lambda each: (-each[1], each[0]))[:MOST_VALUES]}
    edges = asked.edges
    found: list[dict[str, object]] = []
    for bucket, (start, end) in enumerate(pairwise(edges)):
        stated: dict[str, object] = {
            "startTime": format_micros(start),
            "endTime": format_micros(end),
            "count": counts.events[bucket],
        }
        if asked.column is not None:
            own = {value: number for (at, value), number in counts.values.items() if at == bucket}
            common = [(value, number) for value, number in own.items() if value in kept]
            stated["values"] = dict(sorted(common, key=lambda each: (-each[1], each[0])))
            if len(totals) > MOST_VALUES:
                stated["others"] = sum(number for value, number in own.items() if value not in kept)
        found.append(stated)
    return found


class _Counting:
    def __init__(self, lake: Lake, asked: HistogramQuestion, as_of: datetime, out_of_time: Callable[[], bool]) -> None:
        self._lake, self._asked, self._question, self._as_of = lake, asked, asked.question, as_of
        self._out_of_time = out_of_time
        self.reading = Reading()
        self.counts = Counts(self._question.start, asked.width)
        self._columns = sorted(
            {"uid", "event_time"}
            | {name for each in self._question.filters for name in each.columns}
            | ({asked.column} if asked.column else set())
        )

    def by_index(self, snapshot: Snapshot) -> None:
        """Count what the root of the index names. Raises :class:`Damaged` where it is not as it says."""
        root, moment = snapshot.root, to_micros(self._as_of)
        settled: list[StoredPart] = []
        counted: dict[int, int] = {}
        for place, (known, part) in enumerate(zip(root.objects, root.parts, strict=True)):
            if not self._is_asked_for(part):
                continue
            hidden = known.delivered_last >= moment
            bucket = self.counts.bucket_of(part.first, part.last)
            tier = root.tier_of.get(place)
            column = self._asked.column
            if (
                bucket is None
                or hidden
                or self._question.filters
                or not self._is_whole(part)
                or (column is not None and (tier is None or not tier.counts(column)))
            ):
                settled.append(StoredPart(part, known.bytes, hidden, settled=True))
            else:
                counted[place] = bucket
        fresh = [known_by_key(part) for part in snapshot.fresh if self._is_asked_for(part)]
        self._take_counted(snapshot, counted)
        self._count_columns(settled, fresh, [StoredPart(root.parts[p], root.objects[p].bytes) for p in counted])

    def by_listings(self) -> None:
        """Count what listings show."""
        question = self._question
        dates = dates_between(question.start, question.end)
        partitions = self._lake.partitions(EVENTS, question.regions or self._lake.regions(EVENTS), *dates)
        parts = [
            part for part in self._lake.parts(partitions, self._as_of, self.reading) if self._is_asked_for(part.part)
        ]
        settled = [part for part in parts if part.settled]
        self._count_columns(settled, [part for part in parts if not part.settled], [])

    def _is_asked_for(self, part: Part) -> bool:
        question = self._question
        if question.regions and part.partition.region not in question.regions:
            return False
        if part.first >= question.end or part.last < question.start:
            return False
        self.reading.partitions.add(part.partition.prefix)
        return True

    def _is_whole(self, part: Part) -> bool:
        return self._question.start <= part.first and part.last < self._question.end

    def _take_counted(self, snapshot: Snapshot, counted: dict[int, int]) -> None:
        """Take in objects that the index has counted, by their numbers, each with its bucket."""
        root, column = snapshot.root, self._asked.column
        for place, bucket in counted.items():
            self.counts.add_counted(bucket, root.objects[place].rows, {})
        if column is None:
            return
        together: dict[str, dict[int, list[int]]] = {}
        tiers = {}
        for place, bucket in counted.items():
            tier = root.tier_of[place]
            tiers[tier.key] = tier
            together.setdefault(tier.key, {}).setdefault(bucket, []).append(place)
        bodies, _, size = read_ranges(self._lake.bucket, [tier.cube_range(column) for tier in tiers.values()])
        self.reading.objects += len(tiers)
        self.reading.bytes += size
        for tier in tiers.values():
            for bucket, places in together[tier.key].items():
                self.counts.add_counted(bucket, 0, tier.count(bodies[tier.cube_range(column)], column, places))

    def _count_columns(
        self, settled: Sequence[StoredPart], fresh: Sequence[StoredPart], others: Sequence[StoredPart]
    ) -> None:
        """Count the rows of ``settled`` objects, and of ``fresh`` parts what is in none of these and ``others``."""
        unsettled = self._unsettled(fresh, [*settled, *others])
        for table in self._tables(settled, self._columns):
            self._add(table)
        self._add(unsettled)

    def _unsettled(self, fresh: Sequence[StoredPart], compacted: Sequence[StoredPart]) -> pa.Table:
        """The rows of fresh parts, each event once, without those that stand in compacted objects already."""
        tables = list(self._tables(fresh, self._columns))
        if not tables:
            return pa.table({})
        rows = _each_once(pa.concat_tables(tables))
        spans = _spans(part.part for part in fresh)
        near = [part for part in compacted if _touches(part.part, spans)]
        for table in self._tables(near, ["uid", "event_time"], spans):
            rows = rows.filter(pc.invert(pc.is_in(rows.column("uid"), value_set=table.column("uid"))))
        return rows

    def _tables(
        self, parts: Sequence[StoredPart], columns: Sequence[str], spans: dict[Partition, tuple[int, int]] | None = None
    ) -> Iterable[pa.Table]:
        stretches = [each for each in self._lake.stretches(parts, self.reading) if self._matters(each, spans)]
        for start in range(0, len(stretches), WAVE):
            if self._out_of_time():
                raise QuestionTooLarge("there is too much to count in the time that an answer may take")
            for stretch, table in self._lake.rows(stretches[start : start + WAVE], columns, self.reading):
                yield self._visible(stretch, table).select(columns)

    def _matters(self, stretch: Stretch, spans: dict[Partition, tuple[int, int]] | None) -> bool:
        first, last = self._question.start, self._question.end - 1
        if spans is not None:
            first, last = spans[stretch.stored.part.partition]
        return stretch.first <= last and stretch.last >= first

    def _visible(self, stretch: Stretch, table: pa.Table) -> pa.Table:
        if not stretch.stored.hidden:
            return table
        delivered = table.column("delivered_at").cast(pa.int64())
        return table.filter(pc.less(delivered, to_micros(self._as_of)))

    def _add(self, table: pa.Table) -> None:
        """Count the rows of the question among those of a table."""
        if not len(table):
            return
        times = table.column("event_time").cast(pa.int64())
        mask = pc.and_(pc.greater_equal(times, self._question.start), pc.less(times, self._question.end))
        for condition in self._question.filters:
            mask = pc.and_(mask, condition.holds(table))
        column = self._asked.column
        self.counts.add(times.filter(mask), table.column(column).filter(mask) if column else None)


def _each_once(table: pa.Table) -> pa.Table:
    """The rows, one of each identity."""
    numbered = pa.table({"uid": table.column("uid"), "place": pa.array(range(len(table)))})
    kept = numbered.group_by("uid", use_threads=False).aggregate([("place", "min")])
    return table.take(kept.column("place_min"))


def _spans(parts: Iterable[Part]) -> dict[Partition, tuple[int, int]]:
    """From when to when the parts of each partition reach."""
    spans: dict[Partition, tuple[int, int]] = {}
    for part in parts:
        first, last = spans.get(part.partition, (part.first, part.last))
        spans[part.partition] = min(first, part.first), max(last, part.last)
    return spans


def _touches(part: Part, spans: dict[Partition, tuple[int, int]]) -> bool:
    span = spans.get(part.partition)
    return span is not None and part.first <= span[1] and part.last >= span[0]
