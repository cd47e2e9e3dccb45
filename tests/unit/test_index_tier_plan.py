"""Which tiers are merged: a lookup never has many to ask, and a merge always ends in fewer or better ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trailkeep.index.tier_plan import MOST_GONE, MOST_ROWS, SMALL_ROWS, TierSize, tiers_to_merge

MILLION = 1_000_000


def grown(days: int, rows: int) -> list[TierSize]:
    """The tiers of a lake that got so many rows on each of so many days."""
    tiers: list[TierSize] = []
    for _ in range(days):
        tiers = merged(tiers, rows)
    return tiers


def merged(tiers: list[TierSize], new_rows: int) -> list[TierSize]:
    chosen = tiers_to_merge(tiers, new_rows)
    if not chosen and not new_rows:
        return tiers
    one = TierSize(new_rows + sum(tiers[number].standing for number in chosen), 0)
    return [tier for number, tier in enumerate(tiers) if number not in chosen] + [one]


def test_a_lake_of_a_quarter_or_of_a_year_has_two_tiers_at_most() -> None:
    for days in range(1, 366):
        assert len(grown(days, 50_000)) <= 2, days


def test_a_large_lake_has_few_and_none_grows_beyond_memory() -> None:
    tiers = grown(90, 2 * MILLION)

    assert len(tiers) <= 180 // 12 + 2
    assert max(tier.standing for tier in tiers) <= MOST_ROWS


def test_with_nothing_new_nothing_is_done() -> None:
    assert tiers_to_merge([TierSize(20 * MILLION, 0), TierSize(MILLION, 1000)], 0) == set()
    assert tiers_to_merge([], 0) == set()


def test_a_tier_of_which_much_is_gone_is_written_anew() -> None:
    assert tiers_to_merge([TierSize(10 * MILLION, 6 * MILLION), TierSize(MILLION, 0)], 0) == {0}
    assert tiers_to_merge([TierSize(MILLION, 600_000)], 0) == {0}


sizes = st.builds(TierSize, st.integers(0, MOST_ROWS), st.integers(0, MOST_ROWS))


@given(st.lists(sizes, max_size=8), st.integers(0, 3 * MILLION))
def test_merging_comes_to_an_end(tiers: list[TierSize], new_rows: int) -> None:
    tiers = [tier for tier in tiers if tier.standing]
    for _ in range(20):
        after = merged(tiers, new_rows)
        new_rows = 0
        if after == tiers:
            break
        tiers = after
    assert not tiers_to_merge(tiers, 0)
    assert sum(tier.standing < SMALL_ROWS for tier in tiers) <= 1
    assert not any(tier.gone * MOST_GONE > tier.standing + tier.gone for tier in tiers)
    assert max((tier.standing for tier in tiers), default=0) <= MOST_ROWS + 3 * MILLION + 8 * SMALL_ROWS
