"""Attacks are planted: one of each type in each judged week of an account, at any time of day and night."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from random import Random

from tests.benchmarks.insights.accounts.setting import Setting
from tests.benchmarks.insights.attacks import by_deed, by_volume
from tests.benchmarks.insights.attacks.attack import Added, Attack, Ground
from trailkeep.insights.facts import MINUTES_A_DAY, Fact

PLANTERS: Mapping[str, Callable[[Ground, int, str, Random], tuple[Attack, list[Added]]]] = {
    "IpInsight": by_volume.address,
    "AkInsight": by_volume.key,
    "ApiCallRateInsight": by_volume.rate,
    "ApiErrorRateInsight": by_volume.errors,
    "PolicyChangeInsight": by_deed.policy,
    "PasswordChangeInsight": by_deed.password,
    "TrailConcealmentInsight": by_deed.concealment,
}
TYPES = tuple(PLANTERS)


def plant(
    setting: Setting,
    judged: range,
    days: dict[int, list[Fact]],
    causes: list[str],
    random: Random,
    strength: str,
    types: Sequence[str] = (),
) -> list[Attack]:
    """Plant attacks into ``days``, of which ``causes`` tells why. Other types do not change where one is planted."""
    ground = Ground(setting, days)
    planted = []
    for week in range(judged.start, judged.stop, 7):
        for insight_type, planter in PLANTERS.items():
            seed = random.getrandbits(64)
            if not types or insight_type in types:
                own = Random(seed)
                planted.append(planter(ground, _moment(setting, week, own), strength, own))
    added: dict[int, list[tuple[Added, str]]] = defaultdict(list)
    for number, (_, rows) in enumerate(planted):
        for row in rows:
            added[row[0] // MINUTES_A_DAY].append((row, f"attack {number}"))
    for day, new in added.items():
        days[day] = _merged(days.get(day, []), new, causes)
    return [attack for attack, _ in planted]


def _moment(setting: Setting, week: int, random: Random) -> int:
    """Any minute of the week, or one of its working hours; early enough to be over with the week."""
    if random.random() < 0.5:
        return week * MINUTES_A_DAY + random.randrange(30, 7 * MINUTES_A_DAY - 480)
    day = week + random.choice((0, 1, 2, 3, 4))
    return max(week * MINUTES_A_DAY + 30, setting.minute(day, random.uniform(8, 18) * 60))


def _merged(facts: list[Fact], added: Sequence[tuple[Added, str]], causes: list[str]) -> list[Fact]:
    """Facts with calls of attacks. Where these are like calls of the same minute they are counted with them."""
    places = {fact._replace(calls=0, event_id=None): number for number, fact in enumerate(facts)}
    merged = list(facts)
    for (minute, caller, (service, event), calls, error), cause in added:
        identity, principal, kind, address, key, agent, region = caller
        alike = Fact(minute, identity, principal, kind, address, key, service, event, error, agent, 0, None, region)
        number = places.get(alike)
        if number is None:
            places[alike] = len(merged)
            merged.append(alike._replace(calls=calls, event_id=f"{len(causes):032x}"))
            causes.append(cause)
        else:
            merged[number] = merged[number]._replace(calls=merged[number].calls + calls)
            causes[int(merged[number].event_id or "0", 16)] = cause
    return sorted(merged, key=lambda fact: (fact.minute, fact.identity, fact.service or "", fact.event or ""))
