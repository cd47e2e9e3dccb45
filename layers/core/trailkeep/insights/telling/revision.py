"""Revision: what is found now, beside what was told before; pure.

What was told is never told again and never changes its ID. A later look may add Insights, end those that are open, and
withdraw those that are no longer found.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from trailkeep.insights.facts import MINUTES_A_DAY
from trailkeep.insights.finding import Finding
from trailkeep.insights.insight import END, MINUTE, WITHDRAWN, withdrawal_of
from trailkeep.insights.scene import Scene, Tuning
from trailkeep.insights.telling.story import insight_of
from trailkeep.insights.telling.told_state import ToldDate, ToldEvent, ToldInsight

CLOSING_MINUTES = 15
"""How long after it was made a call may arrive and still be in time."""

Subject = tuple[str, str]


def revise(
    told: ToldDate, findings: Sequence[Finding], scene: Scene, fingerprint: str, *, settled: bool = True
) -> ToldDate:
    """What is to be told of the date of a scene, given all that is found in it; new events are not done yet.

    ``settled`` says whether a later look, at the same calls, could see no more of them.
    """
    found: dict[Subject, list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=_in_order):
        found[finding.insight_type, finding.insight_object].append(finding)
    before: dict[Subject, list[ToldInsight]] = defaultdict(list)
    for insight in told.insights:
        before[insight.insight_type, insight.insight_object].append(insight)
    insights: list[ToldInsight] = []
    for subject in sorted(found.keys() | before.keys()):
        if scene.tunings.get(subject[0], Tuning()).enabled:
            revised, is_settled = _revise_subject(before[subject], found[subject], scene)
        else:
            revised, is_settled = before[subject], True  # nobody looks, so nothing can be said
        insights += revised
        settled &= is_settled
    return msgspec.structs.replace(told, fingerprint=fingerprint, settled=settled, insights=tuple(insights))


def _in_order(finding: Finding) -> tuple[int, int, float]:
    return finding.start, finding.facts[0].minute, -finding.score


def _revise_subject(
    told: Sequence[ToldInsight], found: Sequence[Finding], scene: Scene
) -> tuple[list[ToldInsight], bool]:
    """The Insights of one type and object in the order of their numbers, and whether a later look finds the same."""
    revised: list[ToldInsight] = []
    settled = True
    for insight in told:
        if insight.is_withdrawn:
            revised.append(insight)
            continue
        ours = [finding for finding in found if _overlap(insight, finding)]
        if ours:
            nearest = min(ours, key=lambda finding: abs(_first(finding) - insight.first))
            revised.append(_gone_on(insight, nearest, scene))
            settled &= nearest.end is not None
        elif insight.last <= scene.closed:
            revised.append(_withdrawn(insight, scene))
        else:
            revised.append(insight)  # what it rests on may be on its way
            settled = False
    for finding in found:
        if any(_overlap(insight, finding) for insight in revised if not insight.is_withdrawn):
            continue
        if _may_move_to_the_day_before(finding, scene):
            settled = False
            continue
        revised.append(_new(finding, scene, len(revised) + 1))
        settled &= finding.end is not None
    return revised, settled


def _first(finding: Finding) -> int:
    return min(finding.start, finding.facts[0].minute)


def _last(finding: Finding) -> int:
    return max(finding.end or 0, finding.facts[-1].minute + 1)


def _overlap(insight: ToldInsight, finding: Finding) -> bool:
    return _first(finding) < insight.last and insight.first < _last(finding)


def _may_move_to_the_day_before(finding: Finding, scene: Scene) -> bool:
    """Whether a call that is still on its way could make it begin on the day before, as another Insight."""
    return finding.start < scene.day * MINUTES_A_DAY + CLOSING_MINUTES and finding.start >= scene.closed


def _gone_on(insight: ToldInsight, finding: Finding, scene: Scene) -> ToldInsight:
    """An Insight as it is found now: what it was said to be when it ended, it was all the same."""
    first, last, events = _first(finding), _last(finding), insight.events
    if insight.told(END) is not None:
        first, last = min(first, insight.first), max(last, insight.last)
    elif finding.end is not None:
        told = dict(insight_of(finding, scene, insight.number).events())
        events = (*events, ToldEvent(END, told[END]))
    return msgspec.structs.replace(insight, first=first, last=last, events=events)


def _withdrawn(insight: ToldInsight, scene: Scene) -> ToldInsight:
    start = insight.events[0].event
    event = ToldEvent(WITHDRAWN, withdrawal_of(start, scene.until * MINUTE))
    return msgspec.structs.replace(insight, events=(*insight.events, event))


def _new(finding: Finding, scene: Scene, number: int) -> ToldInsight:
    insight = insight_of(finding, scene, number)
    events = tuple(ToldEvent(state, event) for state, event in insight.events())
    return ToldInsight(finding.insight_type, finding.insight_object, number, _first(finding), _last(finding), events)
