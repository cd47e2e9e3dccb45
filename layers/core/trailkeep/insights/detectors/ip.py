"""IpInsight: calls from a network that an account has not been called from before, by somebody it does not fit.

A new network alone says little: people travel, offices move, programs run where a provider has room. So each new
network is weighed, in bits of surprise (:mod:`~trailkeep.insights.detectors.surprise`):

- how seldom the caller turns up from a network that is new to it, and from one far away, by its own days and its
  account's;
- what the caller has never used or done: another kind of client, other operations, other failures;
- what a traveller cannot do: be back soon after; and what it seldom does: work at hours at which it never works,
  faster than it ever did.

A network counts from its first call on, over two days. A caller without habits, new itself, has those of its account.
What more calls of the same minutes could take back counts when these are closed.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from trailkeep.events.addresses import parse_address, parse_network
from trailkeep.insights import types
from trailkeep.insights.detectors.ending import end_of
from trailkeep.insights.detectors.profile import new_to
from trailkeep.insights.detectors.profiles import Profiles, profiles_of
from trailkeep.insights.detectors.usual import is_weekend
from trailkeep.insights.digest import block_of, caller_of, event_of, network_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.finding import Evidence, Finding
from trailkeep.insights.scene import Scene

INSIGHT_TYPE = types.IP
THRESHOLDS = {"low": 9.0, "medium": 7.25, "high": 5.5}
"""Bits of surprise from which on a new network is an Insight, by sensitivity."""

LEARNING = MINUTES_A_DAY
"""Minutes of an account's history before which everything would be new."""
MINIMUM_CALLS = 10
QUIET = 60
"""Minutes without a call that end it."""
WINDOW = 120
"""Minutes over which shares of calls are taken."""

_MOST_FOR_NOVELTY = 6.0
_KNOWN_TO_OTHERS = -1.0
_NEW_IDENTITY, _ROOT = 3.5, 2.0
_AT_ONCE, _AT_ONCE_NEAR, _HOUR, _PACE = 2.0, 1.0, 1.0, 1.0
_AGENT, _FAILURES = 3.0, 1.5
_OPERATIONS = ((0.5, 4.0), (0.25, 2.0))
_SOME_CALLS, _SOME_OPERATIONS = 6, 3
_HALF, _FIFTH = 0.5, 0.2
_DAYS_OF_A_USUAL_NETWORK = 5
_NEAR = 30
_RARE_HOUR = 0.01
_ROAMS = 0.1
_FAST = 20


def detect(scene: Scene) -> Iterator[Finding]:
    """The new networks of a scene that do not fit their callers; of each caller the first of two days."""
    watch = _Watch(scene)
    judged = [found for network, facts in watch.newcomers() if (found := watch.judge(network, facts))]
    told: set[str] = set()
    for caller, finding in sorted(judged, key=lambda found: (found[1].start, found[1].insight_object)):
        if caller not in told and finding.start in scene.minutes:
            yield finding
        told.add(caller)


