"""Telling: a finding as the Insight that people read, with what the calls behind it have in common."""

from collections.abc import Sequence
from typing import Any

from trailkeep.events.timestamps import format_micros, utc_date
from trailkeep.insights.facts import Fact
from trailkeep.insights.finding import Finding
from trailkeep.insights.insight import MINUTE, Insight, Moment
from trailkeep.insights.scene import Scene
from trailkeep.insights.telling.attributions import Usual

_EVENTS = 20
_LONGEST_ID = 256
"""Characters of an event's ID: applications may send longer ones, by which nobody looks."""


def insight_of(finding: Finding, scene: Scene, n: int) -> Insight:
    """The Insight of a finding: the one with the number ``n`` of its type and object on the day of the scene.

    Its start rests on the calls that made it a finding, its end on all: neither depends on when a run looks.
    """
    usual = Usual(scene.history, scene.day - 1, finding.facts)
    return Insight(
        insight_type=finding.insight_type,
        insight_object=finding.insight_object,
        account_id=scene.account,
        region=finding.region,
        date=utc_date(scene.day),
        number=n,
        baseline_rate=finding.usual,
        baseline_minutes=finding.usual_minutes,
        start=_moment(finding.start, finding.facts[: finding.needed], usual),
        end=None if finding.end is None else _moment(finding.end, finding.facts, usual),
        details=_details(finding),
    )


def _moment(minute: int, facts: Sequence[Fact], usual: Usual) -> Moment:
    minutes = facts[-1].minute - facts[0].minute + 1
    ids = dict.fromkeys(fact.event_id for fact in facts if fact.event_id and len(fact.event_id) <= _LONGEST_ID)
    return Moment(
        time=minute * MINUTE,
        calls=sum(fact.calls for fact in facts),
        minutes=minutes,
        attributions=usual.attributions(facts, minutes),
        events=list(ids)[:_EVENTS],
    )


def _details(finding: Finding) -> dict[str, Any]:
    """Why it was found, and the hours around it for a chart."""
    return {
        "score": round(finding.score, 3),
        "evidence": [{"reason": each.reason, "points": round(each.points, 3)} for each in finding.evidence],
        "series": [
            {"time": format_micros(hour * 60 * MINUTE), "calls": calls, "usual": round(usual, 3)}
            for hour, calls, usual in finding.series
        ],
    }
