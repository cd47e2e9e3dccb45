"""Scenes: all that a detector may look at. A detector is a pure function of a scene."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from trailkeep.insights.digest import Digest, Hours
from trailkeep.insights.facts import MINUTES_A_DAY, Fact

HISTORY_DAYS = 35
"""Five of each weekday, and each end of a month once: what comes back is usual, what ended weeks ago no longer is."""


@dataclass(frozen=True)
class History:
    """The digests of earlier days, by day (counted from 1970-01-01): :data:`HISTORY_DAYS` up to that two days before.

    A day without calls has no digest: it counts as a day of none if it lies behind the first one.
    """

    digests: Mapping[int, Digest]

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], Mapping[str, Mapping[int, Hours]]]:
        """By dimension and identity, then value: the hours of each day."""
        found: dict[tuple[str, str], dict[str, dict[int, Hours]]] = defaultdict(lambda: defaultdict(dict))
        for day, digest in self.digests.items():
            for place, values in digest.items():
                for value, hours in values.items():
                    found[place][value][day] = hours
        return found

    def of(self, dimension: str, identity: str) -> Mapping[str, Mapping[int, Hours]]:
        """The values of an identity in a dimension, each with its hours by day; empty for one that is not known."""
        return self.by_place.get((dimension, identity), {})


@dataclass(frozen=True)
class Tuning:
    """What the people of an account have set for one type. A higher sensitivity finds more."""

    enabled: bool = True
    sensitivity: str = "medium"


@dataclass(frozen=True, eq=False)
class Scene:
    """One account at one date: what began on ``day`` (counted from 1970-01-01) is looked for.

    ``facts``, in order of time, are those of that day, of the day before (what began then is known already), and of
    the day after, where there is one: what began on ``day`` ends by then at the latest. ``history`` ends two days
    before ``day``. Facts are known up to the minute ``until`` (exclusive), and no more of those before the minute
    ``closed`` will come in time. ``allowed`` are networks, in CIDR notation, whose calls are never unusual.
    """

    account: str
    day: int
    facts: Sequence[Fact]
    history: History
    until: int
    closed: int
    tunings: Mapping[str, Tuning] = field(default_factory=dict)
    allowed: Sequence[str] = ()

    @property
    def minutes(self) -> range:
        """The minutes of the day: findings start in one of them."""
        return range(self.day * MINUTES_A_DAY, (self.day + 1) * MINUTES_A_DAY)

    def sensitivity(self, insight_type: str) -> str:
        """How sensitive a detector shall be: ``low``, ``medium`` or ``high``."""
        return self.tunings.get(insight_type, Tuning()).sensitivity
