"""Simple peers: what people write first. They see the same calls, and are judged as detectors are, only more kindly.

Each alarm is of an hour (or an address), false ones of the same hour count once, whatever they are of; and the fixed
threshold is the best one for these very accounts, which nobody knows beforehand.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from math import sqrt
from typing import NamedTuple

from tests.benchmarks.insights.judging import Judged, causes_of, is_of
from tests.benchmarks.insights.world import Account
from trailkeep.insights.digest import network_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.scene import HISTORY_DAYS

SIGMAS = 3.0
LEAST_CALLS = {"AkInsight": 100, "ApiCallRateInsight": 300, "ApiErrorRateInsight": 50}
"""What the z-score does not look below: without it, it alarms all the time."""


class Peer(NamedTuple):
    """A peer of one type: its name, what it finds in an account, and from which score on it alarms."""

    insight_type: str
    name: str
    find: Callable[[Account], list[Judged]]
    threshold: float | None
    """None for the best one."""


def first_seen(place_of: Callable[[str], str]) -> Callable[[Account], list[Judged]]:
    """Addresses, or their networks, that the account did not meet in the days before.

    The score is the number of calls on the first day.
    """

    def find(account: Account) -> list[Judged]:
        last_met: dict[str, int] = {}
        found = []
        for day, facts in sorted(account.days.items()):
            today: dict[str, list[Fact]] = defaultdict(list)
            for fact in facts:
                if fact.address is not None:
                    today[place_of(fact.address)].append(fact)
            for place, calls in today.items():
                if day in account.judged and day - last_met.get(place, -99) > HISTORY_DAYS:
                    number, address = sum(fact.calls for fact in calls), calls[0].address or ""
                    found.append(_judged(account, "IpInsight", address, calls, calls[0].minute, float(number)))
                last_met[place] = day
        return found

    return find


def hourly(insight_type: str, is_z_score: bool) -> Callable[[Account], list[Judged]]:
    """Hours with unusually many calls of a key, a service or an event, or errors of a service.

    The score is how many standard deviations of the last weeks' hours they are above the mean, or just their number.
    """

    def find(account: Account) -> list[Judged]:
        first = min(account.days) * 24
        series: dict[str, list[int]] = defaultdict(lambda: [0] * (len(account.days) * 24))
        for facts in account.days.values():
            for fact in facts:
                for value in _values(insight_type, fact):
                    series[value][fact.minute // 60 - first] += fact.calls
        found = []
        for value, counts in series.items():
            for hour, score in _scores(insight_type, counts, account.judged, first, is_z_score):
                calls = [fact for fact in _hour(account, hour) if value in _values(insight_type, fact)]
                found.append(_judged(account, insight_type, value, calls, hour * 60 + 59, score))
        return found

    return find


PEERS: Sequence[Peer] = (
    Peer("IpInsight", "first-seen address", first_seen(str), 1),
    Peer("IpInsight", "first-seen address, 10 calls", first_seen(str), 10),
    Peer("IpInsight", "first-seen network, 10 calls", first_seen(network_of), 10),
    *(Peer(name, "z-score of hours", hourly(name, True), SIGMAS) for name in LEAST_CALLS),
    *(Peer(name, "fixed threshold", hourly(name, False), None) for name in LEAST_CALLS),
)


def once_an_hour(found: Sequence[Judged]) -> list[Judged]:
    """Of false alarms of the same hour only the one with the highest score: the peers' kindness."""
    best: dict[int, Judged] = {}
    for one in found:
        hour = one.start // 60
        if one.attack is None and not one.is_aside and (hour not in best or one.score > best[hour].score):
            best[hour] = one
    return [*(one for one in found if one.attack is not None or one.is_aside), *best.values()]


def _values(insight_type: str, fact: Fact) -> tuple[str, ...]:
    if insight_type == "AkInsight":
        return (fact.key,) if fact.key else ()
    if insight_type == "ApiErrorRateInsight":
        return (fact.service or "",) if fact.error else ()
    return (fact.service or "", fact.event or "")


def _scores(
    insight_type: str, counts: Sequence[int], judged: range, first: int, is_z_score: bool
) -> Iterator[tuple[int, float]]:
    """Hours that are looked at, with their scores."""
    sums = [0, *accumulate(counts)]
    squares = [0, *accumulate(count * count for count in counts)]
    for hour in range(judged.start * 24, judged.stop * 24):
        count = counts[hour - first]
        if count < LEAST_CALLS[insight_type] // (1 if is_z_score else 3):
            continue
        if not is_z_score:
            yield hour, float(count)
            continue
        start, stop = max(0, hour - first - HISTORY_DAYS * 24), hour - first
        mean = (sums[stop] - sums[start]) / (stop - start)
        deviation = sqrt(max(0.0, (squares[stop] - squares[start]) / (stop - start) - mean * mean))
        score = (count - mean) / deviation if deviation else 1000.0
        if score >= 1:
            yield hour, score


def _hour(account: Account, hour: int) -> list[Fact]:
    facts = account.days[hour * 60 // MINUTES_A_DAY]
    start = bisect_left(facts, hour * 60, key=lambda fact: fact.minute)
    return facts[start : bisect_left(facts, hour * 60 + 60, key=lambda fact: fact.minute)]


def _judged(account: Account, insight_type: str, value: str, calls: list[Fact], start: int, score: float) -> Judged:
    of_attacks, harmless = causes_of(account, calls)
    own = [number for number in of_attacks if is_of(account.attacks[number], insight_type, value, start)]
    is_aside = bool(of_attacks) and not own
    return Judged(insight_type, value, start, score, own[0] if own else None, harmless, is_aside)


def by_type(types: Sequence[str]) -> Mapping[str, list[Peer]]:
    """The peers of some types."""
    return {name: [peer for peer in PEERS if peer.insight_type == name] for name in types}
