"""The calendar of an account: trips, offices, hires, rotations and the other things that change in weeks of work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from tests.benchmarks.insights.accounts.chance import Liking, count
from tests.benchmarks.insights.accounts.machinery import steady
from tests.benchmarks.insights.accounts.person import Person, Trip
from tests.benchmarks.insights.accounts.programs import Program
from tests.benchmarks.insights.accounts.running import Batch, Steady
from tests.benchmarks.insights.accounts.setting import Setting
from tests.benchmarks.insights.accounts.staff import person

A_WEEK: Mapping[str, float] = {
    "trip of a person": 1 / 12,
    "vacation of a person": 1 / 9,
    "illness of a person": 1 / 20,
    "hire": 0.15,
    "leaver": 0.12,
    "promotion": 0.05,
    "new tool": 0.4,
    "new office": 0.04,
    "migration": 0.07,
    "moved program": 0.12,
    "new program": 0.3,
    "new vendor": 0.05,
    "rotation of a key": 1 / 13,
    "rerun": 0.2,
    "outage": 0.1,
    "load test": 0.04,
    "campaign": 0.1,
    "on call": 0.4,
}
"""How often a week; in an account, unless it says of whom."""

_NEW_TOOLS = ("terraform", "ide", "kubernetes", "go", "python", "browser of buckets", "requests")


def times(random: Random, setting: Setting, kind: str) -> list[int]:
    """The days on which something of a kind happens."""
    return sorted(random.choice(setting.days) for _ in range(count(random, A_WEEK[kind] * len(setting.days) / 7)))


def plan_people(setting: Setting, people: list[Person], random: Random) -> None:
    """Absences, trips, hires, promotions, tools, keys and offices."""
    for one in people:
        _plan_person(setting, one, random)
    developers = [one for one in people if one.job == "developer"]
    for day in times(random, setting, "leaver"):
        random.choice(people).left = day
    for day in times(random, setting, "new tool"):
        one = random.choice(people)
        one.new_tool = (day, random.choice(_NEW_TOOLS))
        setting.note("new tool", one.name, day)
    for day in times(random, setting, "migration"):
        one = random.choice(developers)
        one.migration = day
        setting.note("migration", one.name, day)
    for day in times(random, setting, "new office"):
        pool = setting.places.abroad(random)
        for one in random.sample(people, max(3, len(people) * 2 // 5)):
            one.relocated = (day + random.choice((0, 0, 0, 1, 3)), pool)
        setting.note("new office", "many", day, day + 13)
    for day in times(random, setting, "hire"):
        hired = person(setting, random.choice(("developer", "developer", "data", "finance")), len(people), random)
        hired.hired = day
        if random.random() < 0.25:
            hired.home_days = frozenset(range(5))
        people.append(hired)
        setting.note("new hire", hired.name, day, day + 9)
    for day in times(random, setting, "promotion") if setting.has_users else ():
        one = random.choice(developers)
        reads, writes = Liking(setting.cloud.reads["admin"], random), Liking(setting.cloud.writes["admin"], random)
        absences = [*one.absences, range(setting.days.start - 2, day)]
        name = f"{one.name}, an admin"
        people.append(replace(one, name=name, job="admin", reads=reads, writes=writes, absences=absences))
        one.left = day
        setting.note("promotion", one.name, day)


def _plan_person(setting: Setting, one: Person, random: Random) -> None:
    for day in times(random, setting, "vacation of a person"):
        one.absences.append(range(day, day + random.choice((2, 5, 9, 16))))
    for day in times(random, setting, "illness of a person"):
        one.absences.append(range(day, day + random.choice((1, 2, 3))))
    for day in times(random, setting, "trip of a person"):
        zone = setting.zone + random.choice((0, 0, 0, 1, -1, -6, -9, 7, 8))
        one.trips.append(Trip(day, day + random.randrange(1, 9), setting.places.abroad(random), zone))
        setting.note("travel", one.name, day, one.trips[-1].last_day)
    for day in times(random, setting, "rotation of a key") if one.key else ():
        one.new_key = (day, setting.key(random))
        setting.note("key rotation", one.name, day)


def plan_programs(setting: Setting, programs: list[Program], random: Random) -> None:
    """New programs and vendors, moves to other networks, rotated keys, and customers in crowds."""
    standing = [one for one in programs if isinstance(one, Steady | Batch) and one.hosts and one.pool]
    kinds = [(day, random.choice(("web", "worker", "function"))) for day in times(random, setting, "new program")]
    kinds += [(day, "vendor") for day in times(random, setting, "new vendor")]
    for day, kind in kinds:
        pools = [one.pool for one in standing if one.pool] if random.random() < 0.85 else [setting.places.machines()]
        new = steady(setting, kind, len(programs), random, pools)
        new.since = day
        programs.append(new)
        setting.note("new vendor" if kind == "vendor" else "new program", new.name, day, day + 6)
    for day in times(random, setting, "moved program"):
        moved = random.choice(standing)
        moved.moved = (day, setting.places.machines())
        setting.note("moved program", moved.name, day, day + 2)
    for day in times(random, setting, "campaign"):
        for one in programs:
            if isinstance(one, Steady) and one.kind in ("web", "worker"):
                one.campaigns.add(day)
        setting.note("campaign", "many", day)
    for each in programs:
        for day in times(random, setting, "rotation of a key") if each.base.key else ():
            each.new_key = (day, setting.key(random))
            setting.note("key rotation", each.name, day)
