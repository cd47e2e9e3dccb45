"""A world: accounts with weeks of work that nobody need be told of, and attacks of which everybody should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.benchmarks.insights.accounts.calendar import plan_people, plan_programs
from tests.benchmarks.insights.accounts.clouds import ACTIONTRAIL, CLOUDTRAIL
from tests.benchmarks.insights.accounts.machinery import machinery
from tests.benchmarks.insights.accounts.person import Person
from tests.benchmarks.insights.accounts.places import Places
from tests.benchmarks.insights.accounts.programs import Program
from tests.benchmarks.insights.accounts.routine import Routine
from tests.benchmarks.insights.accounts.setting import Happening, Setting, weekday
from tests.benchmarks.insights.accounts.staff import jobs_of, person
from tests.benchmarks.insights.accounts.working import Worker
from tests.benchmarks.insights.attacks.attack import Attack
from tests.benchmarks.insights.attacks.planting import plant
from trailkeep.insights.facts import Fact

FIRST_DAY = 20_514
"""A Monday, 2026-03-02: the first day on which anybody calls."""

LEARNING_DAYS = 6 * 7
"""Before the first judged day: those that history holds, and more, in whole weeks."""


@dataclass
class Account:
    """An account of a world. ``days`` are its facts by day, ``judged`` the days on which attacks are planted."""

    name: str
    cloud: str
    judged: range
    days: dict[int, list[Fact]]
    attacks: list[Attack]
    happenings: list[Happening]
    causes: Sequence[str]

    def cause(self, fact: Fact) -> str:
        """Why the calls of a fact were made: ``attack 3`` is that of ``attacks[3]``."""
        return self.causes[int(fact.event_id or "0", 16)]


@dataclass(frozen=True)
class World:
    """Accounts by a seed. The same seed gives the same accounts, whatever the strength of the attacks."""

    seed: int
    accounts: int = 10
    weeks: int = 4
    strength: str = "medium"
    types: Sequence[str] = ()

    def __iter__(self) -> Iterator[Account]:
        """The accounts one after the other, as each takes some memory."""
        return (self.account(number) for number in range(self.accounts))

    def account(self, number: int) -> Account:
        """One account."""
        random = Random(f"{self.seed} account {number}")
        name = f"{random.randrange(10**11, 10**12)}"
        judged = range(FIRST_DAY + LEARNING_DAYS, FIRST_DAY + LEARNING_DAYS + 7 * self.weeks)
        setting = _setting(name, number, range(FIRST_DAY, judged.stop + 1), random)
        people, programs = _cast(setting, random)
        routine = Routine(setting, people, programs, random)
        actors: list[Worker | Program] = [*(Worker(one) for one in people), *programs]
        days: dict[int, list[Fact]] = {}
        for day in range(setting.days.start - 1, setting.days.stop + 1):
            for actor in actors:
                actor.act(day, Random(f"{self.seed} {number} {actor.name} {day}"))
            routine.act(day, Random(f"{self.seed} {number} routine {day}"))
            if day > setting.days.start:
                days[day - 1] = setting.book.close(day - 1)
        causes = setting.book.causes
        attacks = plant(
            setting, judged, days, causes, Random(f"{self.seed} {number} attacks"), self.strength, self.types
        )
        return Account(name, setting.cloud.name, judged, days, attacks, setting.happenings, causes)


def _setting(name: str, number: int, days: range, random: Random) -> Setting:
    cloud = CLOUDTRAIL if number % 2 else ACTIONTRAIL
    places = Places(random)
    return Setting(
        account=name,
        cloud=cloud,
        places=places,
        zone=random.choice((-8, -5, 0, 1, 2, 5, 8, 8, 9)),
        days=days,
        holidays=frozenset(day for day in days if weekday(day) < 5 and random.random() < 0.03),
        offices=[places.office() for _ in range(random.choice((1, 1, 2)))],
        gateway=places.machines() if random.random() < 0.4 else None,
        has_users=random.random() < 0.6,
        regions=cloud.regions[: random.choice((1, 2, 3))],
    )


def _cast(setting: Setting, random: Random) -> tuple[list[Person], list[Program]]:
    size = random.random()
    people = [person(setting, job, number, random) for number, job in enumerate(jobs_of(14 + round(16 * size)))]
    programs = machinery(setting, random, size)
    plan_people(setting, people, random)
    plan_programs(setting, programs, random)
    return people, programs
