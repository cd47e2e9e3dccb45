"""The arrival feed as its followers read it: which deliveries have ended, and which parts they wrote.

A follower keeps a cursor, the moment that its last reading began, and reads on from :data:`OVERLAP` before it. It so
sees some deliveries again, and a delivery can stand in the feed twice: it is known by its ID.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from trailkeep.lake.commits import COMMITS, minute_prefix, parse_commit_key, parts_of, read_commit
from trailkeep.lake.partitions import Part, parse_fresh_name
from trailkeep.lake.plans import ALIVE
from trailkeep.lake.storage import Bucket, Stat
from trailkeep.lake.watermark import watermark_in

OVERLAP = ALIVE
"""How long before its cursor a follower reads: a commit stands in the minute in which its delivery was pinned, and may
come as late after that as a worker of that plan lives."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A delivery that has ended: ``parts`` in the order of their numbers, ``committed_at`` by the store's clock."""

    delivery: str
    minute: datetime
    committed_at: datetime
    normaliser: int
    mask: int
    parts: list[Part]
    key: str


@dataclass(frozen=True, slots=True)
class FeedEnd:
    """The end of the feed: its deliveries in the order of their minutes, and the watermark that stands behind them."""

    entries: list[FeedEntry]
    watermark: datetime | None


def read_end(lake: Bucket, since: datetime) -> FeedEnd:
    """As :func:`read_feed`, with the watermark, which the same listing shows."""
    stats = list(_listed(lake, since))
    return FeedEnd(list(_entries(lake, stats)), watermark_in(stat.key for stat in stats))


def read_feed(lake: Bucket, since: datetime) -> Iterator[FeedEntry]:
    """The deliveries of the feed from the minute of ``since`` on, in the order of their minutes.

    One listing, and one more request for each delivery of so many parts that its key could not name them.
    """
    yield from _entries(lake, _listed(lake, since))


def _listed(lake: Bucket, since: datetime) -> Iterator[Stat]:
    for page in lake.pages(COMMITS, after=minute_prefix(since)):
        yield from page.objects


def _entries(lake: Bucket, stats: Iterable[Stat]) -> Iterator[FeedEntry]:
    for stat in stats:
        name = parse_commit_key(stat.key)
        if name is None:
            continue  # nothing that a delivery of ours wrote
        parts = parts_of(read_commit(lake, stat.key)) if name.parts is None else list(name.parts)
        yield FeedEntry(name.delivery, name.minute, stat.modified_at, *name.versions, parts, stat.key)


@dataclass(frozen=True, slots=True)
class Standing:
    """Fresh parts by what the feed says of them.

    ``in_flight`` are those of deliveries without a commit: under way, or interrupted and to be repeated. ``orphans``
    are those that the commit of their own delivery does not name: an interrupted worker of other code left them, and
    their events stand in the parts that are named. Nobody needs them who does not hold an older listing; they may be
    deleted when they are older than :data:`trailkeep.lake.plans.ALIVE`.
    """

    committed: list[Part] = field(default_factory=list)
    in_flight: list[Part] = field(default_factory=list)
    orphans: list[Part] = field(default_factory=list)


def tell_apart(parts: Iterable[Part], entries: Iterable[FeedEntry]) -> Standing:
    """Sort the fresh ones among ``parts`` by what ``entries`` say; compacted and foreign objects are left out.

    The entries have to reach back as far as the deliveries of the parts: a part whose entry is missing counts as in
    flight, which is never wrong to wait for.
    """
    named: set[str] = set()
    ended: set[str] = set()
    for entry in entries:
        named.update(part.key for part in entry.parts)
        ended.add(entry.delivery[:24])
    standing = Standing()
    for part in parts:
        fresh = parse_fresh_name(part.name)
        if fresh is None:
            continue
        if part.key in named:
            standing.committed.append(part)
        elif fresh.delivery in ended:
            standing.orphans.append(part)
        else:
            standing.in_flight.append(part)
    return standing
