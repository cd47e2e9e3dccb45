"""Chance: counts, sizes and choices as they are in accounts, skewed and noisy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import exp
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def count(random: Random, mean: float) -> int:
    """A count of independent calls: Poisson, for large means its normal approximation."""
    if mean > 12:
        return max(0, round(random.gauss(mean, mean**0.5)))
    limit, product, found = exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        found += 1
    return found


def spread(random: Random, factor: float = 0.3) -> float:
    """A factor around one, as sizes vary from day to day."""
    return exp(random.gauss(0, factor))


class Liking(Generic[T]):
    """A choice of things of which some are taken far more often than others (Zipf)."""

    def __init__(self, things: Sequence[T], random: Random, power: float = 1.0) -> None:
        shuffled = list(things)
        random.shuffle(shuffled)
        self.things = shuffled
        self._weights = list(accumulate(1 / (rank + 2) ** power for rank in range(len(shuffled))))

    def take(self, random: Random, number: int = 1) -> list[T]:
        """Some of the things, the liked ones more often."""
        return random.choices(self.things, cum_weights=self._weights, k=number)


def letters(random: Random, number: int) -> str:
    """Capital letters and digits, as keys and IDs are made of."""
    return "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=number))
