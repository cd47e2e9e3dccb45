"""AkInsight: an AccessKey makes far more calls than it usually does at that hour.

Short-lived keys come and go with every session: their calls are counted for the role that they were issued for, which
is then the object. Keys are rotated: what is usual for one is what is usual for all the keys of its identity.
"""

from collections.abc import Iterator, Mapping

from trailkeep.insights import types
from trailkeep.insights.detectors.counted import Counted, by_subject, closed_facts, is_learnt
from trailkeep.insights.detectors.rise import Rise
from trailkeep.insights.detectors.usual import total_of
from trailkeep.insights.detectors.window import Measure
from trailkeep.insights.digest import Hours, caller_of
from trailkeep.insights.facts import Fact
from trailkeep.insights.finding import Finding
from trailkeep.insights.scene import Scene

INSIGHT_TYPE = types.KEY
MEASURES = {
    "low": (Measure(span=1, least=150, times=5.0, own=5.0, wild=4.0), Measure(6, 400, 4.0, 4.0, 4.0)),
    "medium": (Measure(span=1, least=100, times=2.5, own=2.5, wild=4.0), Measure(6, 300, 2.5, 2.5, 4.0)),
    "high": (Measure(span=1, least=60, times=2.0, own=2.0, wild=1.5), Measure(6, 150, 2.0, 2.0, 1.5)),
}


def detect(scene: Scene) -> Iterator[Finding]:
    """The keys and roles of a scene whose calls have risen."""
    if not is_learnt(scene):
        return
    measures = MEASURES[scene.sensitivity(INSIGHT_TYPE)]
    for subject, facts in sorted(by_subject(closed_facts(scene), _subject).items()):
        if sum(fact.calls for fact in facts) >= min(measure.least for measure in measures):
            counted = Counted(scene, _past(scene, subject, caller_of(facts[0])))
            yield from Rise(scene, INSIGHT_TYPE, _object(subject), counted, measures).find(facts)


def _subject(fact: Fact) -> str | None:
    if fact.key is not None:
        return fact.key
    return fact.identity if fact.identity.startswith("role/") else None


def _object(subject: str) -> str:
    return subject.removeprefix("role/")


def _past(scene: Scene, subject: str, caller: str) -> Mapping[str, Mapping[int, Hours]]:
    """The past of a key, or of all who took a role on, by caller."""
    if not subject.startswith("role/"):
        days = list(scene.history.of("key", caller).values())
        return {caller: total_of(days)} if days else {}
    return {
        who: total_of(list(values.values()))
        for (dimension, who), values in scene.history.by_place.items()
        if dimension == "event" and (who == subject or who.startswith(f"{subject}/"))
    }
