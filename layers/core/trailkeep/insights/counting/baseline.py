"""Baselines: what was usual in an account, as digests by date. A cache of its tallies, made anew where lost."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.events.timestamps import utc_date
from trailkeep.insights.counting.baseline_file import KnownDay, read_baseline, write_baseline
from trailkeep.insights.counting.tallies import Tally, read_tables
from trailkeep.insights.digest import digest_of
from trailkeep.insights.facts import FACTS, Fact, facts_of
from trailkeep.insights.scene import HISTORY_DAYS, History
from trailkeep.lake.storage import Bucket

KEPT_DAYS = HISTORY_DAYS + 2
"""Days that are kept: those that the scenes of today, of yesterday and of tomorrow look back on."""

MAX_HELD = 4
"""Accounts of which a function remembers what it has read."""

_DAYS_AT_ONCE = 4
"""Days whose facts are in memory together."""

_ALIKE = [name for name in FACTS.names if name not in ("principal", "kind", "calls", "event_id")]
"""What digests look at."""


class Baselines:
    """The histories of accounts. One for the life of a function: what it has made once, it knows.

    With ``keep`` false nothing is written: for questions of what would have been found.
    """

    def __init__(self, bucket: Bucket, *, keep: bool = True) -> None:
        self._bucket = bucket
        self._keep = keep
        self._held: OrderedDict[str, dict[int, KnownDay]] = OrderedDict()

    def history(self, account: str, day: int, tallies: Iterable[Tally]) -> History:
        """The history that a scene of ``day`` (counted from 1970-01-01) has: of the days up to two before it.

        ``tallies`` are those listed of at least these :data:`HISTORY_DAYS`; others are left alone. Only days are read
        whose tallies are not those that their digests were made of. Raises :class:`StorageUnavailable`, and
        :class:`ObjectUnreadable` for a damaged tally: a day that lacks calls would make others unusual.
        """
        by_date: Mapping[str, list[Tally]] = defaultdict(list)
        for tally in tallies:
            by_date[tally.date].append(tally)
        looked_at = range(day - HISTORY_DAYS - 1, day - 1)
        wanted = {each: by_date[utc_date(each)] for each in looked_at if utc_date(each) in by_date}
        held = self._held_days(account)
        made = dict(self._made({each: own for each, own in wanted.items() if not _is_known(held.get(each), own)}))
        days = held | made
        first_kept = max(days, default=0) - KEPT_DAYS + 1
        self._hold(account, {each: days[each] for each in sorted(days) if each >= first_kept})
        if self._keep and any(each >= first_kept and known.is_lasting for each, known in made.items()):
            write_baseline(self._bucket, account, self._held[account])
        return History({each: digest for each in wanted if (digest := days[each].digest())})

    def _made(self, wanted: Mapping[int, Sequence[Tally]]) -> Iterator[tuple[int, KnownDay]]:
        """The digests of some days, from their tallies."""
        days = sorted(wanted)
        for start in range(0, len(days), _DAYS_AT_ONCE):
            chosen = days[start : start + _DAYS_AT_ONCE]
            tables = iter(read_tables(self._bucket, [tally for day in chosen for tally in wanted[day]]))
            for day in chosen:
                facts = [fact for tally in wanted[day] for fact in _by_hour(next(tables), tally.region)]
                rows = [(*place, values) for place, values in digest_of(facts).items()]
                yield day, KnownDay({tally.region: tally.etag for tally in wanted[day]}, rows)  # type: ignore[arg-type]

    def _held_days(self, account: str) -> dict[int, KnownDay]:
        if account not in self._held:
            self._hold(account, read_baseline(self._bucket, account))
        return self._held[account]

    def _hold(self, account: str, days: dict[int, KnownDay]) -> None:
        self._held[account] = days
        self._held.move_to_end(account)
        while len(self._held) > MAX_HELD:
            self._held.popitem(last=False)


def _is_known(held: KnownDay | None, tallies: Sequence[Tally]) -> bool:
    return held is not None and held.is_of(tallies)


def _by_hour(facts: pa.Table, region: str) -> Iterator[Fact]:
    """Facts that give the same digest, and are far fewer: one for the calls of an hour that are alike to digests."""
    minute = facts.column("minute")
    hour = pc.multiply(pc.divide(minute, 60), 60)
    hourly = facts.set_column(0, "minute", hour).group_by(_ALIKE, use_threads=False).aggregate([("calls", "sum")])
    columns = {name: hourly.column(name) for name in _ALIKE} | {"calls": hourly.column("calls_sum")}
    missing = pa.nulls(hourly.num_rows, pa.string())
    yield from facts_of(pa.table([columns.get(name, missing) for name in FACTS.names], FACTS.names), region)
