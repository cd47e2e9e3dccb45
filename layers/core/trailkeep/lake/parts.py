"""Reading the lake: which parts a window has, and their rows. Parts never change, so what was read once is kept."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
from pyarrow import ArrowException

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.events.timestamps import to_micros
from trailkeep.lake.cache import Cache
from trailkeep.lake.manifest import Manifest, read_manifest
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.parquet import is_bomb, open_part
from trailkeep.lake.partitions import Part, Partition, date_in, is_compacted_name, parse_part, region_in
from trailkeep.lake.ranged import RangedObject
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.schema import EVENTS

CACHE_BYTES = 384 << 20
"""Rows kept in memory between requests of one function; a fifth of its memory."""


@dataclass(slots=True)
class Reading:
    """What answering a question took, and what could not be read; ``gone`` are objects that no longer stood.

    ``watermark`` is what was met on the way, where ``has_watermark``; None then is that there is none yet.
    """

    objects: int = 0
    bytes: int = 0
    gone: int = 0
    watermark: datetime | None = None
    has_watermark: bool = False
    partitions: set[str] = field(default_factory=set)
    failures: list[dict[str, str]] = field(default_factory=list)

    def fail(self, key: str, reason: str) -> None:
        """Note an object that the answer should rest on and does not: once, however often it was tried."""
        failure = {"object": key, "reason": reason}
        if failure not in self.failures:
            self.failures.append(failure)

    def also(self, failures: Iterable[Mapping[str, str]]) -> None:
        """Note what another reading failed at."""
        for each in failures:
            self.fail(each["object"], each["reason"])


@dataclass(frozen=True, slots=True)
class StoredPart:
    """An object of a partition; ``size`` is 0 where that is not known, and it has to be read whole.

    ``hidden`` where some of its rows may be later than the moment it was asked for; ``settled`` where no other settled
    object has a row of its.
    """

    part: Part
    size: int
    hidden: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows that are read at once: a small part whole, or one row group of a compacted object.

    ``first`` and ``last`` are the times of its first and last event, in microseconds.
    """

    stored: StoredPart
    first: int
    last: int
    row_group: int | None = None


def known_by_key(part: Part) -> StoredPart:
    """A part that no listing and no manifest told of. Of a compacted object the rows are older than itself."""
    return StoredPart(part, 0, hidden=is_compacted_name(part.name))


