"""Windows: the last hours of a count, and how far it has risen in them."""

from collections import Counter, deque
from dataclasses import dataclass
from math import log2

from trailkeep.insights.detectors.counted import Counted
from trailkeep.insights.digest import caller_of
from trailkeep.insights.facts import Fact
from trailkeep.insights.finding import Evidence

MANY = 3
"""Callers of whom it can be said that all call more."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How large a rise has to be. ``span`` is the window in hours, ``least`` are the calls in it.

    ``times`` is by how much the whole count, ``own`` by how much that of a caller, exceeds the usual one of the hour;
    ``wild`` by how much what is done as ever exceeds the highest count of the past.
    """

    span: int
    least: int
    times: float
    own: float
    wild: float

    def times_of(self, calls: int, expected: float) -> float:
        """By how much a count exceeds the usual one; where that is next to nothing, what would have been enough."""
        return calls / max(expected, self.least / self.own)

    def score(self, calls: int, expected: float) -> float:
        """How many times a count has doubled."""
        return log2(max(1.0, self.times_of(calls, expected)))


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a count has risen, and in which minute; ``first`` and ``needed`` bound the facts that it took."""

    minute: int
    first: int
    needed: int
    measure: Measure
    score: float
    evidence: tuple[Evidence, ...]


class Window:
    """The last hours of a count, by who made it, and how much of it is not like its maker."""

    def __init__(self, measure: Measure, counted: Counted, minutes: int | None = None) -> None:
        self._measure = measure
        self._counted = counted
        self._minutes = 60 * measure.span if minutes is None else minutes
        self._held: deque[tuple[int, int, str, int, int]] = deque()
        self._calls: Counter[str] = Counter()
        self._strange: Counter[str] = Counter()
        self.total = 0
        self.first = 0

    def take(self, number: int, fact: Fact) -> None:
        """Count a fact, and forget what is too long ago."""
        caller, strange = caller_of(fact), fact.calls * self._counted.is_strange(fact)
        self._held.append((fact.minute, number, caller, fact.calls, strange))
        self._count(caller, fact.calls, strange)
        while self._held[0][0] <= fact.minute - self._minutes:
            _, _, caller, calls, strange = self._held.popleft()
            self._count(caller, -calls, -strange)
        self.first = self._held[0][1]

    def _count(self, caller: str, calls: int, strange: int) -> None:
        self._calls[caller] += calls
        self._strange[caller] += strange
        self.total += calls

    def reached(self, minute: int, needed: int) -> Reached | None:
        """How far the count has risen in the hours up to a minute; None where that is not far enough."""
        measure, hour = self._measure, minute // 60
        if self.total < measure.least:
            return None
        together = self._counted.usual(None, measure.span)
        expected = together.expected(hour)
        if self.total < measure.times * expected:
            return None
        strange, wild = self._beyond(hour)
        if self._are_many() and self.total >= max(measure.own * expected, measure.wild * together.highest):
            wild = max(wild, self.total - expected)
        if strange < max(measure.least, self.total - expected) / 2 and wild < measure.least * (1 - 1 / measure.times):
            return None
        evidence = [Evidence("times the usual count of the hour", round(measure.times_of(self.total, expected), 2))]
        if strange:
            evidence.append(Evidence("of the calls are unlike their callers", round(strange / self.total, 2)))
        return Reached(minute, self.first, needed, measure, measure.score(self.total, expected), tuple(evidence))

    def _are_many(self) -> bool:
        """Whether several callers make a difference."""
        return sum(calls * 20 >= self._measure.least for calls in self._calls.values()) >= MANY

    def _beyond(self, hour: int) -> tuple[float, float]:
        """The calls that are not like those who made them, and those that are but far beyond all they ever made."""
        measure, span = self._measure, self._measure.span
        strange = wild = 0.0
        for caller, calls in self._calls.items():
            if calls * 20 < measure.least:
                continue  # so few that they make no difference, of ever so many callers
            own = self._counted.usual(caller, span).expected(hour)
            if calls >= measure.own * own:
                strange += self._strange[caller]
                if calls >= measure.wild * self._counted.highest_of(caller, span):
                    wild += calls - own
        return strange, wild
