"""Which tiers are merged with what is new: few enough that a lookup asks each, seldom enough to cost little."""

from collections.abc import Sequence
from dataclasses import dataclass

SMALL_ROWS = 4_000_000
"""Below this a tier is written anew with everything that comes: a few dozen megabytes, some times a day."""

MOST_ROWS = 24_000_000
"""A tier grows no larger by merging, which so fits in a function's memory."""

MOST_GONE = 3
"""A tier is written anew when more than one in so many of its rows is of an object that is gone."""


@dataclass(frozen=True, slots=True)
class TierSize:
    """Rows of a tier: those of objects that stand, and of those that are gone."""

    standing: int
    gone: int

    @property
    def is_wasteful(self) -> bool:
        """Whether too many rows are gone."""
        return self.gone * MOST_GONE > self.standing + self.gone


def tiers_to_merge(tiers: Sequence[TierSize], new_rows: int) -> set[int]:
    """The numbers of the tiers that become one with ``new_rows`` new rows, which may be none.

    All small ones, and once they are no longer small together, the smallest large ones that there is room for.
    """
    small = {number for number, tier in enumerate(tiers) if 0 < tier.standing < SMALL_ROWS}
    is_wanted = new_rows > 0 or len(small) > 1 or any(tiers[number].is_wasteful for number in small)
    merged = small if is_wanted else set()
    rows = new_rows + sum(tiers[number].standing for number in merged)
    large = sorted((tier.standing, number) for number, tier in enumerate(tiers) if tier.standing >= SMALL_ROWS)
    for standing, number in large:
        if (rows >= SMALL_ROWS or tiers[number].is_wasteful) and rows + standing <= MOST_ROWS:
            merged.add(number)
            rows += standing
    return merged
