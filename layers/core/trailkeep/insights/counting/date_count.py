"""The count of one date of a region: the lake's events of some hours become part of the tallies of their accounts.

Safe to repeat, to interrupt anywhere, and to run beside itself. A tally is replaced only where it still is the one that
was read before the lake was: so nothing that another worker saw in the lake is undone. What is recounted is counted
from the rows that stand, so that events which came twice, or late, or while a run was killed, make no difference.

New events touch some hours of a date, and those are recounted; the whole date where it was not counted before, or what
stands of it cannot be built on. Only then are all its accounts looked at, also those that no event is left of.
"""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from trailkeep.errors import StorageUnavailable
from trailkeep.insights.counting.counted import Counted, read_counted, write_counted
from trailkeep.insights.counting.hours import count_hours, merged, parts_of, without_hours
from trailkeep.insights.counting.spans import HOURS_A_DAY, Span, whole_date
from trailkeep.insights.counting.tallies import Standing, read_standing, write_tally
from trailkeep.insights.facts import FACTS
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import Partition
from trailkeep.lake.parts import Lake, StoredPart

MAX_TRIES = 12


class DateCount:
    """One run over one date. ``written`` are the tallies that became others."""

    def __init__(self, lake: Lake, partition: Partition, spans: Iterable[Span]) -> None:
        self._lake = lake
        self._bucket = lake.bucket
        self._partition = partition
        self._place = (partition.date, partition.region)
        whole = whole_date(partition.date)
        self._all = range(whole.start, whole.end)
        self._hours = frozenset(hour for span in spans for hour in range(span.start, span.end))
        self._standing: dict[str, Standing] = {}
        self._finished: set[str] = set()
        self._counted: Counted | None = None
        self._counted_etag: str | None = None
        self._parts: list[StoredPart] | None = None
        self._facts: dict[str, pa.Table] = {}
        self.written = 0

    def until_written(self) -> list[str]:
        """Count, and replace the tallies; gives the accounts."""
        self._read_counted()
        for _ in range(MAX_TRIES):
            self._count()
            accounts = self._facts.keys() | (self._named() if self._is_whole else set())
            unread = sorted(accounts - self._standing.keys() - self._finished)
            if unread:
                self._read(unread)  # and count again: the lake has to be seen as it is after that
            elif (self._is_whole or self._are_named(accounts)) and self._write(accounts) and self._are_named(accounts):
                return sorted(accounts)
        raise StorageUnavailable(f"others count {self._partition.prefix} all the time")

    @property
    def _is_whole(self) -> bool:
        return len(self._hours) == HOURS_A_DAY

    def _count(self) -> None:
        """Count what the lake has at this moment."""
        parts = parts_of(self._lake, self._partition, self._hours)
        if parts != self._parts:
            self._facts = count_hours(self._lake, parts, self._hours)
            self._parts = parts

    def _recount_whole(self) -> None:
        """What stands of the other hours cannot be built on."""
        self._hours, self._parts = frozenset(self._all), None
        self._finished.clear()

    def _named(self) -> set[str]:
        return set(self._counted.accounts) if self._counted else set()

    def _read_counted(self) -> None:
        self._counted, self._counted_etag = read_counted(self._bucket, *self._place)
        if self._counted is None and not self._is_whole:
            self._recount_whole()

    def _read(self, accounts: Sequence[str]) -> None:
        """Read tallies, before the lake is."""
        found = in_parallel(lambda account: read_standing(self._bucket, account, *self._place), accounts)
        self._standing |= dict(zip(accounts, found, strict=True))
        named = self._named()
        if not self._is_whole and any(
            standing.facts is None or (standing.etag is None and account in named)
            for account, standing in zip(accounts, found, strict=True)
        ):
            self._recount_whole()

    def _are_named(self, accounts: Iterable[str]) -> bool:
        """See to it that the date's accounts are known: of a date that was counted before, ahead of their tallies."""
        if self._counted and not self._counted.lacking(accounts):
            return True
        named = {*self._named(), *accounts}
        if write_counted(self._bucket, *self._place, named, self._counted_etag):
            self._counted = Counted(tuple(named))
            return True
        self._read_counted()
        return False

    def _write(self, accounts: Iterable[str]) -> bool:
        """Replace the tallies that are others now; False where another worker was quicker with one of them."""

        def write(account: str) -> tuple[str, int | None]:
            standing = self._standing[account]
            facts = self._replaced(standing, self._facts.get(account, FACTS.empty_table()))
            if standing.facts is not None and standing.etag is not None and facts.equals(standing.facts):
                return account, 0
            return account, 1 if write_tally(self._bucket, account, *self._place, facts, standing.etag) else None

        lost = False
        for account, written in in_parallel(write, sorted(set(accounts) - self._finished)):
            del self._standing[account]  # what stands now has another etag
            if written is None:
                lost = True
            else:
                self.written += written
                self._finished.add(account)
        return not lost

    def _replaced(self, standing: Standing, facts: pa.Table) -> pa.Table:
        if self._is_whole or standing.facts is None:
            return facts
        kept = without_hours(standing.facts, self._hours)
        return merged(kept, facts)
