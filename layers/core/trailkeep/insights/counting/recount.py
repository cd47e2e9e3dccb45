"""Recounting: hours of a region with new events → the tallies of the accounts that are in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trailkeep.insights.counting.date_count import DateCount
from trailkeep.insights.counting.orders import CountOrder
from trailkeep.insights.counting.spans import Span
from trailkeep.lake.partitions import EVENTS, Partition
from trailkeep.lake.parts import Lake


@dataclass(slots=True)
class Recounted:
    """What a run did: by account the dates that were counted, and what time did not allow for."""

    accounts: dict[str, list[str]] = field(default_factory=dict)
    tallies: int = 0
    rest: Sequence[Span] = ()


def recount(lake: Lake, order: CountOrder, has_time: Callable[[], bool] = lambda: True) -> Recounted:
    """Count what an order names, date by date while ``has_time``; the first one always.

    Every account with events in these hours is told of, whether or not its tally changed: a run before this one may
    have ended when it had changed. Raises :class:`StorageUnavailable` where something cannot be read or written; what
    was written before holds, and is written again by the next try.
    """
    done = Recounted()
    by_date: dict[str, list[Span]] = {}
    for span in order.spans:
        by_date.setdefault(span.date, []).append(span)
    dates = sorted(by_date)
    for number, date in enumerate(dates):
        if number and not has_time():
            done.rest = [span for later in dates[number:] for span in by_date[later]]
            break
        run = DateCount(lake, Partition(EVENTS, order.region, date), by_date[date])
        for account in run.until_written():
            done.accounts.setdefault(account, []).append(date)
        done.tallies += run.written
    return done
