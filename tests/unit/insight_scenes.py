"""Scenes for detectors: an account's usual weeks, and what is planted into the day that is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from trailkeep.insights.digest import Digest, digest_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.scene import HISTORY_DAYS, History, Scene, Tuning

DAY = 20_500
"""The day that is looked at: 2026-02-16, a Monday."""

OFFICE, HOME, ELSEWHERE = "192.0.2.10", "198.51.100.20", "203.0.113.77"


def call(minute: int, calls: int = 1, /, **others: str | None) -> Fact:
    """Calls in a minute of the day that is looked at; earlier ones have negative minutes."""
    fields: dict[str, str | None] = {
        "identity": "user/ana",
        "kind": "address",
        "address": OFFICE,
        "key": "LTAIexampleana",
        "service": "Ecs",
        "event": "DescribeInstances",
        "agent": "aliyun-cli/3.0",
        "error": None,
    }
    fields |= others
    at = DAY * MINUTES_A_DAY + minute
    return Fact(
        at, str(fields["identity"]), fields["identity"], fields["kind"], fields["address"], fields["key"],
        fields["service"], fields["event"], fields["error"], fields["agent"], calls, f"{fields['event']}-{at}",
        "cn-hangzhou",
    )  # fmt: skip


def shifted(facts: Iterable[Fact], days: int) -> Iterator[Fact]:
    """The same some days later."""
    return (fact._replace(minute=fact.minute + days * MINUTES_A_DAY) for fact in facts)


def working_day(identity: str = "user/ana", calls: int = 20, /, **others: str | None) -> list[Fact]:
    """Calls in each hour from 8 to 17."""
    return [call(60 * hour + 7 * n, calls // 4, identity=identity, **others) for hour in range(8, 18) for n in range(4)]


def around_the_clock(identity: str, calls: int, /, **others: str | None) -> list[Fact]:
    """Calls in each hour of the day."""
    return [call(60 * hour + 7 * n, calls // 4, identity=identity, **others) for hour in range(24) for n in range(4)]


def is_workday(day: int) -> bool:
    return (day + 3) % 7 < 5


def scene(
    planted: Iterable[Fact],
    *,
    daily: Iterable[Fact] = (),
    on_workdays: Iterable[Fact] = (),
    by_day: Mapping[int, Iterable[Fact]] | None = None,
    days: int = HISTORY_DAYS,
    until: int = 3 * MINUTES_A_DAY,
    tunings: Mapping[str, Tuning] | None = None,
    allowed: Iterable[str] = (),
) -> Scene:
    """What an account did on each day before, and on the day itself; ``by_day`` are more facts some days earlier."""
    each_day = list(daily)
    each_workday = each_day + list(on_workdays)
    others = {back: list(facts) for back, facts in (by_day or {}).items()}

    def of(back: int) -> list[Fact]:
        usual = each_workday if is_workday(DAY - back) else each_day
        return list(shifted(usual + others.get(back, []), -back))

    digests: dict[int, Digest] = {}
    of_workdays, of_weekends = digest_of(each_workday), digest_of(each_day)  # of whichever day
    for back in range(2, days + 2):
        usual = of_workdays if is_workday(DAY - back) else of_weekends
        if digest := digest_of(of(back)) if back in others else usual:
            digests[DAY - back] = digest
    facts = sorted([*of(1), *of(0), *planted], key=lambda fact: fact.minute)
    end = DAY * MINUTES_A_DAY + until
    facts = [fact for fact in facts if fact.minute < end]
    return Scene("1000000000000001", DAY, facts, History(digests), end, end - 15, tunings or {}, list(allowed))
