"""Varints and slices by the million, for building: the same numbers as in ``varints``, whole arrays at once."""

import numpy as np
import numpy.typing as npt

from trailkeep.lake.damaged import Damaged

Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_MOST_BYTES = 9


def encode_numbers(values: Numbers) -> tuple[Bytes, Numbers]:
    """Varints of numbers of 0 or more, one after another, and how many bytes each takes."""
    lengths = np.ones(len(values), np.int64)
    for count in range(1, _MOST_BYTES):
        longer = values >= 1 << 7 * count
        if not longer.any():
            break
        lengths += longer
    starts = np.cumsum(lengths) - lengths
    out = np.zeros(int(lengths.sum()), np.uint8)
    for place in range(int(lengths.max(initial=0))):
        chosen = lengths > place
        part = values[chosen] >> 7 * place & 127
        out[starts[chosen] + place] = part | (lengths[chosen] > place + 1).astype(np.int64) << 7
    return out, lengths


def decode_numbers(data: Bytes, at: int, count: int) -> tuple[Numbers, int]:
    """``count`` varints from the byte ``at`` on, and where the byte behind them is. Raises :class:`Damaged`."""
    rest = data[at:]
    ends = np.flatnonzero(rest < 128)[:count]
    if len(ends) < count:
        raise Damaged("numbers are missing at the end")
    if not count:
        return np.zeros(0, np.int64), at
    starts = np.empty(count, np.int64)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    lengths = ends - starts + 1
    longest = int(lengths.max())
    if longest > _MOST_BYTES:
        raise Damaged("a number is too long")
    values = np.zeros(count, np.int64)
    for place in range(longest):
        chosen = lengths > place
        values[chosen] |= (rest[starts[chosen] + place].astype(np.int64) & 127) << 7 * place
    return values, at + int(ends[-1]) + 1


def first_of(lengths: Numbers) -> Numbers:
    """Where pieces of these lengths start that stand one behind the other."""
    return np.cumsum(lengths) - lengths


def slices(data: Bytes, starts: Numbers, lengths: Numbers) -> Bytes:
    """Pieces of ``data``, one behind the other in the order given."""
    return data[np.repeat(starts - first_of(lengths), lengths) + np.arange(int(lengths.sum()))]


def gaps_within(values: Numbers, lengths: Numbers) -> Numbers:
    """For consecutive groups of these lengths: each value less the one before it in its group, the first as it is."""
    gaps = np.diff(values, prepend=0)
    heads = first_of(lengths)[lengths > 0]
    gaps[heads] = values[heads]
    return gaps


def sums_within(gaps: Numbers, lengths: Numbers) -> Numbers:
    """The opposite of :func:`gaps_within`."""
    sums = np.cumsum(gaps)
    before = first_of(lengths)
    return sums - np.repeat(np.where(before > 0, sums[np.maximum(before, 1) - 1], 0), lengths) if len(gaps) else sums


def buffer(data: bytes | bytearray) -> Bytes:
    """Bytes as an array."""
    return np.frombuffer(data, np.uint8)
