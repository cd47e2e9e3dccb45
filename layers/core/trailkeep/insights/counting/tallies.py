"""Tallies: the facts of one account, region and UTC date, as one small object. Recounted from the lake, never added to.

Evaluation reads tallies and nothing else of the events, so that its cost does not follow the lake.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from trailkeep.errors import ObjectNotFound, ObjectUnreadable
from trailkeep.events.regions import is_region
from trailkeep.insights.counting.hours import count_hours, parts_of
from trailkeep.insights.counting.keys import TALLIES, account_key, tally_key
from trailkeep.insights.counting.spans import whole_date
from trailkeep.insights.counting.tally_file import decode_tally, encode_tally
from trailkeep.insights.facts import FACTS, Fact, facts_of
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import EVENTS, Partition
from trailkeep.lake.parts import Lake
from trailkeep.lake.storage import Bucket

_KEY = re.compile(r"(\d{4}-\d\d-\d\d)/([^/]+)\.parquet", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tally:
    """A tally as a listing shows it: the same ``etag``, the same facts. ``date`` is a UTC date, ``2026-03-09``.

    Without an etag none stands, and who reads it counts the lake's events instead: see
    :mod:`trailkeep.insights.counting.uncounted`.
    """

    account: str
    date: str
    region: str
    etag: str

    @property
    def key(self) -> str:
        """The key of the object."""
        return tally_key(self.account, self.date, self.region)


def list_tallies(bucket: Bucket, account: str, first_date: str, last_date: str) -> list[Tally]:
    """The tallies of an account of some dates, both included, in their order: one listing, whatever lies before."""
    prefix = f"{TALLIES}{account_key(account)}/"
    found: list[Tally] = []
    # Behind the date with its slash: behind that without it, not every store has what begins with both.
    for page in bucket.pages(prefix, after=f"{prefix}{first_date}/"):
        for stat in page.objects:
            match = _KEY.fullmatch(stat.key, len(prefix))
            if match is None or not is_region(match[2]):
                continue
            if match[1] > last_date:
                return found
            found.append(Tally(account, match[1], match[2], stat.etag))
    return found


def read_facts(bucket: Bucket, tallies: Iterable[Tally]) -> list[Fact]:
    """The facts of some tallies of an account, in order of time, the same every time.

    Raises :class:`ObjectUnreadable` for a damaged one, and :class:`StorageUnavailable`: where calls are missing, others
    would seem unusual.
    """
    chosen = sorted(tallies, key=lambda tally: (tally.date, tally.region))
    facts = [
        fact
        for tally, table in zip(chosen, read_tables(bucket, chosen), strict=True)
        for fact in facts_of(table, tally.region)
    ]
    facts.sort(key=lambda fact: fact.minute)
    return facts


def read_tables(bucket: Bucket, tallies: Iterable[Tally]) -> list[pa.Table]:
    """The facts of each tally, as a table of :data:`trailkeep.insights.facts.FACTS`; none for one that has expired."""
    chosen = list(tallies)
    found = in_parallel(lambda tally: _read(bucket, tally) if tally.etag else None, chosen)
    # Counted one after another, since each is read in parallel.
    lake = Lake(bucket)
    return [_count(lake, tally) if table is None else table for tally, table in zip(chosen, found, strict=True)]


def _read(bucket: Bucket, tally: Tally) -> pa.Table:
    try:
        return decode_tally(bucket.get(tally.key), tally.account, tally.key)
    except ObjectNotFound:
        return FACTS.empty_table()


def _count(lake: Lake, tally: Tally) -> pa.Table:
    span = whole_date(tally.date)
    hours = range(span.start, span.end)
    parts = parts_of(lake, Partition(EVENTS, tally.region, tally.date), hours)
    return count_hours(lake, parts, hours, tally.account).get(tally.account, FACTS.empty_table())


class Standing(NamedTuple):
    """A tally as it stands: None for the facts of one that is damaged, None for the etag where there is none."""

    facts: pa.Table | None
    etag: str | None


def read_standing(bucket: Bucket, account: str, date: str, region: str) -> Standing:
    """A tally with the etag that it has at this moment, for who is about to replace it."""
    key = tally_key(account, date, region)
    try:
        with bucket.open(key) as (stat, chunks):
            body = b"".join(chunks)
    except ObjectNotFound:
        return Standing(FACTS.empty_table(), None)
    try:
        return Standing(decode_tally(body, account, key), stat.etag)
    except ObjectUnreadable:
        return Standing(None, stat.etag)


def write_tally(bucket: Bucket, account: str, date: str, region: str, facts: pa.Table, etag: str | None) -> bool:
    """Write a tally in place of the one with ``etag``, or as the first one; False where another worker was quicker."""
    key, body = tally_key(account, date, region), encode_tally(facts, account)
    return bucket.create(key, body) if etag is None else bucket.replace(key, body, etag)
