"""Readiness: whether a type can say yet what is unusual in an account, and why not.

Days count from the second day after them: until then they are not part of the history.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

from trailkeep.events.timestamps import utc_date
from trailkeep.insights.facts import MINUTES_A_DAY
from trailkeep.insights.scene import HISTORY_DAYS, Scene, Tuning
from trailkeep.insights.types import LEARNING_DAYS


class Readiness(NamedTuple):
    """Whether a type looks at an account; ``reason`` is None where it does."""

    ready: bool
    reason: str | None


class Learning(NamedTuple):
    """Types that cannot say yet what is unusual in an account; ``ready_from`` is a UTC date, None for not at all."""

    account: str
    types: list[str]
    ready_from: str | None

    def as_json(self) -> dict[str, object]:
        """As an answer states it."""
        return {"accountId": self.account, "insightTypes": self.types, "readyFrom": self.ready_from}


def first_date_seen(day: int) -> str:
    """The earliest date that a scene of ``day`` looks at."""
    return utc_date(max(0, day - 1 - HISTORY_DAYS))


def readiness(insight_type: str, tuning: Tuning, dates: Collection[str], day: int) -> Readiness:
    """How ready a type is on a day for an account that has calls on some ``dates`` of those that are looked at."""
    if not tuning.enabled:
        return Readiness(False, "disabled")
    if not dates:
        return Readiness(False, f"no calls are known of the last {HISTORY_DAYS} days")
    seen, needed = len({each for each in dates if each <= utc_date(day - 2)}), LEARNING_DAYS[insight_type]
    return Readiness(True, None) if seen >= needed else Readiness(False, f"learning: {seen} of {needed} days seen")


def learning(scene: Scene) -> Iterator[Learning]:
    """Which enabled types are not ready on the day of a scene, and when they will be by the calls that it shows."""
    days = sorted({*scene.history.digests, *(fact.minute // MINUTES_A_DAY for fact in scene.facts)})
    found: dict[str | None, list[str]] = defaultdict(list)
    for name, tuning in scene.tunings.items():
        needed = LEARNING_DAYS[name]
        ready_day = days[needed - 1] + 2 if len(days) >= needed else None
        if tuning.enabled and (ready_day is None or scene.day < ready_day):
            found[None if ready_day is None else utc_date(ready_day)].append(name)
    for ready_from, types in found.items():
        yield Learning(scene.account, types, ready_from)
