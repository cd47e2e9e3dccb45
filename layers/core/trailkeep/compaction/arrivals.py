"""Which fresh parts may be compacted: those that their delivery has committed.

What an interrupted delivery leaves is not for certain what its events will be: code of another version may end it, and
read them otherwise. Then the commit names other parts, and those left behind are orphans whose events stand elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from trailkeep.errors import ObjectNotFound
from trailkeep.lake.commits import COMMITS, minute_prefix, parse_commit_key
from trailkeep.lake.feed import OVERLAP
from trailkeep.lake.parallel import in_parallel
from trailkeep.lake.partitions import FreshName, Versions, parse_fresh_name, parse_part
from trailkeep.lake.plans import PLANS, Plan
from trailkeep.lake.storage import Bucket, Stat

RECENT = timedelta(hours=6)
"""Deliveries of this time are looked up in the feed, older ones by their plans: two requests for each."""

FORGOTTEN = timedelta(days=1)
"""A part so old without plan and commit comes from before these were kept, or they were removed: it is taken in."""

_MAX_REMEMBERED = 500_000
_COMMIT = re.compile(rf"{COMMITS}[^/]+/([0-9a-f]{{24}})[0-9a-f]{{8}}\.(\d{{1,9}})-(\d{{1,9}})\.", re.ASCII)
_NOTHING: frozenset[Versions] = frozenset()
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Sorted:
    """Fresh parts by what became of their deliveries."""

    committed: list[Stat] = field(default_factory=list)
    waiting: list[Stat] = field(default_factory=list)
    orphans: list[Stat] = field(default_factory=list)


@dataclass(slots=True)
class _Planned:
    exists: bool = False
    versions: set[Versions] = field(default_factory=set)


class Arrivals:
    """What the feed says of deliveries. One for the life of a function: what it has read once, it knows."""

    def __init__(self, lake: Bucket) -> None:
        self._lake = lake
        self._since: datetime | None = None
        self._until = _EVER
        self._ended: dict[str, frozenset[Versions]] = {}

    def sort(self, parts: Iterable[Stat], now: datetime) -> Sorted:
        """Sort listed parts that deliveries wrote, by the feed read from now on: the listing has to be older."""
        known = [(stat, name) for stat in parts if (name := _name(stat))]
        unknown = [(stat, name) for stat, name in known if name.delivery not in self._ended]
        recent = [stat.modified_at for stat, _ in unknown if stat.modified_at > now - RECENT]
        if recent:
            self._read(min(recent) - OVERLAP, now)
        old = {name.delivery for stat, name in unknown if stat.modified_at <= now - RECENT} - self._ended.keys()
        plans = dict(in_parallel(self._by_plan, sorted(old)))
        found = Sorted()
        for stat, name in known:
            plan = plans.get(name.delivery, _Planned())
            versions = self._ended.get(name.delivery) or plan.versions
            if versions:
                (found.committed if name.versions in versions else found.orphans).append(stat)
            elif plan.exists or stat.modified_at > now - FORGOTTEN:
                found.waiting.append(stat)
            else:
                found.committed.append(stat)
        return found

    def _read(self, since: datetime, now: datetime) -> None:
        """Read the feed from ``since`` on, but not what is known and nothing can be added to any more."""
        if self._since is None or since < self._since or len(self._ended) > _MAX_REMEMBERED:
            self._since = self._until = since
            self._ended = {}
        for page in self._lake.pages(COMMITS, after=minute_prefix(self._until)):
            for stat in page.objects:
                match = _COMMIT.match(stat.key)
                if match is not None:
                    versions = Versions(int(match[2]), int(match[3]))
                    standing = self._ended.get(match[1], _NOTHING)
                    self._ended[match[1]] = standing if versions in standing else standing | {versions}
        self._until = max(self._until, now - OVERLAP - timedelta(minutes=1))

    def _by_plan(self, delivery: str) -> tuple[str, _Planned]:
        """What the plans of a delivery say, and the commits in the minutes that they name."""
        planned = _Planned()
        for page in self._lake.pages(f"{PLANS}{delivery}"):
            for stat in page.objects:
                planned.exists = True
                whole = stat.key.removeprefix(PLANS).removesuffix(".json")
                for minute in self._minutes(stat.key):
                    for commits in self._lake.pages(f"{minute_prefix(minute)}{whole}."):
                        names = (parse_commit_key(commit.key) for commit in commits.objects)
                        planned.versions.update(name.versions for name in names if name)
        return delivery, planned

    def _minutes(self, plan: str) -> tuple[datetime, ...]:
        try:
            return msgspec.json.decode(self._lake.get(plan), type=Plan).minutes
        except (ObjectNotFound, ValueError):
            return ()


def _name(stat: Stat) -> FreshName | None:
    part = parse_part(stat.key)
    return parse_fresh_name(part.name) if part else None
