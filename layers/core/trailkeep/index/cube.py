"""Counts: for one column the values of a tier, how often each comes, and how often in each object.

Totals: how many values there are, the length of each, how often each comes, and the values one after another in the
order of their bytes. Details: for each object how many values it has, and how many bytes tell of them: which values,
each from the one before, then how often each comes. Numbers are varints.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate, pairwise

from trailkeep.index.frames import unpack
from trailkeep.index.varints import decode_varint, split_varints
from trailkeep.lake.damaged import Damaged

MOST_VALUES = 20_000
MOST_COUNTS = 4_000_000
"""A column with more values in a tier, or more counts of one in one object, is not counted there."""


@dataclass(frozen=True, slots=True)
class CubeBytes:
    """A column's counts as they are stored: totals alone, and behind them what belongs to each object."""

    totals: bytes
    details: bytes


def totals_place(column: str) -> str:
    """What the checksum of a column's totals knows of it."""
    return f"cube/{column}/totals"


def details_place(column: str) -> str:
    """What the checksum of a column's details knows of it."""
    return f"cube/{column}/details"


def decode_totals(frame: bytes, column: str) -> dict[str, int]:
    """In how many rows of the tier each value of a column is. Raises :class:`Damaged`."""
    payload = unpack(frame, totals_place(column))
    count, at = decode_varint(payload, 0)
    (lengths, sums), at = split_varints(payload, at, count, count)
    ends = list(accumulate(lengths, initial=at))
    if ends[-1] != len(payload):
        raise Damaged(f"values of {column} are missing")
    try:
        values = [payload[start:end].decode() for start, end in pairwise(ends)]
    except UnicodeDecodeError:
        raise Damaged(f"values of {column} are no texts") from None
    return dict(zip(values, sums, strict=True))


@dataclass(frozen=True, slots=True)
class Cube:
    """The counts of a column: ``totals`` of all objects of the tier, and of each by its place in the tier."""

    totals: dict[str, int]
    _values: tuple[str, ...]
    _details: tuple[tuple[int, bytes], ...]

    def of(self, number: int) -> dict[str, int]:
        """In how many rows of an object each value is, where it is in any. Raises :class:`Damaged`."""
        count, details = self._details[number]
        (gaps, counts), _ = split_varints(details, 0, count, count)
        try:
            return {self._values[code]: times for code, times in zip(accumulate(gaps), counts, strict=True)}
        except IndexError:
            raise Damaged("counts are of a value that is none of their column's") from None

    def among(self, numbers: Collection[int]) -> dict[str, int]:
        """In how many rows of some objects each value is, where it is in any. Raises :class:`Damaged`."""
        chosen = frozenset(numbers)
        others = frozenset(range(len(self._details))) - chosen
        is_few = len(chosen) <= len(others)
        sums: dict[str, int] = {} if is_few else dict(self.totals)
        for number in chosen if is_few else others:
            for value, count in self.of(number).items():
                sums[value] = sums.get(value, 0) + (count if is_few else -count)
        return {value: count for value, count in sums.items() if count}


def decode_cube(cube: CubeBytes, column: str, objects: int) -> Cube:
    """The counts of a column in a tier of so many objects. Raises :class:`Damaged`."""
    totals = decode_totals(cube.totals, column)
    payload = unpack(cube.details, details_place(column))
    (counts, lengths), at = split_varints(payload, 0, objects, objects)
    ends = list(accumulate(lengths, initial=at))
    if ends[-1] != len(payload):
        raise Damaged(f"counts of {column} are missing")
    details = (payload[start:end] for start, end in pairwise(ends))
    return Cube(totals, tuple(totals), tuple(zip(counts, details, strict=True)))
