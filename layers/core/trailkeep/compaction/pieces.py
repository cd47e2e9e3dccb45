"""What has to be written anew for some fresh rows: as few compacted objects as keep their order, and no small ones.

Compacted objects stand one after another in time. A piece is a stretch of them that is written anew together with the
fresh rows of that stretch: those that rows fall into, and the undersized ones beside them. All others stay untouched.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.lake.manifest import Compacted
from trailkeep.lake.partitions import Part

TARGET_BYTES = 64 << 20
"""Large enough that a day has few objects, small enough to be written anew for a few late events."""

UNDERSIZED_BYTES = TARGET_BYTES // 2
"""Smaller objects are merged with their neighbours."""

MAX_OBJECTS = 8
"""Objects of one piece: some minutes of work, after which the manifest tells what is done."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Compacted objects in their order, and the fresh rows from ``start`` to ``end``, excluded, that belong there."""

    objects: tuple[Compacted, ...]
    start: int
    end: int


def pieces(objects: Sequence[Compacted], times: Sequence[int]) -> list[Piece]:
    """The pieces for fresh rows with these event times, ascending, among objects in the order of time.

    Together they take in every fresh row once. An object that older code wrote belongs to a piece, too.
    """
    found: list[Piece] = []
    stretch: list[Compacted] = []
    start = 0
    for each in (*objects, None):
        if each is not None and not _stays(each, times):
            stretch.append(each)
            continue
        end = len(times) if each is None else bisect_left(times, each.first)
        found += _bounded(stretch, times, start, end)
        stretch, start = [], end
    return found


def overlapping(objects: Iterable[Compacted], part: Part | None) -> tuple[Compacted, ...]:
    """The objects that may hold an event of a time that ``part`` has, too."""
    return tuple(each for each in objects if part and each.first <= part.last and each.last >= part.first)


def parts_of(rows: int, size: int) -> int:
    """How many objects ``rows`` rows of some ``size`` bytes make."""
    return max(1, min(rows, round(size / TARGET_BYTES)))


def is_outdated(each: Compacted) -> bool:
    """Whether older code read or masked its rows."""
    return each.normaliser_version < NORMALISER_VERSION or each.mask_version < MASK_VERSION


def _stays(each: Compacted, times: Sequence[int]) -> bool:
    """Whether an object separates pieces: of good size, of today's code, and without fresh rows in its time."""
    at = bisect_left(times, each.first)
    is_touched = at < len(times) and times[at] <= each.last
    return not (is_touched or each.bytes < UNDERSIZED_BYTES or is_outdated(each))


def _bounded(stretch: Sequence[Compacted], times: Sequence[int], start: int, end: int) -> Iterator[Piece]:
    """A stretch as pieces of a bounded number of objects, cut only between different times."""
    group: list[Compacted] = []
    for each in stretch:
        if len(group) >= MAX_OBJECTS and group[-1].last < each.first:
            cut = bisect_left(times, each.first, start, end)
            yield from _worthwhile(group, start, cut)
            group, start = [], cut
        group.append(each)
    yield from _worthwhile(group, start, end)


def _worthwhile(group: Sequence[Compacted], start: int, end: int) -> Iterator[Piece]:
    """The piece, unless it would only write the same objects again."""
    becomes = parts_of(sum(each.rows for each in group), sum(each.bytes for each in group))
    if start < end or becomes < len(group) or any(map(is_outdated, group)):
        yield Piece(tuple(group), start, end)
