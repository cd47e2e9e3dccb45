"""A profile: what somebody usually does, as far as the days before the one in question tell."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from functools import cached_property

from trailkeep.insights.detectors.usual import is_weekend, total_of
from trailkeep.insights.digest import Hours, agent_family, block_of, event_of
from trailkeep.insights.facts import Fact

Values = Mapping[str, Mapping[str, Mapping[int, Hours]]]
"""By dimension and value, the hours of each day."""


class Profile:
    """What an identity did on earlier days; an account's, of all its identities together.

    What is met for the first time counts from the day ``since`` on: before, everything is.
    """

    def __init__(self, values: Values, since: int = 0) -> None:
        self._values = values
        self._since = since

    def knows(self, dimension: str, value: str) -> bool:
        """Whether it has met a value before."""
        return value in self._values.get(dimension, {})

    @cached_property
    def days(self) -> frozenset[int]:
        """The days with calls from addresses."""
        return frozenset(day for days in self._values.get("network", {}).values() for day in days)

    @cached_property
    def settled_days(self) -> int:
        """How many days with calls count, of those behind the first one."""
        return sum(day >= self._since for day in self.days - {min(self.days, default=0)})

    @cached_property
    def days_elsewhere(self) -> int:
        """How many of these had calls from a network that it had never called from."""
        return self._count({min(days) for days in self._values.get("network", {}).values()})

    @cached_property
    def days_far(self) -> int:
        """How many of these had calls from a block of networks that it had never called from."""
        return self._count(set(self._first_days_of_blocks.values()))

    def _count(self, days: Set[int]) -> int:
        return sum(day >= self._since for day in days - {min(self.days, default=0)})

    def days_in(self, network: str) -> int:
        """On how many days it called from a network."""
        return len(self._values.get("network", {}).get(network, ()))

    def knows_block(self, block: str) -> bool:
        """Whether it has called from a block of networks before."""
        return block in self._first_days_of_blocks

    @cached_property
    def _first_days_of_blocks(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for network, days in self._values.get("network", {}).items():
            block, first = block_of(network), min(days)
            found[block] = min(first, found.get(block, first))
        return found

    @cached_property
    def busiest_hour(self) -> int:
        """The most calls from addresses within an hour of the clock."""
        return max(self._by_hour.values(), default=0)

    @cached_property
    def roams(self) -> float:
        """The share of its hours in which it calls from several networks."""
        return sum(count > 1 for count in self._networks_by_hour.values()) / max(1, len(self._networks_by_hour))

    def share_at(self, hour: int, weekend: bool) -> float:
        """The share of its calls that fall on this hour of such days, or on the one before or behind it."""
        near = {(hour + shift) % 24 for shift in (-1, 0, 1)}
        calls = sum(n for (day, at), n in self._by_hour.items() if at in near and is_weekend(day) is weekend)
        return calls / max(1, sum(self._by_hour.values()))

    @cached_property
    def _by_hour(self) -> Mapping[tuple[int, int], int]:
        found: Counter[tuple[int, int]] = Counter()
        for days in self._values.get("network", {}).values():
            for day, hours in days.items():
                for hour, calls in hours.items():
                    found[day, hour] += calls
        return found

    @cached_property
    def _networks_by_hour(self) -> Mapping[tuple[int, int], int]:
        return Counter(
            (day, hour)
            for days in self._values.get("network", {}).values()
            for day, hours in days.items()
            for hour in hours
        )


def together(profiles: Sequence[Values]) -> Profile:
    """What several did, as the profile of one."""
    found: dict[str, dict[str, list[Mapping[int, Hours]]]] = defaultdict(lambda: defaultdict(list))
    for dimensions in profiles:
        for dimension, values in dimensions.items():
            for value, days in values.items():
                found[dimension][value].append(days)
    return Profile({of: {value: total_of(series) for value, series in values.items()} for of, values in found.items()})


def new_to(profile: Profile, fact: Fact) -> tuple[bool, bool, bool]:
    """Whether a profile does not know a fact's user agent, its operation, its failure."""
    name = event_of(fact)
    return (
        fact.agent is not None and not profile.knows("agent", agent_family(fact.agent)),
        not profile.knows("event", name),
        fact.error is not None and not profile.knows("failure", f"{name}:{fact.error}"),
    )
