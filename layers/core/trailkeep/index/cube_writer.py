"""Counts, for building: by value and object as arrays, into their stored form and out of it again. See ``cube``."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trailkeep.index.arrays import Numbers, buffer, decode_numbers, gaps_within, sums_within
from trailkeep.index.cube import MOST_COUNTS, MOST_VALUES, CubeBytes, decode_totals, details_place, totals_place
from trailkeep.index.frames import pack, unpack
from trailkeep.index.varints import encode_varints
from trailkeep.lake.damaged import Damaged


@dataclass(frozen=True, slots=True)
class Counts:
    """For one column: ``values``, and how often each (by its place among them) is in which object."""

    values: Sequence[str]
    codes: Numbers
    objects: Numbers
    counts: Numbers

    def renumbered(self, objects: Numbers) -> "Counts":
        """The same of other objects: ``objects`` has the new number for each old one, below 0 for one left out."""
        new = objects[self.objects]
        kept = new >= 0
        return Counts(self.values, self.codes[kept], new[kept], self.counts[kept])


def join_counts(parts: Sequence[Counts]) -> Counts | None:
    """All together, by object, values in the order of their bytes; None where they are too many."""
    if sum(len(part.codes) for part in parts) > MOST_COUNTS:
        return None
    present = {part.values[code] for part in parts for code in np.unique(part.codes).tolist()}
    if len(present) > MOST_VALUES:
        return None
    values = sorted(present, key=str.encode)
    numbers = {value: number for number, value in enumerate(values)}
    nothing = np.zeros(0, np.int64)
    codes = [np.array([numbers.get(v, -1) for v in part.values], np.int64)[part.codes] for part in parts]
    code = np.concatenate([nothing, *codes])
    place = np.concatenate([nothing, *[part.objects for part in parts]])
    count = np.concatenate([nothing, *[part.counts for part in parts]])
    order = np.lexsort((code, place))
    return Counts(values, code[order], place[order], count[order])


def encode_cube(column: str, counts: Counts, objects: int) -> CubeBytes:
    """The stored form of counts as :func:`join_counts` gives them, in a tier of so many objects."""
    texts = [value.encode() for value in counts.values]
    sums = np.bincount(counts.codes, weights=counts.counts, minlength=len(texts)).astype(np.int64)
    totals = encode_varints([len(texts), *map(len, texts), *sums.tolist()]) + b"".join(texts)
    numbers = np.bincount(counts.objects, minlength=objects).astype(np.int64)
    ends = np.append(0, np.cumsum(numbers)).tolist()
    gaps = gaps_within(counts.codes, numbers)
    details = [
        encode_varints([*gaps[start:end].tolist(), *counts.counts[start:end].tolist()]) for start, end in pairwise(ends)
    ]
    head = encode_varints([*numbers.tolist(), *map(len, details)])
    return CubeBytes(pack(totals, totals_place(column)), pack(head + b"".join(details), details_place(column)))


def decode_counts(cube: CubeBytes, column: str, objects: int) -> Counts:
    """The counts in their stored form. Raises :class:`Damaged`."""
    values = list(decode_totals(cube.totals, column))
    payload = buffer(unpack(cube.details, details_place(column)))
    numbers, at = decode_numbers(payload, 0, objects)
    _, at = decode_numbers(payload, at, objects)
    pairs, at = decode_numbers(payload, at, 2 * int(numbers.sum()))
    if at != len(payload):
        raise Damaged(f"counts of {column} are left over")
    # Of each object first which values, then how often.
    is_code = np.repeat(np.tile([True, False], objects), np.repeat(numbers, 2))
    codes = sums_within(pairs[is_code], numbers)
    if len(codes) and int(codes.max()) >= len(values):
        raise Damaged(f"counts of {column} are of a value that is none of its own")
    return Counts(values, codes, np.repeat(np.arange(objects), numbers), pairs[~is_code])
