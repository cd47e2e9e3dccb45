"""What is usual for a count: by the hour of the day, the day of the week and the end of the month.

Medians, so that one bad day of the past neither hides the next one nor raises an alarm by itself. Days without calls
count as zero.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property, lru_cache
from statistics import median

from trailkeep.insights.digest import Hours

HOURS_A_DAY = 24
ENOUGH = 3
"""Days of a kind whose median means something."""

_EPOCH = date(1970, 1, 1)


class Usual:
    """The past of one count: ``days`` are its calls by day (from 1970-01-01) and hour.

    ``past`` are the days of the account's history; a day that is missing in ``days`` had no calls. ``span`` is the
    length, in hours, of what is counted: an hour counts with the ``span - 1`` before it.
    """

    def __init__(self, days: Mapping[int, Hours], past: range, span: int = 1) -> None:
        self._days = days
        self._past = past
        self._span = span
        self._levels: dict[int, float] = {}

    def expected(self, hour: int) -> float:
        """The usual count of an hour (from 1970) or of the one before it: the hour up to a minute is part of both."""
        return max(self.level_at(hour), self.level_at(hour - 1))

    @cached_property
    def highest(self) -> float:
        """The highest count of the past."""
        return max((self._count(day, hour) for day in self._past for hour in self._days.get(day, ())), default=0)

    def level_at(self, hour: int) -> float:
        """The usual count of an hour, from 1970."""
        if hour not in self._levels:
            self._levels[hour] = self._level(*divmod(hour, HOURS_A_DAY))
        return self._levels[hour]

    def _level(self, day: int, hour: int) -> float:
        found = [self._median_at(hour, is_weekend(day))]
        weekday = [self._count(past, hour) for past in self._past if (past - day) % 7 == 0]
        if len(weekday) >= ENOUGH:
            found.append(median(weekday))
        found += [self._count(past, hour) for past in self._past if _is_a_month_before(past, day)]
        return max(found)

    def _median_at(self, hour: int, weekend: bool) -> float:
        """The median of an hour on working days, or on weekends; of all days where there are too few of a kind."""
        alike = [day for day in self._past if is_weekend(day) is weekend]
        return median([self._count(day, hour) for day in (alike if len(alike) >= ENOUGH else self._past)] or [0])

    def _count(self, day: int, hour: int) -> int:
        if self._span == 1:
            hours = self._days.get(day)
            return hours.get(hour, 0) if hours else 0
        total = 0
        for back in range(self._span):
            of, at = (day, hour - back) if hour >= back else (day - 1, hour - back + HOURS_A_DAY)
            hours = self._days.get(of)
            total += hours.get(at, 0) if hours else 0
        return total


def total_of(series: Sequence[Mapping[int, Hours]]) -> Mapping[int, Hours]:
    """Several counts as one."""
    if len(series) < 2:
        return series[0] if series else {}
    found: dict[int, dict[int, int]] = {}
    for days in series:
        for day, hours in days.items():
            of = found.setdefault(day, {})
            for hour, calls in hours.items():
                of[hour] = of.get(hour, 0) + calls
    return found


def is_weekend(day: int) -> bool:
    """Whether a day (from 1970-01-01, a Thursday) is a Saturday or a Sunday."""
    return (day + 3) % 7 >= 5


@lru_cache(maxsize=4096)
def _is_a_month_before(past: int, day: int) -> bool:
    """Whether both days are the same of the first or of the last three of their months, one after the other."""
    one, other = _EPOCH + timedelta(past), _EPOCH + timedelta(day)
    if not 20 <= day - past <= 40 or (one.year, one.month) == (other.year, other.month):
        return False
    return (one.day == other.day and other.day <= 3) or (_left(one) == _left(other) and _left(other) < 3)


def _left(of: date) -> int:
    """Days of a month behind this one."""
    following = (of.replace(day=1) + timedelta(32)).replace(day=1)
    return (following - of).days - 1
