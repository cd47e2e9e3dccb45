"""The planner: follows the feed, orders the hours with new events to be counted, and active accounts to be looked at.

To be told twice changes nothing for who counts and evaluates, so messages are sent before that is remembered: an
interruption anywhere only repeats some. What a run costs follows what has been delivered since the last one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.insights.counting.counted import active_accounts
from trailkeep.insights.counting.cursor import digest_of_commit, moved, read_cursor, write_cursor
from trailkeep.insights.counting.orders import CountOrder
from trailkeep.insights.counting.spans import Span, joined, touched, whole_date
from trailkeep.lake.commits import (
    COMMITS,
    minute_of,
    minute_prefix,
    parse_commit_key,
    parts_of,
    read_commit,
)
from trailkeep.lake.feed import OVERLAP
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import EVENTS, Part, date_in, region_in
from trailkeep.lake.storage import Bucket

RECOUNTED_DAYS = 66
"""Days that a full run counts: an event may be four weeks late, and is compared with the five weeks before it."""

_DAY = timedelta(days=1)

OrderCounts = Callable[[Sequence[CountOrder]], int]
OrderEvaluations = Callable[[Mapping[str, Sequence[str]]], int]
"""Both give the number of messages, all of which the queue took, or raise :class:`StorageUnavailable`."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run saw: new deliveries, those whose commit cannot be read, and the messages sent; whether it was full."""

    deliveries: int
    unreadable: int
    counts: int
    accounts: int
    full: bool


def plan(
    lake: Bucket, order_counts: OrderCounts, order_evaluations: OrderEvaluations, now: datetime, *, full: bool = False
) -> Planned:
    """Order what new deliveries touch; with ``full``, every date of the last :data:`RECOUNTED_DAYS`, as it stands.

    It is full, too, where what was remembered is lost or damaged, and once after an update that counts by other rules.
    Raises :class:`StorageUnavailable`: the next run then does what this one could not.
    """
    standing, etag = read_cursor(lake)
    full = full or standing is None
    settled = minute_of(now - OVERLAP)
    since = standing.since if standing else settled
    news = _follow(lake, since, standing.knows() if standing else frozenset())
    spans = dict(news.spans)
    if full:
        for region, date in _recent_partitions(lake, now):
            spans[region] = [*spans.get(region, ()), whole_date(date)]
    counts = order_counts([CountOrder(region, own) for region in sorted(spans) for own in _portions(spans[region])])
    since = max(since, settled)
    known = {digest for digest, minute in news.commits.items() if minute >= since}
    write_cursor(lake, moved(since, known), etag)
    active = active_accounts(lake, _date(now - _DAY), _date(now + _DAY))
    accounts = order_evaluations(dict.fromkeys(active, ()))
    return Planned(news.new, news.unreadable, counts, accounts, full)


@dataclass(slots=True)
class _News:
    """What the feed has: by the digests of all commits their minutes, and of the new ones the hours by region."""

    commits: dict[bytes, datetime] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    new: int = 0
    unreadable: int = 0


def _follow(lake: Bucket, since: datetime, known: frozenset[bytes]) -> _News:
    news = _News()
    for page in lake.pages(COMMITS, after=minute_prefix(since)):
        for stat in page.objects:
            name = parse_commit_key(stat.key)
            if name is None:
                continue  # nothing that a delivery of ours wrote
            digest = digest_of_commit(stat.key)
            news.commits[digest] = name.minute
            if digest in known:
                continue
            news.new += 1
            try:
                parts = parts_of(read_commit(lake, stat.key)) if name.parts is None else name.parts
                spans = [(part.partition.region, _span(part)) for part in parts]
            except (ObjectNotFound, ObjectUnreadable, ValueError):
                news.unreadable += 1  # damaged or gone by now, which must not stop all others
                continue
            for region, span in spans:
                news.spans[region].append(span)
    return news


def _span(part: Part) -> Span:
    return touched(part.partition.date, part.first, part.last)


def _portions(spans: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """Whole dates are work for one worker each; of the others one takes them all."""
    few = []
    for span in joined(spans):
        if span == whole_date(span.date):
            yield [span]
        else:
            few.append(span)
    if few:
        yield few


def _recent_partitions(lake: Bucket, now: datetime) -> Iterator[tuple[str, str]]:
    """Every region and date of the last days that has events; events may be up to a day ahead."""
    first, last = _date(now - RECOUNTED_DAYS * _DAY), _date(now + _DAY)
    prefixes = lake.list(f"{EVENTS}/", delimiter="/").prefixes
    regions = [region for prefix in prefixes if (region := region_in(prefix, EVENTS))]
    listings = in_parallel(lambda region: lake.list(f"{EVENTS}/region={region}/", delimiter="/"), regions)
    for region, listing in zip(regions, listings, strict=True):
        dates = [date for prefix in listing.prefixes if (date := date_in(prefix))]
        yield from ((region, date) for date in dates if first <= date <= last)


def _date(moment: datetime) -> str:
    return moment.date().isoformat()
