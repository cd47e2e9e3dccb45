"""The profiles of a scene: of each caller, of roles that several take on, and of the account.

What happened on the day itself does not count: it would make an attacker's second call a usual one.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, lru_cache

from trailkeep.insights.detectors.profile import Profile, Values, together
from trailkeep.insights.detectors.surprise import bits, pooled_share, share
from trailkeep.insights.detectors.usual import total_of
from trailkeep.insights.digest import Hours, block_of, digest_of, network_of
from trailkeep.insights.facts import Fact
from trailkeep.insights.scene import Scene

ENOUGH_DAYS = 2
"""Days with calls after which a caller is no longer new."""

HABIT_DAYS = 5
"""Days with calls after which a caller has habits of its own; before, those of its role or account stand for it.

Where nothing is older, fewer will do.
"""

WARM_UP_DAYS = 7
"""Days of the history in which everything is met for the first time, and tells nothing of how often that happens."""


class Profiles:
    """The profiles of a scene: of each identity, and of the account."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        days = scene.history.digests
        self._since = min(days, default=scene.day) + WARM_UP_DAYS
        self._habit_days = max(ENOUGH_DAYS, min(HABIT_DAYS, len(days)))
        self._known: dict[str, Profile] = {}
        self._roles: dict[str, Profile] = {}

    def of(self, identity: str) -> Profile:
        """An identity's own profile; an empty one for an identity that is new."""
        if identity not in self._known:
            own = self._by_identity.get(identity, {})
            self._known[identity] = Profile(own, self._since)
        return self._known[identity]

    def for_habits(self, caller: str) -> Profile:
        """The profile that tells what is usual for a caller: as long as it has too few days its role's, or all."""
        for profile in (self.of(caller), self._of_role(caller)):
            if len(profile.days) >= self._habit_days:
                return profile
        return self.account

    def is_new(self, caller: str) -> bool:
        """Whether next to nothing is known of a caller, nor of the role that it took on."""
        return max(len(self.of(caller).days), len(self._of_role(caller).days)) < ENOUGH_DAYS

    def _of_role(self, caller: str) -> Profile:
        """What all did who took a role on."""
        role = "/".join(caller.split("/")[:2])
        if not role.startswith("role/") or role == caller:
            return self.of(caller)
        if role not in self._roles:
            shared = [values for who, values in self._by_identity.items() if f"{who}/".startswith(f"{role}/")]
            self._roles[role] = together(shared)
        return self._roles[role]

    @cached_property
    def account(self) -> Profile:
        """Everything that anybody in the account has done."""
        return together(list(self._by_identity.values()))

    def busiest_hour_of_kind(self, caller: str) -> int:
        """The most calls that an identity of the same kind made within an hour, the highest left out."""
        highest = self._busiest_hours.get(caller.partition("/")[0], [])
        return highest[1] if len(highest) > 1 else 0

    def busiest_hour_of(self, caller: str) -> int:
        """The most calls that a caller made within an hour, whatever they were."""
        return self._busiest.get(caller, 0)

    @cached_property
    def _busiest_hours(self) -> Mapping[str, Sequence[int]]:
        """By kind of identity the busiest hours of each, the busiest first."""
        found: dict[str, list[int]] = defaultdict(list)
        for caller, calls in self._busiest.items():
            found[caller.partition("/")[0]].append(calls)
        return {kind: sorted(calls, reverse=True) for kind, calls in found.items()}

    @cached_property
    def _busiest(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for caller, dimensions in self._by_identity.items():
            hours: Counter[tuple[int, int]] = Counter()
            for days in dimensions.get("event", {}).values():
                for day, counts in days.items():
                    for hour, calls in counts.items():
                        hours[day, hour] += calls
            found[caller] = max(hours.values(), default=0)
        return found

    @cached_property
    def active_days(self) -> Mapping[str, int]:
        """On how many days each identity called anything."""
        return {
            identity: len({day for days in dimensions.get("event", {}).values() for day in days})
            for identity, dimensions in self._by_identity.items()
        }

    def days_of(self, operations: Collection[str]) -> Mapping[str, int]:
        """On how many days each identity called one of some operations, ``service:event`` in small letters."""
        found: dict[str, set[int]] = defaultdict(set)
        for identity, dimensions in self._by_identity.items():
            for value, days in dimensions.get("event", {}).items():
                if value.lower() in operations:
                    found[identity].update(days)
        return {identity: len(days) for identity, days in found.items()}

    def busiest_hour_with(self, identity: str, operations: Collection[str]) -> int:
        """The most calls of some operations within an hour of the clock."""
        values = self._by_identity.get(identity, {}).get("event", {})
        chosen = [days for value, days in values.items() if value.lower() in operations]
        return max((calls for hours in total_of(chosen).values() for calls in hours.values()), default=0)

    def surprise_at(self, identity: str, network: str) -> float:
        """How surprising an identity is at a network that is new to it, in bits; more so in a block that is new too."""
        surprise = bits(self.share_elsewhere(identity))
        if self.of(identity).knows_block(block_of(network)):
            return surprise
        return max(surprise, bits(self.share_far(identity)))

    def share_elsewhere(self, identity: str) -> float:
        """The share of an identity's days with a network that was new to it."""
        own = self.of(identity)
        return share(own.days_elsewhere, own.settled_days, self._usual_shares[0])

    def share_far(self, identity: str) -> float:
        """The share of an identity's days with a block of networks that was new to it."""
        own = self.of(identity)
        return share(own.days_far, own.settled_days, self._usual_shares[1])

    @cached_property
    def _usual_shares(self) -> tuple[float, float]:
        """Those shares of the account: the means over its identities, without the fifth that roams most."""
        settled = [own for identity in self._by_identity if (own := self.of(identity)).settled_days]
        count = len(settled) - len(settled) // 5
        elsewhere = sorted(own.days_elsewhere / own.settled_days for own in settled)[:count]
        far = sorted(own.days_far / own.settled_days for own in settled)[:count]
        return pooled_share(sum(elsewhere), count), pooled_share(sum(far), count)

    @cached_property
    def _by_identity(self) -> Mapping[str, Values]:
        found: dict[str, dict[str, dict[str, dict[int, Hours]]]] = defaultdict(lambda: defaultdict(dict))
        for (dimension, identity), values in self._scene.history.by_place.items():
            found[identity][dimension] = {value: dict(days) for value, days in values.items()}
        # The day before is not in the history yet: it may have been closed only minutes ago.
        before = self._scene.day - 1
        for (dimension, identity), by_value in digest_of(self._yesterday()).items():
            values = found[identity][dimension]
            for value, hours in by_value.items():
                values.setdefault(value, {})[before] = hours
        return found

    def _yesterday(self) -> list[Fact]:
        """The calls of the day before, but for those from new networks: what an intruder did teaches nothing yet."""
        begin, is_young = self._scene.minutes.start, not self._scene.history.digests
        before = (fact for fact in self._scene.facts if fact.minute < begin)
        return [fact for fact in before if is_young or fact.address is None or self._is_known(fact.address)]

    def _is_known(self, address: str) -> bool:
        return network_of(address) in self._networks

    @cached_property
    def _networks(self) -> frozenset[str]:
        places = self._scene.history.by_place.items()
        return frozenset(value for (dimension, _), values in places if dimension == "network" for value in values)


@lru_cache(maxsize=1)
def profiles_of(scene: Scene) -> Profiles:
    """The profiles of a scene, made once for all detectors that look at it."""
    return Profiles(scene)
