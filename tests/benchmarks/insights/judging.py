"""Detectors run over an account day by day, as they would have run then, and what they find is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from tests.benchmarks.insights.attacks.attack import Attack
from tests.benchmarks.insights.attacks.planting import TYPES
from tests.benchmarks.insights.world import Account
from trailkeep.insights.digest import Digest, digest_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.finding import Finding
from trailkeep.insights.scene import HISTORY_DAYS, History, Scene, Tuning

Detector = Callable[[Scene], Iterable[Finding]]

AFTER = 60
"""Minutes after an attack in which a finding that rests on its calls is still in time."""

WORTH_TELLING = {("ApiErrorRateInsight", "outage"), ("ApiErrorRateInsight", "old key in use")}
"""What was not planted and is what a type of Insight is for: neither found nor a false alarm."""

LEAST_SHARE = 0.1
"""The share of the calls which made a finding that has to be an attack's, so that the finding is of the attack.

Small, since an error rate that rises from 2 % to 20 % is made by a fifth of the calls.
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding and what it is: of ``attack`` if it is one's, harmless with a ``cause`` if it is none's.

    ``is_aside`` if it rests on an attack that is of another type, since intruders are noticed in more than one way, or
    on something else that is worth telling. ``absorbed`` are attacks whose calls it holds after others had made it a
    finding before.
    """

    insight_type: str
    insight_object: str
    start: int
    score: float
    attack: int | None
    cause: str
    is_aside: bool
    absorbed: tuple[int, ...] = ()


@dataclass
class Effort:
    """How long the detectors took, by type, and how many scenes they saw."""

    seconds: dict[str, float] = field(default_factory=dict)
    scenes: int = 0


def scenes(account: Account, sensitivity: str = "medium") -> Iterator[Scene]:
    """The scenes of the judged days, each with the history up to two days before."""
    digests: dict[int, Digest] = {}
    tunings = {name: Tuning(True, sensitivity) for name in TYPES}
    for day in account.judged:
        known = [each for each in range(day - 1 - HISTORY_DAYS, day - 1) if each in account.days]
        digests = {each: digests.get(each) or digest_of(account.days[each]) for each in known}
        facts = [fact for near in (day - 1, day, day + 1) for fact in account.days.get(near, ())]
        until = (day + 2) * MINUTES_A_DAY
        yield Scene(account.name, day, facts, History(digests), until, until, tunings)


def found(
    account: Account, detectors: Mapping[str, Detector], effort: Effort, sensitivity: str = "medium"
) -> list[Judged]:
    """What the detectors find on the judged days, judged."""
    judged = []
    for scene in scenes(account, sensitivity):
        effort.scenes += 1
        for name, detect in detectors.items():
            began = perf_counter()
            findings = [finding for finding in detect(scene) if finding.start in scene.minutes]
            effort.seconds[name] = effort.seconds.get(name, 0.0) + perf_counter() - began
            judged += [judge(account, finding) for finding in findings]
    return judged


def judge(account: Account, finding: Finding) -> Judged:
    """What a finding is, by the calls that made it one."""
    of_attacks, harmless = causes_of(account, finding.facts[: finding.needed] or finding.facts)
    own = [
        number
        for number in of_attacks
        if is_of(account.attacks[number], finding.insight_type, finding.insight_object, finding.start)
    ]
    held = {cause for cause in map(account.cause, finding.facts) if cause.startswith("attack")}
    absorbed = {int(cause.split()[1]) for cause in held}
    return Judged(
        finding.insight_type,
        finding.insight_object,
        finding.start,
        finding.score,
        own[0] if own else None,
        harmless,
        (bool(of_attacks) and not own) or (finding.insight_type, harmless) in WORTH_TELLING,
        tuple(sorted(each for each in absorbed if account.attacks[each].insight_type == finding.insight_type)),
    )


def causes_of(account: Account, facts: Iterable[Fact]) -> tuple[list[int], str]:
    """The attacks that made a good part of some calls, the largest first; and what made most of the others."""
    causes: Counter[str] = Counter()
    for fact in facts:
        causes[account.cause(fact)] += fact.calls
    least = LEAST_SHARE * sum(causes.values())
    attacks: list[int] = []
    harmless = "nothing"
    for cause, calls in reversed(causes.most_common()):
        kind, _, number = cause.partition(" ")
        if kind == "attack" and calls >= least:
            attacks.insert(0, int(number))
        elif kind != "attack":
            harmless = cause
    return attacks, harmless


def is_of(attack: Attack, insight_type: str, insight_object: str, start: int) -> bool:
    """Whether what rests on an attack's calls tells of it: its type, in time, by a name that shows it."""
    return (
        attack.insight_type == insight_type
        and insight_object in attack.objects
        and attack.start <= start <= attack.end + AFTER
    )
