"""Findings: what a detector says is unusual, before it is told as an Insight."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from trailkeep.insights.facts import Fact


class Evidence(NamedTuple):
    """One reason for a finding: what speaks for it, and by how much, in the detector's own unit."""

    reason: str
    points: float


@dataclass(frozen=True, slots=True)
class Finding:
    """Something unusual in one account. ``start`` is the minute in which it became so, of the facts' count.

    ``end`` is the minute after its last call, None while it may go on. ``facts`` are the calls behind it in order of
    time; the first ``needed`` of them made it a finding: its start rests on those alone, whenever a run looks.
    ``score`` says how unusual it is: the detector finds what reaches its threshold. ``usual`` is calls a minute, and
    ``usual_minutes`` of how long; ``series`` shows the hours around it: hour (from 1970), calls, usual calls.
    """

    insight_type: str
    insight_object: str
    start: int
    end: int | None
    facts: Sequence[Fact]
    needed: int
    score: float
    usual: float
    usual_minutes: int
    evidence: Sequence[Evidence] = ()
    series: Sequence[tuple[int, int, float]] = field(default=())

    @property
    def region(self) -> str:
        """Where it began."""
        return self.facts[0].region
