"""ApiCallRateInsight: a service, or one of its operations, is called far more than it usually is at that hour."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from trailkeep.insights import types
from trailkeep.insights.detectors.counted import Counted, by_subject, closed_facts, is_learnt
from trailkeep.insights.detectors.rise import Rise, first_of_each
from trailkeep.insights.detectors.usual import total_of
from trailkeep.insights.detectors.window import Measure
from trailkeep.insights.digest import Hours, event_of
from trailkeep.insights.finding import Finding
from trailkeep.insights.scene import Scene

INSIGHT_TYPE = types.CALL_RATE
MEASURES = {
    "low": (Measure(span=1, least=500, times=4.0, own=5.0, wild=4.0), Measure(6, 1500, 3.0, 4.0, 4.0)),
    "medium": (Measure(span=1, least=250, times=2.5, own=3.0, wild=3.5), Measure(6, 900, 2.0, 3.0, 4.0)),
    "high": (Measure(span=1, least=120, times=1.8, own=2.0, wild=1.5), Measure(6, 400, 1.5, 2.0, 1.5)),
}


def detect(scene: Scene) -> Iterator[Finding]:
    """The services and the operations of a scene whose calls have risen."""
    if not is_learnt(scene):
        return
    measures = MEASURES[scene.sensitivity(INSIGHT_TYPE)]
    past = past_by_service(scene, "event")
    for service, facts in sorted(by_subject(closed_facts(scene), lambda fact: fact.service).items()):
        if sum(fact.calls for fact in facts) < min(measure.least for measure in measures):
            continue
        found: list[Finding] = []
        counted = Counted(scene, _summed(past.get(service, {})))
        found += Rise(scene, INSIGHT_TYPE, service, counted, measures).find(facts)
        for name, its_facts in sorted(by_subject(facts, event_of).items()):
            if len(its_facts) < len(facts):
                days = {who: values[name] for who, values in past.get(service, {}).items() if name in values}
                operation = name.partition(":")[2]
                found += Rise(scene, INSIGHT_TYPE, operation, Counted(scene, days), measures).find(its_facts)
        yield from first_of_each(found, scene)


def past_by_service(scene: Scene, dimension: str) -> Mapping[str, Mapping[str, Mapping[str, Mapping[int, Hours]]]]:
    """The history of a dimension whose values begin with their service: by service and identity, the values' days."""
    found: dict[str, dict[str, dict[str, Mapping[int, Hours]]]] = defaultdict(lambda: defaultdict(dict))
    for (of, identity), values in scene.history.by_place.items():
        if of == dimension:
            for value, days in values.items():
                found[value.partition(":")[0]][identity][value] = days
    return found


def _summed(by_identity: Mapping[str, Mapping[str, Mapping[int, Hours]]]) -> Mapping[str, Mapping[int, Hours]]:
    return {identity: total_of(list(values.values())) for identity, values in by_identity.items()}
