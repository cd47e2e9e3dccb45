"""Generated accounts: as events would be counted, with attacks that are as strong as they say, and the same again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from statistics import median

import pytest

from tests.benchmarks.insights.attacks.attack import Attack
from tests.benchmarks.insights.attacks.planting import TYPES
from tests.benchmarks.insights.world import Account, World
from trailkeep.events.addresses import canonical
from trailkeep.insights.digest import network_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact

SEED = 7


@pytest.fixture(scope="module")
def account() -> Account:
    return World(SEED, accounts=1, weeks=1).account(1)


def facts_of(account: Account, start: int, end: int) -> Iterator[Fact]:
    """The facts of some minutes."""
    for day in range(start // MINUTES_A_DAY, (end - 1) // MINUTES_A_DAY + 1):
        facts = account.days[day]
        first = bisect_left(facts, start, key=lambda fact: fact.minute)
        yield from facts[first : bisect_left(facts, end, key=lambda fact: fact.minute)]


def own_calls(account: Account, attack: Attack) -> list[Fact]:
    """The facts that an attack made."""
    number = account.attacks.index(attack)
    near = facts_of(account, attack.start - 60, attack.end + 60)
    return [fact for fact in near if account.cause(fact) == f"attack {number}"]


def of_type(account: Account, insight_type: str) -> Attack:
    (found,) = [attack for attack in account.attacks if attack.insight_type == insight_type]
    return found


def test_facts_are_as_counting_makes_them(account: Account) -> None:
    ids: set[str | None] = set()
    for day, facts in account.days.items():
        assert [fact.minute for fact in facts] == sorted(fact.minute for fact in facts)
        assert all(fact.minute // MINUTES_A_DAY == day and fact.calls > 0 for fact in facts)
        assert len({fact._replace(calls=0, event_id=None) for fact in facts}) == len(facts)
        ids.update(fact.event_id for fact in facts)
    every = [fact for facts in account.days.values() for fact in facts]
    assert len(ids) == len(every)
    assert all((fact.kind == "address") == (fact.address is not None) for fact in every)
    assert all(canonical(address) == address for address in {fact.address for fact in every if fact.address})
    assert all(fact.key is None or fact.key[:4] in ("AKIA", "LTAI") for fact in every)


def test_work_has_its_week_and_its_hours(account: Account) -> None:
    people = [
        fact
        for day in account.judged
        for fact in account.days[day]
        if account.cause(fact) in ("people", "home", "travel", "phone")
    ]
    weekend = sum(fact.calls for fact in people if (fact.minute // MINUTES_A_DAY + 3) % 7 >= 5)
    assert weekend < 0.15 * sum(fact.calls for fact in people)
    counts = [0] * 24
    for fact in people:
        counts[fact.minute // 60 % 24] += fact.calls
    assert sum(sorted(counts)[:8]) < 0.1 * sum(counts)


def test_many_kinds_of_callers_and_of_harmless_work(account: Account) -> None:
    judged = [fact for day in account.judged for fact in account.days[day]]
    assert {fact.kind for fact in judged} >= {"address", "service", "internal"}
    assert {account.cause(fact) for fact in judged} >= {
        "people", "home", "phone", "web", "worker", "function", "vendor", "monitor", "build", "deployment", "terraform",
        "batch job", "the cloud's service", "policy change of an admin",
    }  # fmt: skip
    assert 30 <= len({fact.identity for fact in judged}) <= 70
    for day in account.judged:
        assert 1_500 < len(account.days[day]) < 15_000


def test_there_is_one_attack_of_each_type_a_week(account: Account) -> None:
    assert sorted(attack.insight_type for attack in account.attacks) == sorted(TYPES)
    for attack in account.attacks:
        assert attack.start // MINUTES_A_DAY in account.judged
        calls = own_calls(account, attack)
        assert sum(fact.calls for fact in calls) >= attack.calls
        assert all(fact.identity == attack.identity for fact in calls)


def test_an_address_attack_is_forty_calls_in_ninety_minutes_from_a_network_never_met(account: Account) -> None:
    attack = of_type(account, "IpInsight")
    calls = own_calls(account, attack)
    assert sum(fact.calls for fact in calls) == 40
    assert attack.end - attack.start == 90
    (network,) = {network_of(fact.address) for fact in calls if fact.address}
    before = [fact for day in account.days if day < account.judged.start for fact in account.days[day]]
    assert network not in {network_of(fact.address) for fact in before if fact.address}


def test_a_key_attack_reaches_five_times_the_median_of_the_same_hour(account: Account) -> None:
    attack = of_type(account, "AkInsight")
    (key,) = attack.objects

    def calls(back: int) -> int:
        start = attack.start - back * MINUTES_A_DAY
        return sum(fact.calls for fact in facts_of(account, start, start + 60) if fact.key == key)

    usual = median(calls(back) for back in (7, 14, 21, 28))
    assert calls(0) >= max(100, 3 * usual)


def test_an_error_attack_makes_a_fifth_of_a_service_s_calls_fail(account: Account) -> None:
    attack = of_type(account, "ApiErrorRateInsight")
    calls = own_calls(account, attack)
    (service,) = {fact.service for fact in calls}
    assert sum(fact.calls for fact in calls if fact.error) >= 50
    near = [fact for fact in facts_of(account, attack.start, attack.end) if fact.service == service]
    assert sum(fact.calls for fact in near if fact.error) >= 0.19 * sum(fact.calls for fact in near)


def test_those_who_do_deeds_never_did_them(account: Account) -> None:
    for insight_type in ("PasswordChangeInsight", "TrailConcealmentInsight"):
        attack = of_type(account, insight_type)
        deeds = {(fact.service, fact.event) for fact in own_calls(account, attack) if fact.event in attack.objects}
        before = [
            fact
            for day in range(attack.start // MINUTES_A_DAY - 28, attack.start // MINUTES_A_DAY)
            for fact in account.days[day]
        ]
        assert deeds
        assert not [fact for fact in before if fact.identity == attack.identity and (fact.service, fact.event) in deeds]


@pytest.mark.thorough
def test_strength_changes_attacks_and_nothing_else(account: Account) -> None:
    again, strong = World(SEED, 1, 1).account(1), World(SEED, 1, 1, "high").account(1)
    assert again == account
    assert [attack.start for attack in strong.attacks] == [attack.start for attack in account.attacks]
    for day in account.days:
        harmless = [
            {fact._replace(event_id=None) for fact in each.days[day] if not each.cause(fact).startswith("attack")}
            for each in (account, strong)
        ]
        # An attack's calls are counted with harmless ones that are like them, so a few differ.
        assert len(harmless[0] ^ harmless[1]) < 40
