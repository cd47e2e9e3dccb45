"""Detectors run again and again while a day goes on: whether what they tell early is what they tell in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.benchmarks.insights.judging import Detector, scenes
from tests.benchmarks.insights.world import Account
from trailkeep.insights.facts import MINUTES_A_DAY
from trailkeep.insights.finding import Finding

Told = tuple[str, str, int]
"""Type, object and start of a finding."""


@dataclass
class Steadiness:
    """By type: what was told at any time, what of it was not told any more in the end, and what began elsewhere."""

    told: Counter[str] = field(default_factory=Counter)
    withdrawn: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    looks: int = 0


def step(account: Account, detectors: Mapping[str, Detector], every: int, steadiness: Steadiness) -> None:
    """Look at each judged day every so many minutes, until the day after it is over.

    ``closed`` is what is known: no call comes late here.
    """
    for scene in scenes(account):
        ever: dict[Told, Finding] = {}
        last: dict[Told, Finding] = {}
        for until in range(scene.day * MINUTES_A_DAY + every, (scene.day + 2) * MINUTES_A_DAY + 1, every):
            facts = [fact for fact in scene.facts if fact.minute < until]
            now = replace(scene, facts=facts, until=until, closed=until)
            last = {}
            for detect in detectors.values():
                for finding in detect(now):
                    if finding.start in scene.minutes:
                        last[finding.insight_type, finding.insight_object, finding.start] = finding
            ever.update(last)
            steadiness.looks += 1
        for insight_type, insight_object, start in ever:
            steadiness.told[insight_type] += 1
            if (insight_type, insight_object, start) not in last:
                near = any(
                    (other, name) == (insight_type, insight_object) and abs(begun - start) <= 60
                    for other, name, begun in last
                )
                (steadiness.moved if near else steadiness.withdrawn)[insight_type] += 1
