"""Postings, for building: runs as arrays, into buckets and out of them again. See ``postings``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from trailkeep.index.arrays import (
    Bytes,
    Flags,
    Hashes,
    Numbers,
    buffer,
    decode_numbers,
    encode_numbers,
    first_of,
    gaps_within,
    slices,
    sums_within,
)
from trailkeep.index.frames import pack, unpack
from trailkeep.index.keys import POSTED, VALUE_BITS, value_digest
from trailkeep.index.postings import DENSE, KEY_BYTES, postings_place
from trailkeep.index.varints import encode_varints
from trailkeep.lake.damaged import Damaged

_BUCKET_ROWS = 2048
_MOST_BITS = 12


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs in the order of their keys and objects. ``starts`` and ``lengths`` say where in ``data`` their rows are."""

    keys: Hashes
    objects: Numbers
    counts: Numbers
    dense: Flags
    starts: Numbers
    lengths: Numbers
    data: Bytes

    def between(self, start: int, end: int) -> "Runs":
        """Those with keys from ``start`` to before ``end``."""
        low, high = np.searchsorted(self.keys, np.array([start, end], np.uint64))
        return self.chosen(slice(int(low), int(high)))

    def chosen(self, which: "slice | Numbers | Flags") -> "Runs":
        """Some of them, in the order given."""
        return Runs(
            self.keys[which],
            self.objects[which],
            self.counts[which],
            self.dense[which],
            self.starts[which],
            self.lengths[which],
            self.data,
        )

    def renumbered(self, objects: Numbers) -> "Runs":
        """The same of other objects: ``objects`` has the new number for each old one, below 0 for one left out."""
        new = objects[self.objects]
        kept = self.chosen(new >= 0)
        return Runs(kept.keys, new[new >= 0], kept.counts, kept.dense, kept.starts, kept.lengths, kept.data)


