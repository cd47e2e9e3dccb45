"""Filters → rows: what the index knows of where a question's answers can be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trailkeep.index.keys import POSTED
from trailkeep.index.page_table import PageTable
from trailkeep.index.root import Root
from trailkeep.index.tier import Tier
from trailkeep.lake.coalesced import read_ranges
from trailkeep.lake.parts import Reading
from trailkeep.lake.storage import Bucket, Range
from trailkeep.lookup.filters import Filter

_EVENT_ID = ("event_id",)
MOST_KEYS = 8
"""Values of one filter that are looked up; a filter with more is compared row by row."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Rows of an object that may be an answer, these or with None any; about ``share`` of them are."""

    rows: frozenset[int] | None = None
    share: float = 1.0

    def either(self, other: "Choice") -> "Choice":
        """Rows of one or the other."""
        if self.rows is None or other.rows is None:
            return Choice(None, min(1.0, sum(each.share for each in (self, other) if each.rows is None)))
        return Choice(self.rows | other.rows)

    def both(self, other: "Choice") -> "Choice":
        """Rows of the one that are rows of the other as well."""
        if self.rows is not None and other.rows is not None:
            return Choice(self.rows & other.rows, min(self.share, other.share))
        return Choice(other.rows if self.rows is None else self.rows, self.share * other.share)


@dataclass(slots=True)
class Narrowed:
    """By an object's number in the root, the rows that may be an answer; and the page tables as they were read."""

    choices: dict[int, Choice] = field(default_factory=dict)
    frames: dict[int, tuple[Tier, bytes]] = field(default_factory=dict)

    def table(self, place: int) -> PageTable | None:
        """The page table of an object; None where it was not read. Raises :class:`Damaged`."""
        if place not in self.frames:
            return None
        tier, frame = self.frames[place]
        return tier.page_table(frame, place)


def is_looked_up(condition: Filter) -> bool:
    """Whether the index can say which rows a filter lets through."""
    if condition.excludes or condition.networks or len(condition.values) * len(condition.columns) > MOST_KEYS:
        return False
    return condition.columns == _EVENT_ID or all(column in POSTED for column in condition.columns)


def narrow(
    bucket: Bucket, root: Root, places: Iterable[int], filters: Sequence[Filter], with_tables: bool, reading: Reading
) -> Narrowed:
    """What the index says of some objects, in one round of requests. Raises :class:`Damaged`."""
    wanted = frozenset(places)
    tiers = [tier for tier in root.tiers if any(tier.holds(place) for place in wanted)]
    looked_up = [condition for condition in filters if is_looked_up(condition)]
    ranges: list[Range] = []
    for tier in tiers:
        for condition in looked_up:
            ranges += [_range(tier, column, value) for column in condition.columns for value in condition.values]
        if with_tables:
            ranges += [tier.page_table_range(place) for place in wanted if tier.holds(place)]
    bodies, requests, size = read_ranges(bucket, ranges)
    reading.objects += requests
    reading.bytes += size
    narrowed = Narrowed()
    for tier in tiers:
        covered = [place for place in wanted if tier.holds(place)]
        found = {place: Choice() for place in covered}
        for condition in looked_up:
            allowed = _choices(root, tier, condition, bodies)
            found = {place: choice.both(allowed[place]) for place, choice in found.items() if place in allowed}
        narrowed.choices |= {place: choice for place, choice in found.items() if choice.rows is None or choice.rows}
        if with_tables:
            for place in covered:
                narrowed.frames[place] = (tier, bodies[tier.page_table_range(place)])
    return narrowed


def _range(tier: Tier, column: str, value: str) -> Range:
    return tier.ids_range(value) if column == _EVENT_ID[0] else tier.postings_range(column, value)


def _choices(root: Root, tier: Tier, condition: Filter, bodies: Mapping[Range, bytes]) -> dict[int, Choice]:
    """The rows that have one of a filter's values in one of its columns, by object."""
    found: dict[int, Choice] = {}
    for column in condition.columns:
        for value in condition.values:
            frame = bodies[_range(tier, column, value)]
            for place, choice in _choices_of(root, tier, frame, column, value):
                found[place] = found[place].either(choice) if place in found else choice
    return found


def _choices_of(root: Root, tier: Tier, frame: bytes, column: str, value: str) -> Iterable[tuple[int, Choice]]:
    if column == _EVENT_ID[0]:
        for place, row in tier.find_id(frame, value):
            yield place, Choice(frozenset({row}))
        return
    for run in tier.find_value(frame, column, value):
        if run.is_dense:
            yield run.object, Choice(None, run.count / root.objects[run.object].rows)
        else:
            yield run.object, Choice(frozenset(run.rows()))
