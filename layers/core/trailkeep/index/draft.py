"""A root in the making: the objects that the lake has now, what of the standing index still holds, what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from trailkeep.index.page_table import decode_page_table
from trailkeep.index.recent import Recent
from trailkeep.index.recent_rows import MOST_BYTES, Newest, join_newest, newest_in, newest_of
from trailkeep.index.root import Root, RootObject
from trailkeep.index.scan import Scanned
from trailkeep.index.sources import Fetch, Source, StoredTier
from trailkeep.index.tier import GONE, Directory, Tier
from trailkeep.index.tier_plan import TierSize, tiers_to_merge
from trailkeep.index.tier_writer import NewTier, TierObject, build_tier

BATCH_ROWS = 1_000_000
"""Rows scanned before they become a tier: their entries are in memory until then."""

_RECENT_BYTES = 256 << 10
"""Of the newest rows of all regions together, before the root is compressed."""


@dataclass(slots=True)
class Draft:
    """``objects`` are in the order of time; what ``tiers`` and ``recent`` say of them is by their numbers there."""

    objects: list[RootObject]
    tiers: list[Directory]
    recent: dict[str, Recent]
    unreadable: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, objects: Iterable[RootObject], standing: Root | None, stored: Mapping[str, int]) -> "Draft":
        """The draft for these objects, with what still holds of a standing root.

        ``stored`` has the size of each tier that is there.
        """
        ordered = sorted(objects, key=_order)
        numbers = {each.key: number for number, each in enumerate(ordered)}
        draft = cls(ordered, [], {})
        if standing is not None:
            places = {old: numbers[each.key] for old, each in enumerate(standing.objects) if each.key in numbers}
            kept = (tier.directory for tier in standing.tiers if stored.get(tier.key) == tier.size)
            renumbered = (_renumbered(directory, places) for directory in kept)
            draft.tiers = [directory for directory in renumbered if set(directory.objects) - {GONE}]
            draft.recent = {
                region: join_newest([newest_in(recent, places)]) for region, recent in standing.recent.items()
            }
        return draft

    def pending(self) -> list[int]:
        """The objects that no tier covers, the newest first, but for those that cannot be read."""
        covered = {place for directory in self.tiers for place in directory.objects}
        numbers = reversed(range(len(self.objects)))
        return [n for n in numbers if n not in covered and self.objects[n].key not in self.unreadable]

    def next_batch(self) -> list[int]:
        """Those of :meth:`pending` that are to be scanned at once."""
        batch: list[int] = []
        rows = 0
        for number in self.pending():
            if batch and rows + self.objects[number].rows > BATCH_ROWS:
                break
            batch.append(number)
            rows += self.objects[number].rows
        return batch

    def wants_merge(self) -> bool:
        """Whether tiers are to be merged although nothing is new."""
        return bool(tiers_to_merge(self._sizes(), 0))

    def add(self, scanned: Mapping[int, Scanned], fetch: Fetch, stamp: str) -> NewTier | None:
        """Take in scanned objects: their entries become one tier with those that it is time to merge.

        None where there is nothing to merge. Raises :class:`Damaged` for a damaged tier, which leaves the draft as it
        was.
        """
        merged = sorted(tiers_to_merge(self._sizes(), sum(each.object_rows for each in scanned.values())))
        sources: list[Source] = [StoredTier(Tier(self.tiers[number]), fetch) for number in merged]
        entries = [
            TierObject(place, source, number)
            for source, tier in enumerate(merged)
            for number, place in enumerate(self.tiers[tier].objects)
            if place != GONE
        ]
        for place, each in scanned.items():
            entries.append(TierObject(place, len(sources), 0))
            sources.append(each)
        if not entries:
            return None
        new = build_tier(sources, sorted(entries, key=lambda entry: entry.place), stamp)
        self.tiers = [*(d for number, d in enumerate(self.tiers) if number not in merged), new.directory]
        for place, each in scanned.items():
            self.objects[place] = msgspec.structs.replace(
                self.objects[place], channel=each.channel, exceptions=each.exceptions, groups=each.groups
            )
        self._add_recent(scanned)
        return new

    def drop_tier(self, key: str) -> bool:
        """Give up a tier that is damaged: its objects are to be scanned again. False where there is no such tier."""
        kept = [directory for directory in self.tiers if directory.key != key]
        found = len(kept) < len(self.tiers)
        self.tiers = kept
        return found

    def _sizes(self) -> list[TierSize]:
        sizes = []
        for directory in self.tiers:
            pairs = list(zip(directory.objects, directory.rows, strict=True))
            gone = sum(rows for place, rows in pairs if place == GONE)
            sizes.append(TierSize(sum(directory.rows) - gone, gone))
        return sizes

    def _add_recent(self, scanned: Mapping[int, Scanned]) -> None:
        new: dict[str, list[Newest]] = {}
        for place, each in scanned.items():
            region = self.objects[place].part().partition.region
            newest = newest_of(each.tail, place, decode_page_table(each.table, each.object_rows))
            new.setdefault(region, []).append(newest)
        same = range(len(self.objects))
        regions = self.recent.keys() | new.keys()
        most = min(MOST_BYTES, _RECENT_BYTES // max(1, len(regions)))
        for region in regions:
            standing = [newest_in(self.recent[region], dict(enumerate(same)))] if region in self.recent else []
            self.recent[region] = join_newest([*standing, *new.get(region, [])], most)


def _order(each: RootObject) -> tuple[str, str, int, str]:
    part = each.part()
    return part.partition.date, part.partition.region, part.first, each.key


def _renumbered(directory: Directory, places: Mapping[int, int]) -> Directory:
    return msgspec.structs.replace(directory, objects=tuple(places.get(place, GONE) for place in directory.objects))
