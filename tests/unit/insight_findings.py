"""A detector for tests, as simple as can be: five calls or more of somebody named ``user/mal…`` are an Insight."""

from __future__ import annotations

from collections.abc import Iterator

from trailkeep.insights.facts import Fact
from trailkeep.insights.finding import Evidence, Finding
from trailkeep.insights.scene import Scene

NEEDED = 5
QUIET_MINUTES = 60


def detect(scene: Scene) -> Iterator[Finding]:
    """An Insight for each episode, its object the address; over when an hour has passed without a call."""
    subjects = sorted({fact.address or "" for fact in scene.facts if _is_suspect(fact)} - set(scene.allowed))
    for subject in subjects:
        facts = [fact for fact in scene.facts if _is_suspect(fact) and fact.address == subject]
        for episode in _episodes(facts):
            if len(episode) >= NEEDED:
                yield _finding(subject, episode, scene)


def _is_suspect(fact: Fact) -> bool:
    return fact.identity.startswith("user/mal")


def _episodes(facts: list[Fact]) -> Iterator[list[Fact]]:
    start = 0
    for number in range(1, len(facts)):
        if facts[number].minute - facts[number - 1].minute > QUIET_MINUTES:
            yield facts[start:number]
            start = number
    yield facts[start:]


def _finding(subject: str, facts: list[Fact], scene: Scene) -> Finding:
    first, last = facts[0].minute, facts[-1].minute
    return Finding(
        insight_type="IpInsight",
        insight_object=subject,
        start=first,
        end=last + 1 if scene.until - last > QUIET_MINUTES else None,
        facts=facts,
        needed=NEEDED,
        score=len(facts) / NEEDED,
        usual=0.25,
        usual_minutes=1440,
        evidence=[Evidence("calls of somebody suspect", 2.0)],
        series=[(first // 60, len(facts), 0.5)],
    )


DETECTORS = {"IpInsight": detect}
