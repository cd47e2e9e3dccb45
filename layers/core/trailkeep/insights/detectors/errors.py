"""ApiErrorRateInsight: calls of a service, or with one error code, fail far more often than they usually do.

Failed calls are counted as calls are (:mod:`~trailkeep.insights.detectors.rise`); and besides, of the calls of the
same hour their share has to be a multiple of the usual one: more calls of the same quality are no errors' rise.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from trailkeep.insights import types
from trailkeep.insights.detectors.calls import past_by_service
from trailkeep.insights.detectors.counted import Failed, by_subject, closed_facts, is_learnt
from trailkeep.insights.detectors.rise import Rise
from trailkeep.insights.detectors.usual import total_of
from trailkeep.insights.detectors.window import Measure
from trailkeep.insights.digest import Hours, caller_of
from trailkeep.insights.facts import Fact
from trailkeep.insights.finding import Evidence, Finding
from trailkeep.insights.scene import Scene

INSIGHT_TYPE = types.ERROR_RATE
MEASURES = {
    "low": (Measure(span=1, least=80, times=5.0, own=5.0, wild=4.0),),
    "medium": (Measure(span=1, least=45, times=3.0, own=3.0, wild=4.0), Measure(6, 150, 3.0, 3.0, 4.0)),
    "high": (Measure(span=1, least=25, times=2.0, own=2.0, wild=1.5), Measure(6, 80, 2.0, 2.0, 1.5)),
}
SHARES = {"low": (5.0, 0.15), "medium": (3.0, 0.06), "high": (2.0, 0.03)}
"""By how much, and to what at least, the share of failed calls rises."""


def detect(scene: Scene) -> Iterator[Finding]:
    """The services and error codes of a scene whose failures have become more frequent."""
    if not is_learnt(scene):
        return
    failed = [fact for fact in closed_facts(scene) if fact.error is not None]
    failures, calls = past_by_service(scene, "failure"), past_by_service(scene, "event")
    measures = MEASURES[scene.sensitivity(INSIGHT_TYPE)]
    least = min(measure.least for measure in measures)
    minutes_of_service = _Minutes(scene.facts, lambda fact: fact.service)
    for service, facts in sorted(by_subject(failed, lambda fact: fact.service).items()):
        if sum(fact.calls for fact in facts) >= least:
            past = _summed(failures.get(service, {}))
            test = _Share(scene, minutes_of_service.of(service), _share(past, calls.get(service, {})))
            yield from Rise(scene, INSIGHT_TYPE, service, Failed(scene, past), measures, test).find(facts)
    minutes_of_caller = _Minutes(scene.facts, caller_of)
    for code, facts in sorted(by_subject(failed, lambda fact: fact.error).items()):
        if len({fact.service for fact in facts}) > 1 and sum(fact.calls for fact in facts) >= least:
            past = _of_code(failures, code)
            callers = sorted({caller_of(fact) for fact in facts})
            minutes = Counter[int]()
            for caller in callers:
                minutes.update(minutes_of_caller.of(caller))
            theirs = {(who, service): of[who] for service, of in calls.items() for who in callers if who in of}
            test = _Share(scene, minutes, _share(past, theirs))
            yield from Rise(scene, INSIGHT_TYPE, code, Failed(scene, past), measures, test).find(facts)


class _Share:
    """Whether the failures among calls have become more frequent."""

    def __init__(self, scene: Scene, calls_by_minute: Mapping[int, int], usual: float) -> None:
        self._calls = calls_by_minute
        self._times, self._least = SHARES[scene.sensitivity(INSIGHT_TYPE)]
        self._usual = usual

    def __call__(self, failed: Sequence[Fact]) -> Evidence | None:
        failures = sum(fact.calls for fact in failed)
        calls = sum(self._calls.get(minute, 0) for minute in range(failed[0].minute, failed[-1].minute + 1))
        share = failures / max(1, calls)
        if share < max(self._least, self._times * self._usual):
            return None
        return Evidence("of the calls fail", round(share, 3))


class _Minutes:
    """Calls by minute, of what facts are counted for."""

    def __init__(self, facts: Sequence[Fact], subject_of: Callable[[Fact], str | None]) -> None:
        self._counts: dict[str | None, Counter[int]] = defaultdict(Counter)
        for fact in facts:
            self._counts[subject_of(fact)][fact.minute] += fact.calls

    def of(self, subject: str) -> Mapping[int, int]:
        """The calls of each minute that has any."""
        return self._counts[subject]


def _share(
    failures: Mapping[str, Mapping[int, Hours]], calls: Mapping[Any, Mapping[str, Mapping[int, Hours]]]
) -> float:
    """The usual share of failures among calls."""
    failed = sum(sum(hours.values()) for days in failures.values() for hours in days.values())
    made = sum(sum(hours.values()) for of in calls.values() for days in of.values() for hours in days.values())
    return failed / max(1, made)


def _summed(by_identity: Mapping[str, Mapping[str, Mapping[int, Hours]]]) -> Mapping[str, Mapping[int, Hours]]:
    return {identity: total_of(list(values.values())) for identity, values in by_identity.items()}


def _of_code(
    failures: Mapping[str, Mapping[str, Mapping[str, Mapping[int, Hours]]]], code: str
) -> Mapping[str, Mapping[int, Hours]]:
    """The past of an error code, whatever failed with it."""
    found: dict[str, list[Mapping[int, Hours]]] = defaultdict(list)
    for by_identity in failures.values():
        for identity, values in by_identity.items():
            found[identity] += [days for value, days in values.items() if value.split(":", 2)[2] == code]
    return {identity: total_of(series) for identity, series in found.items() if series}
