"""The lake's events of some hours, counted: read hour by hour where a date is large, so that memory is bounded."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.errors import StorageUnavailable
from trailkeep.insights.counting.facts_of_events import COUNTED_COLUMNS, count_facts
from trailkeep.insights.counting.spans import HOUR
from trailkeep.insights.facts import FACTS
from trailkeep.lake.partitions import Partition
from trailkeep.lake.parts import Lake, Reading, StoredPart, Stretch

GROUP_BYTES = 1 << 30
"""Of what is counted at once, decoded; an hour is never divided, since an event may stand in it twice."""

BATCH_BYTES = 256 << 20
"""Of what is read at once, decoded."""

_ROW_GROUP_BYTES = 24 << 20
"""What the columns that are counted take of a row group of a compacted object."""

_GROWTH = 10
"""How much more a small object takes when it is decoded, its original events included."""

_FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""Whatever is listed counts: the clocks of the store and of this function may differ."""


def parts_of(lake: Lake, partition: Partition, hours: Collection[int]) -> list[StoredPart]:
    """The objects of a partition that may have events of some hours, counted from 1970."""
    found = lake.parts([partition], _FAR, Reading())
    return [stored for stored in found if _overlaps(stored.part.first, stored.part.last, hours)]


def count_hours(
    lake: Lake, parts: Sequence[StoredPart], hours: Collection[int], account: str | None = None
) -> dict[str, pa.Table]:
    """The facts of each account, or of one alone, in some hours of a partition that has these parts.

    Raises :class:`StorageUnavailable` where one of them cannot be read: what is missing would seem not to have been.
    """
    reading = Reading()
    stretches = [each for each in lake.stretches(parts, reading) if _overlaps(each.first, each.last, hours)]
    counted: dict[str, list[pa.Table]] = defaultdict(list)
    for group in _groups(stretches, hours):
        chosen = [each for each in stretches if _overlaps(each.first, each.last, group)]
        rows = list(_rows(lake, chosen, group, account, reading))
        if reading.failures:
            break
        for name, facts in count_facts(pa.concat_tables(rows)).items() if rows else ():
            counted[name].append(facts)
    if reading.failures:
        raise StorageUnavailable(f"{len(reading.failures)} objects could not be read, so nothing is counted")
    return {name: pa.concat_tables(tables).combine_chunks() for name, tables in counted.items()}


def without_hours(facts: pa.Table, hours: Collection[int]) -> pa.Table:
    """The facts of all other hours."""
    own = pc.divide(facts.column("minute"), 60)
    return facts.filter(pc.invert(pc.is_in(own, pa.array(sorted(hours), own.type))))


def merged(first: pa.Table, second: pa.Table) -> pa.Table:
    """The facts of different hours in one table, in their order."""
    both = pa.concat_tables([first, second])
    return both.sort_by([(name, "ascending") for name in FACTS.names]).combine_chunks()


def _overlaps(first: int, last: int, hours: Iterable[int]) -> bool:
    start, end = first // HOUR, last // HOUR
    return any(start <= hour <= end for hour in hours)


def _groups(stretches: Sequence[Stretch], hours: Collection[int]) -> Iterator[list[int]]:
    """The hours in their order, as many at once as may be in memory."""
    weights: dict[int, int] = defaultdict(int)
    for each in stretches:
        spanned = range(each.first // HOUR, each.last // HOUR + 1)
        for hour in spanned:
            weights[hour] += _decoded_bytes(each) // len(spanned)
    group: list[int] = []
    size = 0
    for hour in sorted(hours):
        if group and size + weights[hour] > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(hour)
        size += weights[hour]
    yield group


def _rows(
    lake: Lake, stretches: Iterable[Stretch], hours: Collection[int], account: str | None, reading: Reading
) -> Iterator[pa.Table]:
    """The rows of the hours, slim: of an object that is read whole, nothing else stays in memory."""
    wanted = pa.array(sorted(hours), pa.int64())
    for batch in _batches(stretches):
        for _, table in lake.rows(batch, COUNTED_COLUMNS, reading):
            rows = table.select(COUNTED_COLUMNS)
            own = pc.divide(pc.cast(rows.column("event_time"), pa.int64()), HOUR)
            rows = rows.filter(pc.is_in(own, wanted))
            yield rows if account is None else rows.filter(pc.equal(rows.column("account_id"), account))


def _batches(stretches: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    batch: list[Stretch] = []
    size = 0
    for each in stretches:
        if batch and size + _decoded_bytes(each) > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += _decoded_bytes(each)
    if batch:
        yield batch


def _decoded_bytes(stretch: Stretch) -> int:
    return _ROW_GROUP_BYTES if stretch.row_group is not None else stretch.stored.size * _GROWTH
