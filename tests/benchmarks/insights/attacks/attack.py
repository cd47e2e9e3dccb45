"""An attack as it was planted, and what its makers know of the account that they attack."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from tests.benchmarks.insights.accounts.book import Caller, Operation
from tests.benchmarks.insights.accounts.setting import Setting
from trailkeep.insights.digest import network_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact

STRENGTHS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Attack:
    """What a detector of ``insight_type`` should find, from the minute ``start`` to ``end``, exclusive.

    ``variant`` says how it was done, ``identity`` as whom; ``objects`` are the names by which an Insight may tell it.
    """

    insight_type: str
    variant: str
    strength: str
    identity: str
    objects: frozenset[str]
    start: int
    end: int
    calls: int


@dataclass(slots=True)
class Profile:
    """How an identity calls, as its thief may know: facts by caller, calls by operation and by key."""

    callers: Counter[Caller] = field(default_factory=Counter)
    operations: Counter[Operation] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)

    def add(self, other: Profile) -> None:
        """Add another day."""
        self.callers.update(other.callers)
        self.operations.update(other.operations)
        self.keys.update(other.keys)


Added = tuple[int, Caller, Operation, int, str | None]
"""Calls of an attack: minute, caller, operation, calls and error."""


class Ground:
    """An account before anything is planted: who calls how, and how much at which time of day."""

    def __init__(self, setting: Setting, days: Mapping[int, list[Fact]]) -> None:
        self.setting, self.days = setting, days
        self._minutes = {day: [fact.minute for fact in facts] for day, facts in days.items()}
        addresses = {fact.address for facts in days.values() for fact in facts}
        self._met = {network_of(address) for address in addresses if address}
        self._profiles: dict[int, dict[str, Profile]] = {}

    def profiles(self, day: int, weeks: int = 1) -> dict[str, Profile]:
        """Who called from addresses in the weeks before a day."""
        found: dict[str, Profile] = {}
        for before in range(day - 7 * weeks, day):
            for name, profile in self._profiles_of(before).items():
                found.setdefault(name, Profile()).add(profile)
        return found

    def _profiles_of(self, day: int) -> dict[str, Profile]:
        if day not in self._profiles:
            found: dict[str, Profile] = {}
            for fact in self.days.get(day, ()):
                if fact.address is None:
                    continue
                if (profile := found.get(fact.identity)) is None:
                    profile = found[fact.identity] = Profile()
                kind = fact.kind or ""
                profile.callers[
                    Caller(fact.identity, fact.principal, kind, fact.address, fact.key, fact.agent, fact.region)
                ] += 1
                profile.operations[fact.service or "", fact.event or ""] += fact.calls
                if fact.key:
                    profile.keys[fact.key] += fact.calls
            self._profiles[day] = found
        return self._profiles[day]

    def between(self, start: int, end: int) -> Iterator[Fact]:
        """The facts of minutes, which may belong to two days."""
        for day in range(start // MINUTES_A_DAY, (end - 1) // MINUTES_A_DAY + 1):
            if day in self.days:
                minutes = self._minutes[day]
                yield from self.days[day][bisect_left(minutes, start) : bisect_left(minutes, end)]

    def amount(self, start: int, end: int, what: str, value: object) -> int:
        """The calls of these minutes that concern a key, a service or an operation."""
        return sum(fact.calls for fact in self.between(start, end) if _is(fact, what, value))

    def earlier(self, start: int, end: int, what: str, value: object) -> list[int]:
        """Their calls in the same minutes of earlier days of the same kind, working or free; none counts as 0."""
        day = start // MINUTES_A_DAY
        return [
            self.amount(start - back * MINUTES_A_DAY, end - back * MINUTES_A_DAY, what, value)
            for back in range(1, 29)
            if self.setting.is_free(day - back) == self.setting.is_free(day) and day - back in self.days
        ]

    def bursts(self, day: int, length: int, what: str, value: object) -> list[int]:
        """Their calls in all stretches of ``length`` minutes of the four weeks before a day in which there are any."""
        stretches: Counter[int] = Counter()
        for before in range(day - 28, day):
            for fact in self.days.get(before, ()):
                if _is(fact, what, value):
                    stretches[fact.minute // length] += fact.calls
        return sorted(stretches.values())

    def network(self, random: Random) -> str:
        """An address in a network that the account never met."""
        while network_of(address := self.setting.places.attacker(random)) in self._met:
            pass
        self._met.add(network_of(address))
        return address


def _is(fact: Fact, what: str, value: object) -> bool:
    if what == "key":
        return fact.key == value
    if what == "service":
        return fact.service == value
    return (fact.service, fact.event) == value
