"""Rows → counts by bucket of time and by value: of tables, and of what the index has counted before."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(slots=True)
class Counts:
    """Events by bucket, and by bucket and value; an event without the value is in the first only.

    Buckets are ``width`` microseconds wide, begin at multiples of that, and are numbered from the one of ``start``.
    Without a width there is one.
    """

    start: int
    width: int | None
    events: Counter[int] = field(default_factory=Counter)
    values: Counter[tuple[int, str]] = field(default_factory=Counter)

    def bucket_of(self, first: int, last: int) -> int | None:
        """The bucket of all times from ``first`` to ``last``; None where they are of several."""
        if self.width is None:
            return 0
        bucket = first // self.width
        return bucket - self.start // self.width if bucket == last // self.width else None

    def add_counted(self, bucket: int, rows: int, values: Mapping[str, int]) -> None:
        """Take in rows that were counted before."""
        self.events[bucket] += rows
        for value, count in values.items():
            self.values[bucket, value] += count

    def add(self, times: pa.ChunkedArray, values: pa.ChunkedArray | None) -> None:
        """Take in rows by their times in microseconds, and their values if these are counted."""
        buckets = self._buckets(times)
        for each in pc.value_counts(buckets).to_pylist():
            self.events[each["values"]] += each["counts"]
        if values is None:
            return
        table = pa.table({"bucket": buckets, "value": values}).filter(pc.is_valid(values))
        counted = table.group_by(["bucket", "value"], use_threads=False).aggregate([([], "count_all")])
        columns = (counted.column(name).to_pylist() for name in ("bucket", "value", "count_all"))
        for bucket, value, count in zip(*columns, strict=True):
            self.values[bucket, value] += count

    def _buckets(self, times: pa.ChunkedArray) -> pa.ChunkedArray:
        if self.width is None:
            return pc.multiply(times, 0)
        return pc.subtract(pc.divide(times, self.width), self.start // self.width)
