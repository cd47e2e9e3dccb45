"""Dates that nobody has counted: those that lay behind when Insights were first looked for in this lake.

Where the past is asked for, the lake's own events stand in for the tallies that they lack.
"""

from collections.abc import Iterable

from trailkeep.insights.counting.counted import list_counted
from trailkeep.insights.counting.tallies import Tally
from trailkeep.lake.partitions import EVENTS
from trailkeep.lake.parts import Lake


def with_uncounted(lake: Lake, tallies: Iterable[Tally], account: str, first_date: str, last_date: str) -> list[Tally]:
    """The tallies of an account of some dates, and one without an etag for each date of a region that lacks its own.

    One listing, and one more for each region of the lake: for questions about the past, not for every run.
    """
    counted = set(list_counted(lake.bucket, first_date, last_date))
    partitions = lake.partitions(EVENTS, lake.regions(EVENTS), first_date, last_date)
    lacking = {(each.date, each.region) for each in partitions} - counted
    found = [tally for tally in tallies if (tally.date, tally.region) not in lacking]
    found += [Tally(account, date, region, "") for date, region in lacking]
    return sorted(found, key=lambda tally: (tally.date, tally.region))
