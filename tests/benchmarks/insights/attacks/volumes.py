"""Volumes: when the calls of an attack come, and how many they are beside what is usual."""

from __future__ import annotations

from random import Random


def spread_over(random: Random, start: int, length: int, calls: int, in_bursts: bool = False) -> list[int]:
    """Minutes of calls, the first one at the start and the last one at the end of ``length`` minutes."""
    if in_bursts:
        centres = [random.uniform(0, length) for _ in range(random.choice((2, 3, 4)))]
        places = [random.choice(centres) + random.gauss(0, length / 25) for _ in range(calls)]
    else:
        places = [random.uniform(0, length) for _ in range(calls)]
    minutes = sorted(start + min(length - 1, max(0, int(place))) for place in places)
    if len(minutes) > 1:
        minutes[0], minutes[-1] = start, start + length - 1
    return minutes


def size(usual: float) -> str:
    """How much is usual at an attack's time, in words."""
    return "usually idle" if usual < 5 else "usually some calls" if usual < 60 else "usually busy"


def among(bursts: list[int], reached: int) -> str:
    """Whether there are, in four weeks, ten bursts of harmless calls that are larger."""
    return "smaller than its bursts" if len(bursts) >= 10 and bursts[-10] > reached else "larger than its bursts"


def rising(random: Random, start: int, peak: int, rate: float) -> list[int]:
    """Minutes of calls that double again and again until they reach a rate."""
    length = peak - start
    return [
        start + passed
        for passed in range(length)
        for _ in range(int(rate * 2 ** (-5 * (1 - passed / length)) + random.random()))
    ]
