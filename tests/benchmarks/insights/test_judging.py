"""How findings are judged, and what is told of them: tried with detectors that know, and with some that do not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pytest

from tests.benchmarks.insights.attacks.attack import Attack
from tests.benchmarks.insights.figures import Tally
from tests.benchmarks.insights.judging import Detector, Effort, found, judge
from tests.benchmarks.insights.measuring import SEEDS, measure
from tests.benchmarks.insights.peers import PEERS, once_an_hour
from tests.benchmarks.insights.world import Account, World
from trailkeep.insights.facts import Fact
from trailkeep.insights.finding import Finding
from trailkeep.insights.scene import Scene

DAY = 20_600
NOON = DAY * 1440 + 720


def fact(minute: int, number: int, identity: str = "user/kim", calls: int = 1) -> Fact:
    return Fact(
        minute, identity, None, "address", "192.0.2.1", "AKIA1", "iam", "ListUsers", None, "cli", calls,
        f"{number:032x}", "eu-central-1",
    )  # fmt: skip


def finding(insight_type: str, facts: Sequence[Fact], insight_object: str = "192.0.2.1", score: float = 1.0) -> Finding:
    last = facts[-1].minute
    return Finding(insight_type, insight_object, last, last + 1, facts, len(facts), score, 0.0, 60)


@pytest.fixture
def account() -> Account:
    """Ten harmless calls in an hour, then ten of an attack."""
    facts = [fact(NOON + number, number) for number in range(20)]
    attack = Attack(
        "IpInsight", "a variant; of two parts", "medium", "user/kim", frozenset({"192.0.2.1"}), NOON + 10, NOON + 20, 10
    )
    causes = ["travel"] * 10 + ["attack 0"] * 10
    return Account("1", "CloudTrail", range(DAY, DAY + 1), {DAY: facts}, [attack], [], causes)


def test_a_finding_made_by_an_attack_s_calls_is_of_it(account: Account) -> None:
    judged = judge(account, finding("IpInsight", account.days[DAY][10:15]))
    assert (judged.attack, judged.is_aside) == (0, False)


def test_one_made_by_harmless_calls_is_false_though_it_goes_on_during_the_attack(account: Account) -> None:
    early = finding("IpInsight", account.days[DAY])
    early = Finding(early.insight_type, early.insight_object, NOON + 5, None, early.facts, 6, 1.0, 0.0, 60)
    judged = judge(account, early)
    assert (judged.attack, judged.is_aside, judged.cause, judged.absorbed) == (None, False, "travel", (0,))


def test_one_of_another_type_is_aside_and_by_a_name_that_shows_nothing_too(account: Account) -> None:
    assert judge(account, finding("AkInsight", account.days[DAY][10:15], "AKIA1")).is_aside
    assert judge(account, finding("IpInsight", account.days[DAY][10:15], "198.51.100.1")).is_aside


def test_one_that_comes_hours_after_the_attack_is_not_of_it(account: Account) -> None:
    late = finding("IpInsight", account.days[DAY][10:15])
    late = Finding(late.insight_type, late.insight_object, NOON + 200, None, late.facts, 5, 1.0, 0.0, 60)
    assert judge(account, late).attack is None


def test_figures_count_attacks_once_and_false_alarms_each_time(account: Account) -> None:
    tally = Tally("IpInsight")
    facts = account.days[DAY]
    told = [finding("IpInsight", facts[10:12], score=3), finding("IpInsight", facts[10:16], score=5)]
    told += [finding("IpInsight", facts[:4], score=2), finding("IpInsight", facts[4:8], score=4)]
    tally.add("1", 1, account.attacks, [judge(account, one) for one in told])
    every, best = tally.figures(), tally.figures(5)
    assert (every.recall, every.found, every.repeats, every.false, every.precision) == (1.0, 1, 1, 2, 1 / 3)
    assert (best.recall, best.false, best.precision, best.delay_median) == (1.0, 0, 1.0, 5)
    assert tally.causes() == {"travel": 2}
    assert tally.variants() == {"a variant": (1, 1), "of two parts": (1, 1)}
    assert every.recall_from < 0.5 < every.recall_to == 1.0
    assert tally.at_recall(1.0) == best


def test_an_all_knowing_detector_finds_all_and_a_blind_one_nothing() -> None:
    world = World(7, accounts=1, weeks=1)
    made = world.account(0)

    def knows(insight_type: str) -> Detector:
        def detect(scene: Scene) -> Iterable[Finding]:
            for number, attack in enumerate(made.attacks):
                own = [one for one in scene.facts if made.cause(one) == f"attack {number}" and one.minute < attack.end]
                if attack.insight_type == insight_type and own:
                    name = min(attack.objects)
                    yield Finding(insight_type, name, attack.start, attack.end, own, len(own), 1.0, 0.0, 1)

        return detect

    measured = measure([world], {"IpInsight": knows("IpInsight"), "AkInsight": knows("AkInsight")})
    for tally in measured.tallies.values():
        assert (tally.figures().recall, tally.figures().precision) == (1.0, 1.0)
    told = json.loads(json.dumps(measured.as_json()))
    assert told["types"]["IpInsight"]["found"] == 1
    assert set(told["types"]["AkInsight"]["peers"]) == {"z-score of hours", "fixed threshold"}
    assert found(made, {"IpInsight": lambda scene: ()}, Effort()) == []
    first_seen = next(peer for peer in PEERS if peer.insight_type == "IpInsight")
    by_peer = once_an_hour(first_seen.find(made))
    assert any(one.attack is not None for one in by_peer)
    assert sum(one.attack is None for one in by_peer) > 10


def test_seeds_for_reporting_were_never_used_for_tuning() -> None:
    assert not set(SEEDS["tuning"]) & set(SEEDS["reporting"])