class _Watch:
    """One look at a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._profiles = profiles_of(scene)
        self._allowed = [parse_network(text) for text in scene.allowed]
        history = scene.history.by_place
        self._known = {
            value for (dimension, _), values in history.items() if dimension == "network" for value in values
        }
        self._usual_minutes: dict[str, list[int]] = defaultdict(list)
        self._introduced: dict[str, int] = {}
        self._threshold = THRESHOLDS[scene.sensitivity(INSIGHT_TYPE)]

    def newcomers(self) -> Iterator[tuple[str, Sequence[Fact]]]:
        """The networks that the history does not know, with their calls."""
        facts = [fact for fact in self._scene.facts if fact.address is not None]
        if not facts:
            return
        first = min(self._scene.history.digests, default=None)
        learnt = (facts[0].minute if first is None else first * MINUTES_A_DAY) + LEARNING
        found: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            network = network_of(fact.address or "")
            if network not in self._known and not self._is_allowed(fact.address or ""):
                found[network].append(fact)
                continue
            self._introduced.setdefault(caller_of(fact), fact.minute)
            if self._profiles.of(caller_of(fact)).days_in(network) >= _DAYS_OF_A_USUAL_NETWORK:
                self._usual_minutes[caller_of(fact)].append(fact.minute)
        for network, its_facts in sorted(found.items()):
            if its_facts[0].minute >= learnt:
                yield network, its_facts

    def judge(self, network: str, facts: Sequence[Fact]) -> tuple[str, Finding] | None:
        """A caller and a finding, from the call on that makes a new network surprising enough."""
        cases: dict[str, _Case] = {}
        calls = needed = 0
        best: tuple[float, list[Evidence]] = (0.0, [])
        begin, who_is_it = None, ""
        for number, fact in enumerate(facts):
            calls += fact.calls
            if (caller := caller_of(fact)) not in cases:
                cases[caller] = _Case(self, caller, network, fact.minute)
            cases[caller].take(fact)
            last_of_minute = number + 1 == len(facts) or facts[number + 1].minute > fact.minute
            if calls >= MINIMUM_CALLS and last_of_minute:
                is_closed = fact.minute < self._scene.closed
                who, evidence = max(
                    ((who, case.evidence(is_closed)) for who, case in cases.items()), key=lambda each: _points(each[1])
                )
                if _points(evidence) > best[0]:
                    best = (_points(evidence), evidence)
                if begin is None and _points(evidence) >= self._threshold:
                    begin, who_is_it, needed = fact.minute, who, number + 1
        if begin is None:
            return None
        upto, end = end_of(self._scene, facts, begin, QUIET)
        score, evidence = best
        return who_is_it, Finding(
            insight_type=INSIGHT_TYPE,
            insight_object=facts[0].address or network,
            start=begin,
            end=end,
            facts=facts[:upto],
            needed=needed,
            score=score,
            usual=0.0,
            usual_minutes=len(self._scene.history.digests) * MINUTES_A_DAY,
            evidence=evidence,
            series=_series(facts[:upto]),
        )

    def novelty(self, identity: str, network: str, minute: int) -> list[Evidence]:
        """How seldom a caller turns up from a network that is new to it; ``minute`` is when it first did from this.

        Who is new and came from a known network before, as people do in their first week, is new no more.
        """
        block, own = block_of(network), self._profiles.of(identity)
        surprise = self._profiles.surprise_at(identity, network)
        is_far = not own.knows_block(block)
        found = [Evidence("a network that nobody in the account has called from", min(_MOST_FOR_NOVELTY, surprise))]
        if is_far and self._profiles.account.knows_block(block):
            found.append(Evidence("others call from networks near by", _KNOWN_TO_OTHERS))
        if self._profiles.is_new(identity) and self._introduced.get(identity, minute) >= minute:
            found.append(Evidence("a caller that is new itself", _NEW_IDENTITY))
        if identity == "root":
            found.append(Evidence("the root of the account", _ROOT))
        return found

    @property
    def profiles(self) -> Profiles:
        """What is usual here."""
        return self._profiles

    def is_back(self, identity: str, minute: int) -> bool:
        """Whether a caller called from a known network soon after a minute: so fast nobody travels."""
        return any(minute < other <= minute + _NEAR for other in self._usual_minutes.get(identity, ()))

    def _is_allowed(self, address: str) -> bool:
        parsed = parse_address(address) if self._allowed else None
        return parsed is not None and any(
            parsed.version == network.version and ip_address(parsed) in network for network in self._allowed
        )


class _Case:
    """One caller's calls from one new network."""

    def __init__(self, watch: _Watch, identity: str, network: str, minute: int) -> None:
        self._watch = watch
        self._identity = identity
        self._habits = watch.profiles.for_habits(identity)
        self._is_new = watch.profiles.is_new(identity)
        self._is_far = not watch.profiles.of(identity).knows_block(block_of(network))
        self._novelty = watch.novelty(identity, network, minute)
        self._recent: deque[tuple[Fact, tuple[bool, bool, bool]]] = deque()
        self._rare_hour = self._at_once = False
        self._fastest = 0
        self._shares: list[Evidence] = []

    def take(self, fact: Fact) -> None:
        """Count some calls."""
        self._recent.append((fact, new_to(self._habits, fact)))
        while self._recent[0][0].minute <= fact.minute - WINDOW:
            self._recent.popleft()
        hour = sum(each.calls for each, _ in self._recent if each.minute > fact.minute - 60)
        self._fastest = max(self._fastest, hour)
        if not self._is_new:
            day, at = divmod(fact.minute // 60, 24)
            self._rare_hour = self._rare_hour or self._habits.share_at(at, is_weekend(day)) < _RARE_HOUR
            if not self._at_once and self._habits.roams < _ROAMS:
                self._at_once = self._watch.is_back(self._identity, fact.minute)

    def evidence(self, is_closed: bool) -> list[Evidence]:
        """What speaks for an Insight so far; ``is_closed`` if no more calls of this time will come."""
        found = list(self._novelty)
        if self._rare_hour:
            found.append(Evidence("an hour at which it never calls", _HOUR))
        if self._at_once:
            found.append(
                Evidence("calls from its usual networks soon after", _AT_ONCE if self._is_far else _AT_ONCE_NEAR)
            )
        if not self._is_new and self._fastest >= _FAST and self._fastest > self._habits.busiest_hour:
            found.append(Evidence("more calls an hour than it ever made", _PACE))
        if is_closed:
            shares = self._of_shares()
            if _points(shares) > _points(self._shares):
                self._shares = shares
        return found + self._shares

    def _of_shares(self) -> list[Evidence]:
        """What most of the calls of the last hours are like."""
        total = agent = operation = failure = 0
        names: set[str] = set()
        for fact, (new_agent, new_operation, new_failure) in self._recent:
            total += fact.calls
            agent += fact.calls * new_agent
            failure += fact.calls * new_failure
            if new_operation:
                operation += fact.calls
                names.add(event_of(fact))
        found = []
        if agent >= max(_SOME_CALLS, _HALF * total):
            found.append(Evidence("a kind of client that it has never used", _AGENT))
        if len(names) >= _SOME_OPERATIONS and operation >= _SOME_CALLS:
            points = max((points for least, points in _OPERATIONS if operation >= least * total), default=0.0)
            found.append(Evidence("operations that it has never called", points))
        if failure >= max(_SOME_CALLS, _FIFTH * total):
            found.append(Evidence("failures that it has never met", _FAILURES))
        return found


def _points(evidence: Sequence[Evidence]) -> float:
    return sum(each.points for each in evidence)


def _series(facts: Sequence[Fact]) -> Sequence[tuple[int, int, float]]:
    hours: Counter[int] = Counter()
    for fact in facts:
        hours[fact.minute // 60] += fact.calls
    return [(hour, calls, 0.0) for hour, calls in sorted(hours.items())]
