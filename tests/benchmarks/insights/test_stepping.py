"""What is told early and not in the end is counted: tried with a detector that is sure and with one that is not."""

from __future__ import annotations

from collections.abc import Iterable

from tests.benchmarks.insights.stepping import Steadiness, step
from tests.benchmarks.insights.world import Account
from trailkeep.insights.facts import Fact
from trailkeep.insights.finding import Finding
from trailkeep.insights.scene import Scene

DAY = 20_600
NOON = DAY * 1440 + 720


def told(insight_type: str, scene: Scene) -> Finding:
    return Finding(insight_type, "kim", scene.facts[0].minute, None, scene.facts, 1, 1.0, 0.0, 60)


def sure(scene: Scene) -> Iterable[Finding]:
    if scene.facts:
        yield told("AkInsight", scene)


def unsure(scene: Scene) -> Iterable[Finding]:
    if 0 < len(scene.facts) < 5:
        yield told("IpInsight", scene)


def test_what_a_detector_takes_back_is_counted() -> None:
    facts = [
        Fact(NOON + hour * 60, "user/kim", None, "address", None, None, None, None, None, None, 1, f"{hour:x}", "r")
        for hour in range(10)
    ]
    account = Account("1", "CloudTrail", range(DAY, DAY + 1), {DAY: facts}, [], [], ["people"] * 10)
    steadiness = Steadiness()
    step(account, {"AkInsight": sure, "IpInsight": unsure}, 60, steadiness)
    assert steadiness.looks == 48
    assert steadiness.told == {"AkInsight": 1, "IpInsight": 1}
    assert steadiness.withdrawn == {"IpInsight": 1}
    assert not steadiness.moved
