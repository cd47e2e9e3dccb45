"""The setting of an account: its cloud, regions, hours and holidays, and the places that its callers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from tests.benchmarks.insights.accounts.book import Book
from tests.benchmarks.insights.accounts.chance import letters
from tests.benchmarks.insights.accounts.clouds import Cloud
from tests.benchmarks.insights.accounts.places import Places, Pool
from trailkeep.insights.facts import MINUTES_A_DAY

PROTO_AGENT_DAYS = 30
"""Days after which most tools have another version."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something unusual and harmless that happened: what, to whom, and on which days."""

    kind: str
    who: str
    first_day: int
    last_day: int


@dataclass
class Setting:
    """What all actors of an account share. ``zone`` is its hours ahead of UTC; ``days`` are those of the world."""

    account: str
    cloud: Cloud
    places: Places
    zone: int
    days: range
    holidays: frozenset[int]
    offices: list[Pool]
    gateway: Pool | None
    """A company's VPN, through which homes call in some accounts."""
    has_users: bool
    """Whether people are users with long-term keys; elsewhere they share roles and sign in through a directory."""
    regions: Sequence[str]
    book: Book = field(default_factory=Book)
    happenings: list[Happening] = field(default_factory=list)

    def note(self, kind: str, who: str, first_day: int, last_day: int | None = None) -> None:
        """Remember a happening."""
        self.happenings.append(Happening(kind, who, first_day, first_day if last_day is None else last_day))

    def is_free(self, day: int) -> bool:
        """Whether people rest: weekends and holidays."""
        return weekday(day) >= 5 or day in self.holidays

    def minute(self, day: int, local: float, zone: int | None = None) -> int:
        """The minute of a local time, in minutes after midnight, of a date."""
        return day * MINUTES_A_DAY + int(local) - 60 * (self.zone if zone is None else zone)

    def key(self, random: Random) -> str:
        """A long-term AccessKey."""
        return f"AKIA{letters(random, 16)}" if self.cloud.name == "CloudTrail" else f"LTAI5t{letters(random, 18)}"

    def principal(self, random: Random) -> str:
        """The ID of a user or role."""
        if self.cloud.name == "CloudTrail":
            return f"AIDA{letters(random, 17)}"
        return "2" + "".join(random.choices("0123456789", k=17))


def weekday(day: int) -> int:
    """The day of the week of a day counted from 1970-01-01: Monday is 0."""
    return (day + 3) % 7
