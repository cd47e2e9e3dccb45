"""Many small fresh parts → a few sorted runs: the last one in memory, those before it in temporary files.

So the rows of a round are bounded by the disk, not by memory, and what stands is not written anew for every handful.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

import pyarrow as pa

from trailkeep.compaction.fresh import decode_part
from trailkeep.compaction.merge import without_duplicates
from trailkeep.compaction.refresh import Refreshed
from trailkeep.errors import ObjectUnreadable, RowsNotConserved
from trailkeep.lake.partitions import Partition
from trailkeep.lake.storage import Bucket, Range, Stat
from trailkeep.schema import EVENTS

RUN_BYTES = 32 << 20
"""Decoded bytes after which a run is sorted and put away."""

MAX_RUNS = 24
"""Runs that are merged at once: a batch of each is in memory, and some 5 MB of each on disk."""

MAX_PARTS = 4_000
_BATCH_ROWS = 1_024
_COMPRESSION = 8
_FETCH_PARTS, _FETCH_BYTES = 64, 8 << 20


@dataclass(slots=True)
class Runs:
    """Sorted runs of rows, each ``uid`` once in a run.

    ``size`` are the stored bytes of their parts, ``decoded`` those of the rows in memory.

    ``times`` are the event times of all rows, ascending, in microseconds. To be closed in the end.
    """

    taken: list[Stat] = field(default_factory=list)
    unreadable: list[Stat] = field(default_factory=list)
    size: int = 0
    decoded: int = 0
    rows_in: int = 0
    duplicates: int = 0
    refreshed: Refreshed = field(default_factory=Refreshed)
    times: "array[int]" = field(default_factory=lambda: array("q"))
    _files: list[IO[bytes]] = field(default_factory=list)
    _rows: pa.Table = field(default_factory=EVENTS.empty_table)

    def sources(self, first: int, last: int) -> list[Iterable[pa.Table]]:
        """The rows with times from ``first`` to ``last``, both included: one source for each run, to be read once."""
        runs: list[Iterable[pa.Table]] = [*map(_batches, self._files), [self._rows]]
        return [_between(run, first, last) for run in runs]

    def add(self, tables: Sequence[pa.Table]) -> None:
        """Sort tables into a run, and put the one before it away."""
        if self._rows.num_rows:
            self._put_away()
        read = sum(table.num_rows for table in tables)
        self._rows, duplicates = without_duplicates(pa.concat_tables(tables).cast(EVENTS))
        if read != self._rows.num_rows + duplicates:
            raise RowsNotConserved(
                f"{read} rows were read, and {self._rows.num_rows} kept with {duplicates} duplicates"
            )
        self.rows_in += read
        self.duplicates += duplicates
        self.times.extend(_times(self._rows))

    def size_of(self, rows: int) -> int:
        """About the bytes that some of the rows will take; small parts take more than their rows do in a large one."""
        return min(self.size, self.decoded // _COMPRESSION) * rows // max(1, len(self.times))

    def close(self) -> None:
        """Remove the temporary files."""
        for file in self._files:
            file.close()

    def _put_away(self) -> None:
        file = TemporaryFile()  # noqa: SIM115 - closed by close()
        self._files.append(file)
        options = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
        with pa.ipc.new_stream(pa.PythonFile(file, mode="w"), EVENTS, options=options) as writer:
            writer.write_table(self._rows, max_chunksize=_BATCH_ROWS)
        self._rows = EVENTS.empty_table()


def load_runs(bucket: Bucket, parts: Iterable[Stat], partition: Partition) -> Runs:
    """Load fresh parts in the order of their times, as many as a round takes; at least one, if any can be read.

    A damaged part is set aside: it stands where it is, and holds up no other. Raises :class:`ObjectNotFound` where a
    part is gone by now, and :class:`StorageUnavailable`.
    """
    runs = Runs()
    try:
        _load(runs, bucket, sorted(parts, key=lambda stat: stat.key)[:MAX_PARTS], partition)
        runs.times = array("q", sorted(runs.times))
    except BaseException:
        runs.close()
        raise
    return runs


def _load(runs: Runs, bucket: Bucket, parts: Sequence[Stat], partition: Partition) -> None:
    tables: list[pa.Table] = []
    held = number = 0
    for stat, body in _bodies(bucket, parts):
        if held >= RUN_BYTES:
            runs.add(tables)
            tables, held, number = [], 0, number + 1
            if number == MAX_RUNS:
                return
        try:
            table = decode_part(stat, body, partition, runs.refreshed)
        except ObjectUnreadable:
            runs.unreadable.append(stat)
            continue
        runs.taken.append(stat)
        runs.size += stat.size
        runs.decoded += table.nbytes
        held += table.nbytes
        tables.append(table)
    if tables:
        runs.add(tables)


def _bodies(bucket: Bucket, parts: Sequence[Stat]) -> Iterator[tuple[Stat, bytes]]:
    """The parts with their bytes, some fetched at once."""
    group: list[Stat] = []
    size = 0
    for stat in parts:
        if group and (len(group) >= _FETCH_PARTS or size + stat.size > _FETCH_BYTES):
            yield from _fetched(bucket, group)
            group, size = [], 0
        group.append(stat)
        size += stat.size
    yield from _fetched(bucket, group)


def _fetched(bucket: Bucket, group: Sequence[Stat]) -> Iterator[tuple[Stat, bytes]]:
    yield from zip(group, bucket.ranges([Range(stat.key, 0, stat.size) for stat in group]), strict=True)


def _times(table: pa.Table) -> "array[int]":
    found = array("q")
    for chunk in table.column("event_time").chunks:
        found.frombytes(memoryview(chunk.buffers()[1])[chunk.offset * 8 : (chunk.offset + len(chunk)) * 8])
    return found


def _batches(file: IO[bytes]) -> Iterator[pa.Table]:
    file.seek(0)
    with pa.ipc.open_stream(pa.PythonFile(file, mode="r")) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _between(tables: Iterable[pa.Table], first: int, last: int) -> Iterator[pa.Table]:
    for table in tables:
        times = _times(table)
        start = bisect_left(times, first)
        yield table.slice(start, bisect_right(times, last) - start)
