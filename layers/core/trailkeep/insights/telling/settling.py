"""Settling: whether earlier calls of an account are still coming in, as they do while a history is imported.

Compared with half of its history, what an account always did looks unusual. So days are not looked at while what lies
before them changes from minute to minute.
"""

from datetime import datetime, timedelta

from trailkeep.events.timestamps import utc_date
from trailkeep.insights.counting.keys import TALLIES, account_key
from trailkeep.insights.scene import HISTORY_DAYS
from trailkeep.lake.storage import Bucket

MOST_TIMES = 10
"""How often a look may be put off: what comes in for longer is taken for how this account's calls always come."""


def is_settling(bucket: Bucket, account: str, first: int, last: int, now: datetime, patience: timedelta) -> bool:
    """Whether calls of the days from ``first`` to ``last``, or of the history of these, came in a moment ago.

    One listing; none with a ``patience`` of nothing, which waits for nothing.
    """
    if not patience:
        return False
    prefix = f"{TALLIES}{account_key(account)}/"
    after, until = utc_date(max(0, first - HISTORY_DAYS - 1)), utc_date(last)
    for page in bucket.pages(prefix, after=f"{prefix}{after}"):
        for stat in page.objects:
            if stat.key[len(prefix) :].partition("/")[0] > until:
                return False
            if stat.modified_at > now - patience:
                return True
    return False
