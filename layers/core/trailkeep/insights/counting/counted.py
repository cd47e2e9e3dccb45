"""Which dates of which regions have been counted, and of which accounts they have tallies: one small object for each.

It stands only where the whole date was counted once. From then on the hours that new events touch are enough, and who
looks for the accounts that were active need not list those of all time.
"""

import re
from collections.abc import Iterable

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.events.regions import is_region
from trailkeep.insights.counting.keys import COUNTED, counted_key
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.storage import Bucket

_KEY = re.compile(rf"{COUNTED}(\d{{4}}-\d\d-\d\d)/([^/]+)\.json", re.ASCII)


class Counted(msgspec.Struct, frozen=True):
    """A date of a region that was counted whole. Each of ``accounts`` has a tally of it, or is about to."""

    accounts: tuple[str, ...] = ()

    def lacking(self, accounts: Iterable[str]) -> bool:
        """Whether it does not name all of ``accounts``."""
        return not set(accounts) <= set(self.accounts)


_decoder = msgspec.json.Decoder(Counted)


def read_counted(bucket: Bucket, date: str, region: str) -> tuple[Counted | None, str | None]:
    """What is known of a date of a region, with its etag; None where nothing is, or what stands there is damaged."""
    try:
        with bucket.open(counted_key(date, region)) as (stat, chunks):
            body = b"".join(chunks)
    except ObjectNotFound:
        return None, None
    return _decoded(body), stat.etag


def write_counted(bucket: Bucket, date: str, region: str, accounts: Iterable[str], etag: str | None) -> bool:
    """Say that a date was counted and of which accounts; False where another worker was quicker."""
    key, body = counted_key(date, region), msgspec.json.encode(Counted(tuple(sorted(accounts))))
    return bucket.create(key, body) if etag is None else bucket.replace(key, body, etag)


def list_counted(bucket: Bucket, first_date: str, last_date: str) -> list[tuple[str, str]]:
    """The dates, from the first to the last, with the regions in which they were counted: one listing."""
    found: list[tuple[str, str]] = []
    for page in bucket.pages(COUNTED, after=f"{COUNTED}{first_date}/"):
        for stat in page.objects:
            match = _KEY.fullmatch(stat.key)
            if match is None or not is_region(match[2]):
                continue
            if match[1] > last_date:
                return found
            found.append((match[1], match[2]))
    return found


def active_accounts(bucket: Bucket, first_date: str, last_date: str) -> list[str]:
    """The accounts that have tallies of these dates, both included. Its cost follows the dates and the regions."""

    def of(place: tuple[str, str]) -> tuple[str, ...]:
        counted, _ = read_counted(bucket, *place)
        return counted.accounts if counted else ()

    places = list_counted(bucket, first_date, last_date)
    return sorted({account for accounts in in_parallel(of, places) for account in accounts})


def _decoded(body: bytes) -> Counted | None:
    try:
        return _decoder.decode(body)
    except (ValueError, RecursionError):
        return None
