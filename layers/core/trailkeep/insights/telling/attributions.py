"""Attributions: what the calls behind a finding have in common, beside what is usual."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from trailkeep.insights.digest import Dimension, Hours, event_of
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.insight import Attribution
from trailkeep.insights.scene import History

_TOP = 5
_LONGEST = 512
"""Characters of a value: some user agents are longer than the notification that they would stand in."""

_VALUES: Mapping[str, Callable[[Fact], str | None]] = {
    "userAgent": lambda fact: fact.agent,
    "principalId": lambda fact: fact.identity,
    "apiRelated": lambda fact: event_of(fact),
    "errorCode": lambda fact: fact.error,
    "sourceIpAddress": lambda fact: fact.address,
    "accessKeyId": lambda fact: fact.key,
}
"""By the names of attributions, the value that a fact has."""

_OF_CALLERS: Mapping[str, Dimension] = {
    "userAgent": "agent",
    "apiRelated": "event",
    "sourceIpAddress": "network",
    "accessKeyId": "key",
}
"""Attributions whose baseline is what the callers usually do, with the dimension of digests that tells it."""


@dataclass(frozen=True)
class Usual:
    """What is usual beside some calls, of which there are ``facts``, by a history that ends before ``until`` (a day).

    That is, of those who made the calls: their user agents, calls, networks and keys; those of the whole account, where
    none of them is known yet. And of these very calls, whoever makes them: by whom, and with which errors.
    """

    history: History
    until: int
    facts: Sequence[Fact]

    def attributions(self, facts: Sequence[Fact], minutes: int) -> list[Attribution]:
        """What ``facts``, all or some of the calls, made in so many minutes, have in common."""
        found = []
        for name, value_of in _VALUES.items():
            counted: Counter[str] = Counter()
            for fact in facts:
                value = value_of(fact)
                if value is not None:
                    counted[value] += fact.calls
            found.append(Attribution(name, _averages(counted, minutes), self._baselines[name]))
        return found

    @cached_property
    def _baselines(self) -> Mapping[str, Sequence[tuple[str, float]]]:
        days = self.history.digests
        minutes = (self.until - min(days)) * MINUTES_A_DAY if days else 0
        counted = {name: self._of(dimension, self._callers) for name, dimension in _OF_CALLERS.items()}
        counted |= {"principalId": self._principals(), "errorCode": self._errors()}
        return {name: _averages(each, minutes) for name, each in counted.items()}

    @cached_property
    def _everyone(self) -> Collection[str]:
        return {identity for _, identity in self.history.by_place}

    @cached_property
    def _callers(self) -> Collection[str]:
        return {fact.identity for fact in self.facts if fact.identity in self._everyone} or self._everyone

    @cached_property
    def _calls(self) -> Collection[str]:
        return {event_of(fact) for fact in self.facts}

    def _of(self, dimension: Dimension, identities: Collection[str]) -> Counter[str]:
        counted: Counter[str] = Counter()
        for identity in identities:
            for value, days in self.history.of(dimension, identity).items():
                counted[value] += _calls_in(days)
        return counted

    def _principals(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for identity in self._everyone:
            known = self.history.of("event", identity)
            counted[identity] = sum(_calls_in(known[name]) for name in self._calls if name in known)
        return +counted

    def _errors(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for value, calls in self._of("failure", self._everyone).items():
            for name in self._calls:
                if value.startswith(f"{name}:"):
                    counted[value[len(name) + 1 :]] += calls
        return counted


def _calls_in(days: Mapping[int, Hours]) -> int:
    return sum(sum(hours.values()) for hours in days.values())


def _averages(counted: Counter[str], minutes: int) -> list[tuple[str, float]]:
    """The values that are met most, with their calls a minute."""
    top = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_TOP]
    return [(value[:_LONGEST], calls / max(1, minutes)) for value, calls in top]