def posting_bits(rows: int) -> int:
    """How many buckets a tier of so many rows has, as a power of two: they take some ten kilobytes each."""
    return min(_MOST_BITS, max(0, (rows // _BUCKET_ROWS).bit_length()))


def runs_of_column(column: str, values: pa.Array, codes: Numbers, rows: Numbers, object_rows: int) -> Runs:
    """The runs of one column of one object: ``codes`` say which of ``values`` each of the ascending ``rows`` holds."""
    number = bytes((POSTED[column],))
    texts = values.cast(pa.binary()).to_pylist()
    digests = b"".join([value_digest(number + text).digest() for text in texts])
    keys = np.frombuffer(digests, "<u8").astype(np.uint64) & np.uint64((1 << VALUE_BITS) - 1)
    counts = np.bincount(codes, minlength=len(texts)).astype(np.int64)
    dense = counts * DENSE >= object_rows
    by_value = np.argsort(codes, kind="stable")
    gaps = gaps_within(rows[by_value], counts)
    listed = ~np.repeat(dense, counts)
    data, sizes = encode_numbers(gaps[listed])
    lengths = np.bincount(codes[by_value][listed], weights=sizes, minlength=len(texts)).astype(np.int64)
    runs = Runs(keys, np.zeros(len(keys), np.int64), counts, dense, first_of(lengths), lengths, data)
    return runs.chosen(counts > 0)


def joined(parts: Sequence[Runs]) -> Runs:
    """All runs together, in order.

    Two of one key in one object, of values whose hashes are equal, become a dense one: its rows are not listed, so that
    none is missing.
    """
    offsets = first_of(np.array([len(part.data) for part in parts], np.int64))
    together = Runs(
        np.concatenate([np.zeros(0, np.uint64), *[part.keys for part in parts]]),
        np.concatenate([np.zeros(0, np.int64), *[part.objects for part in parts]]),
        np.concatenate([np.zeros(0, np.int64), *[part.counts for part in parts]]),
        np.concatenate([np.zeros(0, np.bool_), *[part.dense for part in parts]]),
        np.concatenate([np.zeros(0, np.int64), *[p.starts + offset for p, offset in zip(parts, offsets, strict=True)]]),
        np.concatenate([np.zeros(0, np.int64), *[part.lengths for part in parts]]),
        np.concatenate([np.zeros(0, np.uint8), *[part.data for part in parts]]),
    )
    ordered = together.chosen(np.lexsort((together.objects, together.keys)))
    again = (np.diff(ordered.keys) == 0) & (np.diff(ordered.objects) == 0)
    return _without_twins(ordered, again) if again.any() else ordered


def _without_twins(runs: Runs, again: Flags) -> Runs:
    heads = np.flatnonzero(np.concatenate([[True], ~again]))
    sizes = np.diff(np.append(heads, len(runs.keys)))
    first = runs.chosen(heads)
    counts = np.add.reduceat(runs.counts, heads)
    dense = first.dense | (sizes > 1)
    return Runs(first.keys, first.objects, counts, dense, first.starts, np.where(dense, 0, first.lengths), first.data)


def encode_postings(runs: Runs, bits: int, first: int, last: int) -> Iterator[bytes]:
    """The buckets from ``first`` to before ``last``, for runs in order of which none lies outside them."""
    bounds = np.searchsorted(runs.keys, np.arange(first, last + 1, dtype=np.uint64) << np.uint64(VALUE_BITS - bits))
    is_head = np.append(True, np.diff(runs.keys) != 0)[: len(runs.keys)]
    heads = np.append(np.flatnonzero(is_head), len(runs.keys))
    runs_of = np.diff(heads)
    planes = np.ascontiguousarray(runs.keys[heads[:-1]].astype("<u8")).view(np.uint8).reshape(-1, 8)
    counts = np.where(runs.dense, runs.counts << 1 | 1, runs.counts << 1)
    more = np.where(runs.dense, 0, runs.lengths - runs.counts)
    columns = [encode_numbers(values) for values in (gaps_within(runs.objects, runs_of), counts, more)]
    ends = [np.append(0, np.cumsum(lengths)) for _, lengths in columns]
    head_data, head_lengths = encode_numbers(runs_of)
    head_ends = np.append(0, np.cumsum(head_lengths))
    head_bounds = np.searchsorted(heads[:-1], bounds)
    for bucket in range(first, last):
        low, high = bounds[bucket - first], bounds[bucket - first + 1]
        head_low, head_high = head_bounds[bucket - first], head_bounds[bucket - first + 1]
        payload = b"".join(
            (
                encode_varints((int(head_high - head_low), int(high - low))),
                planes[head_low:head_high, :KEY_BYTES].T.tobytes(),
                head_data[head_ends[head_low] : head_ends[head_high]].tobytes(),
                *(data[own[low] : own[high]].tobytes() for (data, _), own in zip(columns, ends, strict=True)),
                slices(runs.data, runs.starts[low:high], runs.lengths[low:high]).tobytes(),
            )
        )
        yield pack(payload, postings_place(bucket))


def decode_postings(frames: bytes, lengths: Numbers, first: int) -> Runs:
    """The runs of consecutive buckets, ``first`` and those behind it. Raises :class:`Damaged`."""
    found = []
    for bucket, (start, length) in enumerate(zip(first_of(lengths).tolist(), lengths.tolist(), strict=True), first):
        place = postings_place(bucket)
        found.append(_decode_bucket(buffer(unpack(frames[start : start + length], place)), place))
    return joined(found)


def _decode_bucket(payload: Bytes, place: str) -> Runs:
    head, at = decode_numbers(payload, 0, 2)
    count, run_count = head.tolist()
    planes = payload[at : at + count * KEY_BYTES]
    if len(planes) < count * KEY_BYTES:
        raise Damaged(f"{place} ends early")
    wide = np.zeros((count, 8), np.uint8)
    wide[:, :KEY_BYTES] = planes.reshape(KEY_BYTES, count).T
    runs_of, at = decode_numbers(payload, at + count * KEY_BYTES, count)
    gaps, at = decode_numbers(payload, at, run_count)
    counts, at = decode_numbers(payload, at, run_count)
    more, at = decode_numbers(payload, at, run_count)
    dense = (counts & 1).astype(np.bool_)
    counts >>= 1
    lengths = np.where(dense, 0, counts + more)
    if int(runs_of.sum()) != run_count or at + int(lengths.sum()) != len(payload):
        raise Damaged(f"{place} does not hold what it says")
    keys = np.repeat(wide.view("<u8").reshape(-1).astype(np.uint64), runs_of)
    return Runs(keys, sums_within(gaps, runs_of), counts, dense, first_of(lengths), lengths, payload[at:])
