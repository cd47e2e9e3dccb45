"""Counts: the past of what is counted, split by who made it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from trailkeep.insights.detectors.profile import new_to
from trailkeep.insights.detectors.profiles import Profiles, profiles_of
from trailkeep.insights.detectors.usual import Usual, total_of
from trailkeep.insights.digest import Hours, caller_of, network_of
from trailkeep.insights.facts import Fact
from trailkeep.insights.scene import Scene

LEARNING_DAYS = 3
"""Days of history before which no hour has a usual count."""

SETTLED_DAYS = 5
"""Days after which a caller's highest count tells what it may do."""

SELDOM = 0.08
"""The share of its days on which a caller may come from a new network, for that to be unlike it."""


def is_learnt(scene: Scene) -> bool:
    """Whether the history is long enough for rises."""
    return len(scene.history.digests) >= LEARNING_DAYS


def closed_facts(scene: Scene) -> Sequence[Fact]:
    """The facts of minutes that are closed: what is compared with the rest of an hour waits for the rest."""
    return [fact for fact in scene.facts if fact.minute < scene.closed]


class Counted:
    """The past of a count, by who made it: the days of each identity, in calls by the hour."""

    def __init__(self, scene: Scene, by_identity: Mapping[str, Mapping[int, Hours]]) -> None:
        self._scene = scene
        self._by_identity = by_identity
        self._usual: dict[tuple[str | None, int], Usual] = {}
        self._strange: dict[tuple[object, ...], bool] = {}

    def usual(self, identity: str | None, span: int) -> Usual:
        """What is usual for an identity, or for all together where it is None."""
        key = (identity, span)
        if key not in self._usual:
            days = self._together if identity is None else self._by_identity.get(identity, {})
            self._usual[key] = Usual(days, self.past, span)
        return self._usual[key]

    def highest_of(self, caller: str, span: int) -> float:
        """The highest count of a caller, or half of all that it ever called in an hour, if that is more.

        A caller that is new may do as much as others of its kind.
        """
        highest = max(self.usual(caller, span).highest, span * self._profiles.busiest_hour_of(caller) / 2)
        if self._profiles.active_days.get(caller, 0) >= SETTLED_DAYS:
            return highest
        return max(highest, span * self._profiles.busiest_hour_of_kind(caller))

    def is_strange(self, fact: Fact) -> bool:
        """Whether a call is not like its caller: by a client, of an operation, or from where it has never called."""
        like = fact[1:10]  # all but when, how often and which
        if like not in self._strange:
            self._strange[like] = self._is_strange(caller_of(fact), fact)
        return self._strange[like]

    def _is_strange(self, caller: str, fact: Fact) -> bool:
        new_client, new_operation, _ = new_to(self._profiles.for_habits(caller), fact)
        return new_client or new_operation or self._is_from_elsewhere(caller, fact)

    def _is_from_elsewhere(self, caller: str, fact: Fact) -> bool:
        if fact.address is None or self._profiles.account.knows("network", network_of(fact.address)):
            return False
        return not self._profiles.is_new(caller) and self._profiles.share_elsewhere(caller) < SELDOM

    @cached_property
    def _profiles(self) -> Profiles:
        return profiles_of(self._scene)

    @cached_property
    def past(self) -> range:
        """The days of the history."""
        first = min(self._scene.history.digests, default=self._scene.day)
        return range(first, self._scene.day - 1)

    @cached_property
    def _together(self) -> Mapping[int, Hours]:
        return total_of(list(self._by_identity.values())) if self._by_identity else {}


class Failed(Counted):
    """The past of what fails: a caller that never met a failure is not like it, nor is one that is new."""

    def _is_strange(self, caller: str, fact: Fact) -> bool:
        if self._profiles.is_new(caller) or new_to(self._profiles.for_habits(caller), fact)[2]:
            return True
        return super()._is_strange(caller, fact)


def by_subject(facts: Sequence[Fact], subject_of: Callable[[Fact], str | None]) -> Mapping[str, Sequence[Fact]]:
    """Facts by what they are counted for; those that are counted for nothing are left out."""
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if (subject := subject_of(fact)) is not None:
            found[subject].append(fact)
    return found
