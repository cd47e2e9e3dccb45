"""Rises: when a count becomes much higher than it usually is at that hour, and than it ever jumps.

A count is split by who makes it. A deployment is a jump, but one that its role makes now and then; the same number of
calls from somebody who never makes so many is not. So either what some callers do beyond all their habits is enough
by itself, or all of them together are far above what they are together.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from trailkeep.insights.detectors.counted import Counted
from trailkeep.insights.detectors.ending import end_of
from trailkeep.insights.detectors.window import Measure, Reached, Window
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.finding import Evidence, Finding
from trailkeep.insights.scene import Scene

LATELY = 30
"""Minutes within which a count has to be high again and again, for a rise to go on."""

QUIET = 60
"""Minutes without that, which end it."""

SERIES_HOURS = 24
"""Hours before a rise that its series shows."""


@dataclass(frozen=True, slots=True)
class Rise:
    """What is looked for in one count. ``further`` is asked of the facts where it seems to rise, and may say no."""

    scene: Scene
    insight_type: str
    insight_object: str
    counted: Counted
    measures: Sequence[Measure]
    further: Callable[[Sequence[Fact]], Evidence | None] | None = None

    def find(self, facts: Sequence[Fact]) -> Iterator[Finding]:
        """The rises that begin on the day of the scene, one after the other; ``facts`` are in order of time."""
        position = 0
        while (reached := self._first(facts, position)) is not None:
            high, highest = self._while_high(facts, reached)
            count, end = end_of(self.scene, high, reached.minute, QUIET)
            upto = bisect_right(facts, high[count - 1].minute, key=lambda fact: fact.minute)
            if reached.minute in self.scene.minutes:
                yield self._finding(facts[reached.first : upto], replace(reached, score=highest), end)
            position = upto

    def _first(self, facts: Sequence[Fact], start: int) -> Reached | None:
        windows = [Window(measure, self.counted) for measure in self.measures]
        for number in range(start, len(facts)):
            fact = facts[number]
            for window in windows:
                window.take(number, fact)
            if number + 1 < len(facts) and facts[number + 1].minute == fact.minute:
                continue
            for window in windows:
                reached = window.reached(fact.minute, number + 1)
                if reached is None or self.further is None:
                    if reached is not None:
                        return reached
                elif (more := self.further(facts[reached.first : reached.needed])) is not None:
                    return replace(reached, evidence=(*reached.evidence, more))
        return None

    def _while_high(self, facts: Sequence[Fact], reached: Reached) -> tuple[Sequence[Fact], float]:
        """The facts at which the count is high, from the one on that made it a rise; and how high it ever got."""
        measure = reached.measure
        window, recent = Window(measure, self.counted), Window(measure, self.counted, LATELY)
        high, highest = [], reached.score
        for number in range(reached.first, len(facts)):
            fact = facts[number]
            window.take(number, fact)
            recent.take(number, fact)
            if number + 1 < reached.needed:
                continue
            expected = self.counted.usual(None, measure.span).expected(fact.minute // 60)
            highest = max(highest, measure.score(window.total, expected))
            still = max(measure.least, (1 + measure.times) * expected) / 2 * LATELY / (60 * measure.span)
            if number + 1 == reached.needed or recent.total >= still:
                high.append(fact)
        return high, highest

    def _finding(self, facts: Sequence[Fact], reached: Reached, end: int | None) -> Finding:
        usual = self.counted.usual(None, 1)
        hours: Counter[int] = Counter()
        for fact in facts:
            hours[fact.minute // 60] += fact.calls
        first, last = facts[0].minute // 60 - SERIES_HOURS, facts[-1].minute // 60
        return Finding(
            insight_type=self.insight_type,
            insight_object=self.insight_object,
            start=reached.minute,
            end=end,
            facts=facts,
            needed=reached.needed - reached.first,
            score=reached.score,
            usual=usual.level_at(reached.minute // 60) / 60,
            usual_minutes=len(self.counted.past) * MINUTES_A_DAY,
            evidence=reached.evidence,
            series=[(hour, hours.get(hour, 0), usual.level_at(hour)) for hour in range(first, last + 1)],
        )


def first_of_each(findings: Iterable[Finding], scene: Scene) -> Iterator[Finding]:
    """Of findings that tell of the same rise, a service's and those of its operations, the one that begins first."""
    until = 0
    for finding in sorted(findings, key=lambda each: (each.start, -len(each.facts), each.insight_object)):
        if finding.start > until:
            yield finding
        until = max(until, scene.until if finding.end is None else finding.end + QUIET)
