"""Reading the lake: which parts a window has, and their rows. Parts never change, so what was read once is kept."""

import io
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TypeVar

import pyarrow as pa
from pyarrow import ArrowException

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.lake.parquet import open_part
from trailkeep.lake.partitions import Part, Partition, date_in, parse_part, region_in
from trailkeep.lake.storage import Bucket
from trailkeep.schema import EVENTS

THREADS = 16
"""Requests under way at once. A request to S3 waits far longer than it computes."""

CACHE_BYTES = 384 << 20
"""Rows kept in memory between requests of one function; a fifth of its memory."""


@dataclass(slots=True)
class Reading:
    """What answering a question took, and what could not be read."""

    objects: int = 0
    bytes: int = 0
    partitions: set[str] = field(default_factory=set)
    failures: list[dict[str, str]] = field(default_factory=list)

    def fail(self, key: str, reason: str) -> None:
        """Note an object that the answer should rest on and does not."""
        self.failures.append({"object": key, "reason": reason})


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as the listing shows it."""

    part: Part
    size: int


class Lake:
    """The datasets of the lake, read-only."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._rows = _RowCache(CACHE_BYTES)

    def regions(self, dataset: str) -> list[str]:
        """The regions that have data."""
        prefixes = self._bucket.list(f"{dataset}/", delimiter="/").prefixes
        return [region for prefix in prefixes if (region := region_in(prefix, dataset))]

    def partitions(self, dataset: str, regions: Iterable[str], first: str, last: str) -> list[Partition]:
        """The partitions of ``regions`` from the date ``first`` to the date ``last``, both included."""

        def of(region: str) -> list[Partition]:
            prefixes = self._bucket.list(f"{dataset}/region={region}/", delimiter="/").prefixes
            dates = [date for prefix in prefixes if (date := date_in(prefix))]
            return [Partition(dataset, region, date) for date in dates if first <= date <= last]

        return [partition for group in in_parallel(of, regions) for partition in group]

    def parts(self, partitions: Iterable[Partition], as_of: datetime, reading: Reading) -> list[StoredPart]:
        """The parts of ``partitions`` that stood before ``as_of``."""
        found = []
        chosen = list(partitions)
        for partition, listing in zip(chosen, in_parallel(lambda p: self._bucket.list(p.prefix), chosen), strict=True):
            reading.partitions.add(partition.prefix)
            for stat in listing.objects:
                if stat.modified_at >= as_of:
                    continue
                part = parse_part(stat.key)
                if part is None:
                    reading.fail(stat.key, "the key is not one of the lake's")
                else:
                    found.append(StoredPart(part, stat.size))
        return found

    def rows(self, parts: Iterable[StoredPart], reading: Reading) -> Iterator[tuple[StoredPart, pa.Table]]:
        """The rows of each part, all columns, several parts at a time; one that cannot be read is a failure."""

        def load(stored: StoredPart) -> pa.Table | str:
            try:
                return self._load(stored.part.key)
            except ObjectNotFound:
                return "the object was deleted while the question was answered"
            except (ArrowException, ObjectUnreadable, OSError, ValueError) as error:
                return f"the object is damaged or not of the lake: {type(error).__name__}"

        chosen = list(parts)
        for stored, table in zip(chosen, in_parallel(load, chosen), strict=True):
            reading.objects += 1
            reading.bytes += stored.size
            if isinstance(table, str):
                reading.fail(stored.part.key, table)
            else:
                yield stored, table

    def _load(self, key: str) -> pa.Table:
        table = self._rows.get(key)
        if table is None:
            table = open_part(io.BytesIO(self._bucket.get(key))).read(use_threads=False)
            if set(EVENTS.names) - set(table.column_names):
                raise ObjectUnreadable(f"{key} lacks columns of the lake")
            table = table.select(EVENTS.names).cast(EVENTS)
            if table.column("event").null_count:
                raise ObjectUnreadable(f"{key} has rows without their event")
            self._rows.put(key, table)
        return table


class _RowCache:
    """Tables by key, the least recently used dropped first when they take more than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._tables: OrderedDict[str, pa.Table] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> pa.Table | None:
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
            return self._tables.get(key)

    def put(self, key: str, table: pa.Table) -> None:
        size = table.nbytes
        if size > self._limit // 4:
            return
        with self._lock:
            if key not in self._tables:
                self._size += size
            self._tables[key] = table
            while self._size > self._limit:
                _, dropped = self._tables.popitem(last=False)
                self._size -= dropped.nbytes


Input = TypeVar("Input")
Output = TypeVar("Output")

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lake")


def in_parallel(work: Callable[[Input], Output], inputs: Iterable[Input]) -> list[Output]:
    """``work`` done for each input on several threads; results in the order of the inputs."""
    return list(_threads.map(work, inputs))
