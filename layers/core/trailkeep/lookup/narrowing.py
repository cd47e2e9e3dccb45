"""Filters → rows: what the index knows of where a question's answers can be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trailkeep.index.keys import COUNTED, POSTED, spelled
from trailkeep.index.page_table import PageTable
from trailkeep.index.root import Root
from trailkeep.index.tier import Tier
from trailkeep.lake.coalesced import read_ranges
from trailkeep.lake.parts import Reading
from trailkeep.lake.storage import Bucket, Range
from trailkeep.lookup.filters import Filter

_EVENT_ID = "event_id"

MOST_KEYS = 8
"""Values of one filter that are looked up just so: of more it is asked first which of them there are."""

MOST_PRESENT = 64
"""Values that are there and are looked up; a filter with more is compared row by row."""

Pairs = tuple[tuple[str, str], ...]


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
    """By an object's number in the root, the rows that may be an answer; and the page tables as they were read.

    ``compared`` are the objects where a filter that lets only some rows through has to be compared row by row.
    """

    choices: dict[int, Choice] = field(default_factory=dict)
    frames: dict[int, tuple[Tier, bytes]] = field(default_factory=dict)
    compared: set[int] = field(default_factory=set)

    def table(self, place: int) -> PageTable | None:
        """The page table of an object; None where it was not read. Raises :class:`Damaged`."""
        if place not in self.frames:
            return None
        tier, frame = self.frames[place]
        return tier.page_table(frame, place)


def is_looked_up(condition: Filter) -> bool:
    """Whether the index can say which rows a filter lets through, or at least where it lets none through."""
    keys = condition.keys
    if keys is None:
        return False
    columns = {column for column, _ in keys.pairs}
    if len(keys.pairs) > MOST_KEYS:
        return columns <= set(COUNTED)
    return columns == {_EVENT_ID} or columns <= POSTED.keys()


def is_by_id(condition: Filter) -> bool:
    """Whether a filter asks for events by their IDs."""
    return condition.columns == (_EVENT_ID,)


def narrow(
    bucket: Bucket, root: Root, places: Iterable[int], filters: Sequence[Filter], with_tables: bool, reading: Reading
) -> Narrowed:
    """What the index says of some objects, in one round of requests; two for a filter of many values.

    Raises :class:`Damaged`.
    """
    wanted = frozenset(places)
    tiers = [tier for tier in root.tiers if any(tier.holds(place) for place in wanted)]
    looked_up = [condition for condition in filters if is_looked_up(condition)]
    present = _present(bucket, tiers, looked_up, reading)
    ranges = [
        _range(tier, *pair) for tier, pairs in zip(tiers, present, strict=True) for p in pairs.values() for pair in p
    ]
    if with_tables:
        ranges += [tier.page_table_range(place) for tier in tiers for place in wanted if tier.holds(place)]
    bodies = _read(bucket, ranges, reading)
    narrowed = Narrowed()
    for tier, pairs in zip(tiers, present, strict=True):
        covered = [place for place in wanted if tier.holds(place)]
        found = {place: Choice() for place in covered}
        for own in pairs.values():
            allowed = _choices(root, tier, own, bodies)
            found = {place: choice.both(allowed[place]) for place, choice in found.items() if place in allowed}
        narrowed.choices |= {place: choice for place, choice in found.items() if choice.rows is None or choice.rows}
        if not all(each.is_broad or each in pairs for each in filters):
            narrowed.compared.update(covered)
        if with_tables:
            for place in covered:
                narrowed.frames[place] = (tier, bodies[tier.page_table_range(place)])
    return narrowed


def _present(
    bucket: Bucket, tiers: Sequence[Tier], looked_up: Sequence[Filter], reading: Reading
) -> list[dict[Filter, Pairs]]:
    """For each tier what to look up there by filter; a filter is missing that has too much to look up there."""
    pairs = {each: each.keys.pairs for each in looked_up if each.keys is not None}
    columns = {column for own in pairs.values() if len(own) > MOST_KEYS for column, _ in own}
    counted = {
        (tier.key, column): tier.totals_range(column) for tier in tiers for column in columns if tier.counts(column)
    }
    bodies = _read(bucket, list(counted.values()), reading)
    found: list[dict[Filter, Pairs]] = []
    for tier in tiers:
        there = {
            column: {spelled(column, value) for value in tier.totals(bodies[counted[tier.key, column]], column)}
            for column in columns
            if (tier.key, column) in counted
        }
        kept: dict[Filter, Pairs] = {}
        for condition, own in pairs.items():
            if len(own) > MOST_KEYS:
                own = tuple(pair for pair in own if pair[0] not in there or spelled(*pair) in there[pair[0]])
            if len(own) <= MOST_PRESENT:
                kept[condition] = own
        found.append(kept)
    return found


def _read(bucket: Bucket, ranges: list[Range], reading: Reading) -> dict[Range, bytes]:
    bodies, requests, size = read_ranges(bucket, ranges) if ranges else ({}, 0, 0)
    reading.objects += requests
    reading.bytes += size
    return bodies


def _range(tier: Tier, column: str, value: str) -> Range:
    return tier.ids_range(value) if column == _EVENT_ID else tier.postings_range(column, value)


def _choices(root: Root, tier: Tier, pairs: Pairs, bodies: Mapping[Range, bytes]) -> dict[int, Choice]:
    """The rows that have one of some values in its column, by object."""
    found: dict[int, Choice] = {}
    for column, value in pairs:
        for place, choice in _choices_of(root, tier, bodies[_range(tier, column, value)], column, value):
            found[place] = found[place].either(choice) if place in found else choice
    return found


def _choices_of(root: Root, tier: Tier, frame: bytes, column: str, value: str) -> Iterable[tuple[int, Choice]]:
    if column == _EVENT_ID:
        for place, row in tier.find_id(frame, value):
            yield place, Choice(frozenset({row}))
        return
    for run in tier.find_value(frame, column, value):
        if run.is_dense:
            yield run.object, Choice(None, run.count / root.objects[run.object].rows)
        else:
            yield run.object, Choice(frozenset(run.rows()))
