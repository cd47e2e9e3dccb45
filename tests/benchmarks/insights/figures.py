"""Figures: recall, precision, delay and false alarms of what was found, at any threshold of the score."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import median

from tests.benchmarks.insights.attacks.attack import Attack
from tests.benchmarks.insights.judging import Judged

Place = tuple[str, int]
"""An account and the number of an attack in it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a detector is at a threshold. A finding more than one of the same attack is a repeat, and not false."""

    threshold: float | None
    recall: float
    recall_from: float
    """Where the true recall lies at least, and at most below, with 95 % confidence (Wilson): attacks are few."""
    recall_to: float
    precision: float
    attacks: int
    found: int
    absorbed: int
    """Attacks that were not found, but whose calls are among those of a finding that had begun before."""
    repeats: int
    false: int
    false_a_week: float
    """False alarms an account and week."""
    delay_median: float | None
    """Minutes from an attack's first call to the call that made it found."""
    delay_95: float | None


@dataclass
class Tally:
    """What one detector, or peer, made of one type in all accounts. ``weeks`` are those of all accounts together."""

    insight_type: str
    weeks: float = 0.0
    attacks: dict[Place, Attack] = field(default_factory=dict)
    hits: list[tuple[Place, Judged]] = field(default_factory=list)
    false: list[tuple[str, Judged]] = field(default_factory=list)
    aside: int = 0
    absorbed: set[Place] = field(default_factory=set)

    def add(self, account: str, weeks: float, attacks: Sequence[Attack], judged: Iterable[Judged]) -> None:
        """Count an account."""
        self.weeks += weeks
        for number, attack in enumerate(attacks):
            if attack.insight_type == self.insight_type:
                self.attacks[account, number] = attack
        for one in judged:
            if one.insight_type != self.insight_type:
                continue
            self.absorbed.update((account, number) for number in one.absorbed)
            if one.attack is not None:
                self.hits.append(((account, one.attack), one))
            elif one.is_aside:
                self.aside += 1
            else:
                self.false.append((account, one))

    def scores(self) -> list[float]:
        """All scores, each once, the lowest first."""
        return sorted({one.score for _, one in (*self.hits, *self.false)})

    def figures(self, threshold: float | None = None) -> Figures:
        """The figures of the findings that score at least so much; of all without a threshold."""
        least = float("-inf") if threshold is None else threshold
        first: dict[Place, int] = {}
        hits = [(place, one) for place, one in self.hits if one.score >= least]
        for place, one in hits:
            delay = one.start - self.attacks[place].start
            first[place] = min(delay, first.get(place, delay))
        false = sum(one.score >= least for _, one in self.false)
        delays = sorted(first.values())
        low, high = _wilson(len(first), len(self.attacks))
        return Figures(
            threshold=threshold,
            recall=len(first) / len(self.attacks) if self.attacks else 0.0,
            recall_from=low,
            recall_to=high,
            precision=len(first) / (len(first) + false) if first or false else 0.0,
            attacks=len(self.attacks),
            found=len(first),
            absorbed=len(self.absorbed - first.keys()),
            repeats=len(hits) - len(first),
            false=false,
            false_a_week=false / self.weeks if self.weeks else 0.0,
            delay_median=median(delays) if delays else None,
            delay_95=delays[min(len(delays) - 1, int(len(delays) * 0.95))] if delays else None,
        )

    def curve(self, points: int = 12) -> list[Figures]:
        """Figures at some thresholds, from the lowest score to the highest."""
        scores = self.scores()
        return [self.figures(score) for score in scores[:: max(1, len(scores) // points)]]

    def at_recall(self, recall: float) -> Figures | None:
        """The best precision that is reached with at least a recall; None where it is never reached."""
        scores = self.scores()
        reached = [each for each in map(self.figures, scores[:: max(1, len(scores) // 200)]) if each.recall >= recall]
        return max(reached, key=lambda each: each.precision, default=None)

    def best(self) -> Figures:
        """The figures at the threshold that balances recall and precision best."""
        scores = self.scores()
        each = [self.figures(score) for score in scores[:: max(1, len(scores) // 200)]]
        return max(
            each,
            key=lambda one: 2 * one.recall * one.precision / (one.recall + one.precision or 1),
            default=self.figures(),
        )

    def causes(self) -> Counter[str]:
        """Of the false alarms: what really happened."""
        return Counter(one.cause for _, one in self.false)

    def variants(self) -> dict[str, tuple[int, int]]:
        """By what attacks had in common: how many were found, of how many."""
        reached = {place for place, _ in self.hits}
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for place, attack in self.attacks.items():
            for part in attack.variant.split("; "):
                counts[part][1] += 1
                counts[part][0] += place in reached
        return {name: (found, total) for name, (found, total) in sorted(counts.items())}

    def missed(self) -> list[tuple[str, Attack]]:
        """The attacks that were not found, with their accounts."""
        reached = {place for place, _ in self.hits}
        return [(place[0], attack) for place, attack in self.attacks.items() if place not in reached]


def _wilson(found: int, total: int) -> tuple[float, float]:
    """The interval in which a share lies with 95 % confidence."""
    if not total:
        return 0.0, 1.0
    share, z = found / total, 1.96
    middle, width = share + z * z / (2 * total), z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, (middle - width) / (1 + z * z / total)), min(1.0, (middle + width) / (1 + z * z / total))
