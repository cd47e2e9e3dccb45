"""The root of the index: the one object that a lookup reads first. It names all others, and says what is in which.

It is replaced as a whole, by a conditional write; what it names is never changed, and stands for an hour after a root
stopped naming it.
"""

from bisect import bisect_right
from datetime import timedelta
from functools import cached_property
from itertools import accumulate

import msgspec

from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.index.frames import pack, unpack
from trailkeep.index.page_table import Stretch
from trailkeep.index.recent import Recent
from trailkeep.index.tier import Directory, Place, Tier
from trailkeep.index.varints import decode_varints
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.partitions import Part, parse_part

ROOT = "index/root"

VERSION = 2
"""Of the format of everything under ``index/``; a root of another one is as good as none."""

TRUSTED = timedelta(minutes=50)
"""A root that was checked longer ago may name objects that are deleted: they stand for an hour after their end."""

DELIVERY_BYTES = 8


class RowGroup(msgspec.Struct, array_like=True, frozen=True):
    """A row group: its rows, and where its chunk of ``event`` starts and how long it is.

    Marks divide the chunk into stretches of a few pages: rows and bytes of each, as varints. Without marks its pages
    cannot be read by themselves.
    """

    rows: int
    start: int
    length: int
    mark_rows: bytes
    mark_bytes: bytes


class RootObject(msgspec.Struct, array_like=True, frozen=True):
    """A compacted object. Times are microseconds; ``normaliser_version`` is the lowest of its rows.

    ``channel`` is that of all rows, None where they differ. ``exceptions`` are the rows whose columns do not follow
    from the event as it is kept; None where that was not looked into or they are too many.
    """

    key: str
    bytes: int
    rows: int
    delivered_first: int
    delivered_last: int
    normaliser_version: int
    channel: str | None = None
    exceptions: tuple[int, ...] | None = None
    groups: tuple[RowGroup, ...] = ()

    @property
    def is_derivable(self) -> bool:
        """Whether the columns of its rows, but for ``exceptions``, follow from their events by this code."""
        known = self.exceptions is not None and self.channel is not None
        return known and self.normaliser_version == NORMALISER_VERSION

    @property
    def is_paged(self) -> bool:
        """Whether single pages of its events can be read."""
        return bool(self.groups) and all(group.mark_rows for group in self.groups)

    def part(self) -> Part:
        """What its key says. Raises :class:`Damaged`."""
        part = parse_part(self.key)
        if part is None:
            raise Damaged(f"the root names {self.key}, which is no key of the lake")
        return part

    def stretch_of(self, row: int) -> Stretch:
        """A few pages among which is that of a row. Raises IndexError for a row that it does not have."""
        if row < 0:
            raise IndexError(f"there is no row {row}")
        first = 0
        for group in self.groups:
            if row < first + group.rows:
                counts, _ = decode_varints(group.mark_rows, 0, count_varints(group.mark_rows))
                lengths, _ = decode_varints(group.mark_bytes, 0, len(counts))
                rows, starts = list(accumulate(counts, initial=first)), list(accumulate(lengths, initial=group.start))
                number = bisect_right(rows, row) - 1
                return Stretch(starts[number], lengths[number], rows[number], counts[number])
            first += group.rows
        raise IndexError(f"there is no row {row}")


class FreshPart(msgspec.Struct, array_like=True, frozen=True):
    """A part that is not compacted, and a time in microseconds at which it stood: no earlier than it was written."""

    key: str
    by: int


class RootRecord(msgspec.Struct, array_like=True, frozen=True):
    """What the root holds. Times are microseconds.

    Every object that stood at ``checked_at`` and still counted is in ``objects``, in ``fresh`` (parts that are not yet
    compacted), or belongs to a delivery of the feed since ``until`` less the overlap that is not among ``deliveries``
    (shortened IDs, one behind the other). ``state`` is what the publisher goes on from.
    """

    version: int
    checked_at: int
    until: int
    deliveries: bytes
    objects: tuple[RootObject, ...]
    fresh: tuple[FreshPart, ...]
    tiers: tuple[Directory, ...]
    recent: dict[str, Recent]
    state: str


class Root:
    """The root, ready for lookups."""

    def __init__(self, record: RootRecord) -> None:
        self.record = record
        self.objects = record.objects
        self.fresh = record.fresh
        self.recent = record.recent
        self.tiers = tuple(Tier(directory) for directory in record.tiers)

    @cached_property
    def tier_of(self) -> dict[int, Tier]:
        """The tier that covers an object, by the object's number; an object of none is to be read by other means."""
        return {place: tier for tier in self.tiers for place in tier.directory.objects if place >= 0}

    @cached_property
    def parts(self) -> list[Part]:
        """What the keys of the objects say, by their numbers. Raises :class:`Damaged`."""
        return [each.part() for each in self.objects]

    @cached_property
    def known_deliveries(self) -> frozenset[bytes]:
        """The first bytes of the IDs of the deliveries that are in ``objects`` or ``fresh`` and may be met again."""
        ids = self.record.deliveries
        return frozenset(ids[at : at + DELIVERY_BYTES] for at in range(0, len(ids), DELIVERY_BYTES))

    def knows(self, delivery: str) -> bool:
        """Whether the rows of a delivery (32 hexadecimal digits) are in ``objects`` or ``fresh`` already."""
        return shortened(delivery) in self.known_deliveries

    def page_near(self, place: Place) -> Stretch:
        """A few pages, among which is that of a row."""
        return self.objects[place.object].stretch_of(place.row)


def shortened(delivery: str) -> bytes:
    """What the root keeps of a delivery's ID, enough to know it again."""
    return bytes.fromhex(delivery)[:DELIVERY_BYTES]


def encode_root(record: RootRecord) -> bytes:
    """The stored form."""
    return pack(msgspec.msgpack.encode(record), ROOT)


def decode_root(body: bytes) -> Root:
    """The root in its stored form. Raises :class:`Damaged` for anything else, also for another version's."""
    try:
        record = _decoder.decode(unpack(body, ROOT))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged("the root of the index is damaged or of another version") from error
    if record.version != VERSION:
        raise Damaged("the root of the index is of another version")
    return Root(record)


def count_varints(data: bytes) -> int:
    """How many varints there are: each ends with its only byte below 128."""
    return sum(byte < 128 for byte in data)


_decoder = msgspec.msgpack.Decoder(RootRecord)
