"""Values → rows: one bucket of hashes in their order, each with the objects that hold the value, and the rows there.

A bucket, compressed, is a list for each of: the hashes, seven bytes each, all lowest bytes first, then all second
lowest; how many objects hold each; the objects, each from the one before; how many rows hold it there, doubled, and
one more where they are not listed; bytes of the rows beyond one for each; the rows, each from the one before. Numbers
but the hashes are varints.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import accumulate
from sys import byteorder

from trailkeep.index.frames import unpack
from trailkeep.index.keys import VALUE_BITS, bucket_of, value_hash
from trailkeep.index.varints import decode_varints, split_varints
from trailkeep.lake.damaged import Damaged

KEY_BYTES = VALUE_BITS // 8

DENSE = 64
"""A value that at least every so many rows of an object hold is everywhere in it: its rows there are not listed."""


def postings_place(bucket: int) -> str:
    """What a bucket's checksum knows of it."""
    return f"postings/{bucket}"


def value_bucket(column: str, value: str, bucket_bits: int) -> int:
    """The bucket that a value of a column would be in."""
    return bucket_of(value_hash(column, value), VALUE_BITS, bucket_bits)


@dataclass(frozen=True, slots=True)
class Run:
    """An object of the tier that holds a value: in how many rows, and in which ones unless it is dense there."""

    object: int
    count: int
    is_dense: bool
    _rows: bytes

    def at(self, place: int) -> "Run":
        """The same of an object by another number."""
        return replace(self, object=place)

    def rows(self) -> list[int]:
        """The rows, ascending; empty where it is dense. Raises :class:`Damaged`."""
        if self.is_dense:
            return []
        gaps, end = decode_varints(self._rows, 0, self.count)
        if end != len(self._rows):
            raise Damaged("rows of a value are left over")
        return list(accumulate(gaps))


def find_value(frame: bytes, column: str, value: str, bucket_bits: int) -> list[Run]:
    """The objects of a tier that hold a value, ascending; none that does is missing. Raises :class:`Damaged`."""
    wanted = value_hash(column, value)
    payload = unpack(frame, postings_place(bucket_of(wanted, VALUE_BITS, bucket_bits)))
    (count, run_count), at = decode_varints(payload, 0, 2)
    keys = _keys(payload[at : at + count * KEY_BYTES], count)
    number = bisect_left(keys, wanted)
    if number == count or keys[number] != wanted:
        return []
    (runs_of, gaps, counts, more), at = split_varints(
        payload, at + count * KEY_BYTES, count, run_count, run_count, run_count
    )
    first = sum(runs_of[:number])
    last = first + runs_of[number]
    at += sum(_length(counts[run], more[run]) for run in range(first))
    found = []
    for run, place in zip(range(first, last), accumulate(gaps[first:last]), strict=True):
        end = at + _length(counts[run], more[run])
        found.append(Run(place, counts[run] >> 1, bool(counts[run] & 1), payload[at:end]))
        at = end
    if at > len(payload):
        raise Damaged("rows of a value are missing")
    return found


def _length(count: int, more: int) -> int:
    """The bytes that a run's rows take."""
    return 0 if count & 1 else (count >> 1) + more


def _keys(planes: bytes, count: int) -> "array[int]":
    """The hashes of a bucket."""
    if len(planes) != count * KEY_BYTES:
        raise Damaged("a bucket of postings ends early")
    spread = bytearray(8 * count)
    for plane in range(KEY_BYTES):
        spread[plane::8] = planes[plane * count : (plane + 1) * count]
    keys = array("Q")
    keys.frombytes(spread)
    if byteorder == "big":
        keys.byteswap()
    return keys
