"""PolicyChangeInsight, PasswordChangeInsight, TrailConcealmentInsight: changes by those who do not make them.

Each caller of a watched operation is weighed, in bits of surprise: how seldom it calls any of that service, by its own
days and its account's, up to 6; more or less by the operation itself; and where it is called from, and by what kind of
client. Who changes policies daily is known by that, wherever it is; the first change of a program is not.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from trailkeep.insights import types
from trailkeep.insights.detectors.ending import end_of
from trailkeep.insights.detectors.profile import new_to
from trailkeep.insights.detectors.profiles import profiles_of
from trailkeep.insights.detectors.surprise import bits, pooled_share, share
from trailkeep.insights.detectors.watched import watched
from trailkeep.insights.digest import caller_of, event_of, network_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.finding import Evidence, Finding
from trailkeep.insights.scene import Scene

TYPES = (types.POLICY, types.PASSWORD, types.CONCEALMENT)
THRESHOLDS = {"low": 6.5, "medium": 5.0, "high": 3.5}
"""Bits of surprise from which on a call is an Insight, by sensitivity."""

QUIET = 60
"""Minutes without such a call that end it."""

_MOST_FOR_RARITY = 6.0
_NETWORK, _OWN_NETWORK, _AGENT, _FAILED, _BURST = 4.0, 1.0, 2.5, 0.5, 3.0
_SOME = 10


def detector(insight_type: str) -> Callable[[Scene], Iterator[Finding]]:
    """The detector of one of :data:`TYPES`."""

    def detect(scene: Scene) -> Iterator[Finding]:
        if not scene.history.digests:
            return  # on the first days of an account everything is new
        operations = watched(insight_type)
        by_service: dict[str, list[Fact]] = defaultdict(list)
        for fact in scene.facts:
            if event_of(fact).lower() in operations:
                by_service[fact.service or ""].append(fact)
        judge = _Judge(scene, insight_type)
        for service, facts in sorted(by_service.items()):
            yield from _findings(scene, insight_type, service, facts, judge)

    return detect


def _findings(
    scene: Scene, insight_type: str, service: str, facts: Sequence[Fact], judge: "_Judge"
) -> Iterator[Finding]:
    weighed = [(fact, judge.weigh(fact)) for fact in facts]
    unusual = {caller_of(fact) for fact, evidence in weighed if _points(evidence) >= judge.threshold}
    behind = [(fact, evidence) for fact, evidence in weighed if caller_of(fact) in unusual]
    position = 0
    while position < len(behind):
        begin = next((n for n in range(position, len(behind)) if _points(behind[n][1]) >= judge.threshold), None)
        if begin is None:
            return
        minute = behind[begin][0].minute
        rest = [fact for fact, _ in behind[begin:]]
        upto, end = end_of(scene, rest, minute, QUIET)
        if minute in scene.minutes:
            strongest = max((evidence for _, evidence in behind[begin : begin + upto]), key=_points)
            yield Finding(
                insight_type=insight_type,
                insight_object=service,
                start=minute,
                end=end,
                facts=rest[:upto],
                needed=1,
                score=_points(strongest),
                usual=0.0,
                usual_minutes=len(scene.history.digests) * MINUTES_A_DAY,
                evidence=strongest,
            )
        position = begin + upto


class _Judge:
    """What is unusual about a call of a watched operation."""

    def __init__(self, scene: Scene, insight_type: str) -> None:
        self.threshold = THRESHOLDS[scene.sensitivity(insight_type)]
        self._operations = watched(insight_type)
        self._profiles = profiles_of(scene)
        self._days: dict[str, Mapping[str, int]] = {}
        self._today: Counter[tuple[str, int]] = Counter()

    def weigh(self, fact: Fact) -> list[Evidence]:
        """The evidence of one fact, asked in order of time."""
        who, own = caller_of(fact), self._profiles.of(caller_of(fact))
        rarity = min(_MOST_FOR_RARITY, bits(self._share(who, event_of(fact).lower().partition(":")[0])))
        found = [Evidence("a caller that seldom or never does such a thing", rarity)]
        if points := self._operations[event_of(fact).lower()]:
            found.append(Evidence("the operation itself", points))
        if fact.address is not None:
            network = network_of(fact.address)
            if not own.knows("network", network):
                is_known = self._profiles.account.knows("network", network)
                points = min(_OWN_NETWORK if is_known else _NETWORK, self._profiles.surprise_at(who, network))
                found.append(Evidence("a network that it has never called from", points))
        if not self._profiles.is_new(who) and new_to(own, fact)[0]:
            found.append(Evidence("a kind of client that it has never used", _AGENT))
        if fact.error is not None:
            found.append(Evidence("an attempt that failed", _FAILED))
        hour = (who, fact.minute // 60)
        self._today[hour] += fact.calls
        if self._today[hour] >= max(_SOME, 2 * self._profiles.busiest_hour_with(who, self._operations.keys())):
            found.append(Evidence("more such calls an hour than it ever made", _BURST))
        return found

    def _share(self, who: str, service: str) -> float:
        """The share of a caller's days on which it called any of the watched operations of a service."""
        days, active = self._days.get(service), self._profiles.active_days
        if days is None:
            names = {name for name in self._operations if name.partition(":")[0] == service}
            days = self._days[service] = self._profiles.days_of(names)
        pooled = pooled_share(sum(days.values()), sum(active.values()))
        return share(days.get(who, 0), active.get(who, 0), pooled)


def _points(evidence: Sequence[Evidence]) -> float:
    return sum(each.points for each in evidence)