class Lake:
    """The datasets of the lake, read-only."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._cache = Cache(CACHE_BYTES)

    def regions(self, dataset: str) -> list[str]:
        """The regions that have data."""
        prefixes = self.bucket.list(f"{dataset}/", delimiter="/").prefixes
        return [region for prefix in prefixes if (region := region_in(prefix, dataset))]

    def partitions(self, dataset: str, regions: Iterable[str], first: str, last: str) -> list[Partition]:
        """The partitions of ``regions`` from the date ``first`` to the date ``last``, both included."""

        def of(region: str) -> list[Partition]:
            prefixes = self.bucket.list(f"{dataset}/region={region}/", delimiter="/").prefixes
            dates = [date for prefix in prefixes if (date := date_in(prefix))]
            return [Partition(dataset, region, date) for date in dates if first <= date <= last]

        return [partition for group in in_parallel(of, regions) for partition in group]

    def parts(self, partitions: Iterable[Partition], as_of: datetime, reading: Reading) -> list[StoredPart]:
        """Objects that together hold every row of ``partitions`` delivered before ``as_of``, some perhaps twice.

        What a manifest names as compacted is read instead of what it replaced, whether or not that still stands.
        """
        chosen = list(partitions)
        listings = in_parallel(lambda partition: self.bucket.list(partition.prefix).objects, chosen)
        manifests = in_parallel(self._manifest, chosen)
        found = []
        for partition, listed, manifest in zip(chosen, listings, manifests, strict=True):
            reading.partitions.add(partition.prefix)
            moment = to_micros(as_of)
            for each in manifest.compacted:
                if (part := parse_part(each.key)) and each.delivered_first < moment:
                    found.append(StoredPart(part, each.bytes, each.delivered_last >= moment, settled=True))
            compacted = {each.key for each in manifest.compacted}
            retired = {(each.key, each.etag) for each in manifest.retired}
            others = [stat for stat in listed if stat.key not in compacted and (stat.key, stat.etag) not in retired]
            found += self._listed(others, as_of, reading)
        return found

    def _manifest(self, partition: Partition) -> Manifest:
        """What is known of a partition; nothing where its manifest is damaged: the listing shows every object."""
        try:
            standing = read_manifest(self.bucket, partition)
        except ObjectUnreadable:
            standing = None
        return standing[0] if standing else Manifest(partition)

    def _listed(self, listed: Iterable[Stat], as_of: datetime, reading: Reading) -> Iterator[StoredPart]:
        for stat in listed:
            part = parse_part(stat.key)
            if part is None:
                reading.fail(stat.key, "the key is not one of the lake's")
            elif is_compacted_name(part.name):
                # Younger than its rows: which of these were there already, each says itself.
                yield StoredPart(part, stat.size, True)
            elif stat.modified_at < as_of:
                yield StoredPart(part, stat.size)

    def stretches(self, parts: Iterable[StoredPart], reading: Reading) -> list[Stretch]:
        """What can be read at once of each part; one whose footer cannot be read is a failure."""

        def of(stored: StoredPart) -> list[Stretch] | str:
            part = stored.part
            if not stored.size or not is_compacted_name(part.name):
                return [Stretch(stored, part.first, part.last)]
            try:
                groups = self._opened(stored).row_groups()
            except _UNREADABLE as error:
                return _why(error)
            return [Stretch(stored, group.first, group.last, group.number) for group in groups]

        chosen = list(parts)
        found: list[Stretch] = []
        for stored, stretches in zip(chosen, in_parallel(of, chosen), strict=True):
            if isinstance(stretches, str):
                self._fail(stored.part.key, stretches, reading)
            else:
                found += stretches
        return found

    def rows(
        self, stretches: Iterable[Stretch], columns: Sequence[str], reading: Reading
    ) -> Iterator[tuple[Stretch, pa.Table]]:
        """Columns of each stretch, several at a time; one that cannot be read is a failure.

        Rows of a ``hidden`` part also tell when they were delivered: the caller leaves out those that are too late.
        """

        def load(stretch: Stretch) -> tuple[pa.Table, int] | str:
            names = list(columns)
            if stretch.stored.hidden and "delivered_at" not in names:
                names.append("delivered_at")
            try:
                return self._load(stretch, names)
            except _UNREADABLE as error:
                return _why(error)

        chosen = list(stretches)
        for stretch, loaded in zip(chosen, in_parallel(load, chosen), strict=True):
            if isinstance(loaded, str):
                self._fail(stretch.stored.part.key, loaded, reading)
                continue
            table, size = loaded
            reading.objects += 1
            reading.bytes += size
            yield stretch, table

    def originals(self, wanted: Sequence[tuple[Stretch, int]], reading: Reading) -> list[str | None]:
        """The original events in some places of stretches; None for one that has expired, or is a failure."""
        places: dict[Stretch, list[int]] = {}
        for stretch, place in wanted:
            places.setdefault(stretch, []).append(place)

        def load(item: tuple[Stretch, list[int]]) -> tuple[list[str], int] | str:
            stretch, rows = item
            try:
                if stretch.row_group is None:
                    table, size = self._whole(stretch.stored.part.key)
                    return table.column("event").take(rows).to_pylist(), size
                return self._opened(stretch.stored).originals(stretch.row_group, rows)
            except _UNREADABLE as error:
                return _why(error)

        texts: dict[tuple[Stretch, int], str] = {}
        items = list(places.items())
        for (stretch, rows), loaded in zip(items, in_parallel(load, items), strict=True):
            if isinstance(loaded, str):
                self._fail(stretch.stored.part.key, loaded, reading)
                continue
            found, size = loaded
            reading.bytes += size
            texts |= {(stretch, place): text for place, text in zip(rows, found, strict=True)}
        return [texts.get(each) for each in wanted]

    def _fail(self, key: str, why: str, reading: Reading) -> None:
        """Note a failure, unless the object is gone: expired between the listing and the reading, it holds nothing."""
        if why == _GONE and not self.bucket.list(key).objects:
            reading.gone += 1
            return
        reading.fail(key, why)

    def _opened(self, stored: StoredPart) -> RangedObject:
        key = stored.part.key
        opened = self._cache.get((key, "footer"))
        if opened is None:
            opened = RangedObject(self.bucket, key, stored.size)
            self._cache.put((key, "footer"), opened, opened.footer_bytes)
        return opened

    def _load(self, stretch: Stretch, names: Sequence[str]) -> tuple[pa.Table, int]:
        key = stretch.stored.part.key
        if stretch.row_group is None:
            table, size = self._whole(key)
            return table.select(names), size
        place = (key, str(stretch.row_group), *names)
        table = self._cache.get(place)
        if table is not None:
            return table, 0
        table, size = self._opened(stretch.stored).read(stretch.row_group, names)
        _check(table, key)
        self._cache.put(place, table, table.nbytes)
        return table, size

    def _whole(self, key: str) -> tuple[pa.Table, int]:
        table = self._cache.get((key, "whole"))
        size = 0
        if table is None:
            body = self.bucket.get(key)
            size = len(body)
            file = open_part(io.BytesIO(body))
            if is_bomb(file.metadata):
                raise ObjectUnreadable(f"{key} would take too much memory")
            table = file.read(use_threads=False)
            if set(EVENTS.names) - set(table.column_names):
                raise ObjectUnreadable(f"{key} lacks columns of the lake")
            table = table.select(EVENTS.names).cast(EVENTS)
            _check(table, key)
            self._cache.put((key, "whole"), table, table.nbytes)
        return table, size


_GONE = "the object was deleted while the question was answered"
_UNREADABLE = (ArrowException, ObjectNotFound, ObjectUnreadable, OSError, ValueError)


def _why(error: Exception) -> str:
    if isinstance(error, ObjectNotFound):
        return _GONE
    return f"the object is damaged or not of the lake: {type(error).__name__}"


def _check(table: pa.Table, key: str) -> None:
    if "event" in table.column_names and table.column("event").null_count:
        raise ObjectUnreadable(f"{key} has rows without their event")
