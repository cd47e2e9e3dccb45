"""Builds a tier from sources, one stretch of hashes after another: memory is bounded by what is written, not read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from trailkeep.index.arrays import Numbers
from trailkeep.index.cube_writer import Counts, encode_cube, join_counts
from trailkeep.index.ids_writer import Ids, encode_ids, id_format
from trailkeep.index.keys import COUNTED, ID_BITS, VALUE_BITS
from trailkeep.index.postings_writer import encode_postings, joined, posting_bits
from trailkeep.index.sources import Source
from trailkeep.index.tier import Directory
from trailkeep.index.varints import encode_varints

TIERS = "index/tiers/"

_STRETCH_BYTES = 64 << 20
"""Entries in memory at once; sorting takes about as much again."""

_ROW_BITS = np.uint64(64 - ID_BITS)
_ROW_MASK = np.uint64((1 << 64 - ID_BITS) - 1)
"""Enough for the rows of a tier, beside a hash in one number: so they are sorted fastest."""

_SERVICES = 64


@dataclass(frozen=True, slots=True)
class TierObject:
    """An object of a new tier: its number in the root, and which object of which source it is."""

    place: int
    source: int
    number: int


@dataclass(frozen=True, slots=True)
class NewTier:
    """A tier ready to be stored, and what the root is to say of it."""

    body: bytes
    directory: Directory


def build_tier(sources: Sequence[Source], objects: Sequence[TierObject], stamp: str = "") -> NewTier:
    """The tier of ``objects`` in their order, which come from ``sources``; other objects of these are left out.

    Its name begins with ``stamp``, so that one that was given up is never taken for a new one.
    Raises :class:`Damaged` where a source is.
    """
    rows = [sources[each.source].rows[each.number] for each in objects]
    new_numbers = _new_numbers(sources, objects)
    form, bits = id_format(sum(rows)), posting_bits(sum(rows))
    stretches = _stretches(sum(source.size for source in sources), min(form.bits, bits))
    out = bytearray()
    id_lengths = _append(out, _id_buckets(sources, new_numbers, rows, stretches))
    posting_lengths = _append(out, _posting_buckets(sources, new_numbers, bits, stretches))
    table_lengths = _append(out, (sources[each.source].page_table(each.number) for each in objects))
    counted: dict[str, tuple[int, int]] = {}
    services: dict[str, int] = {}
    for column in COUNTED:
        counts = _counts(sources, new_numbers, column)
        if counts is None:
            continue
        cube = encode_cube(column, counts, len(rows))
        out += cube.totals + cube.details
        counted[column] = len(cube.totals), len(cube.details)
        if column == "service_name":
            services = _most_frequent(counts)
    body = bytes(out)
    return NewTier(
        body,
        Directory(
            key=f"{TIERS}{stamp}{sha256(body).hexdigest()[:32]}",
            objects=tuple(each.place for each in objects),
            rows=tuple(rows),
            id_bits=form.bits,
            id_gap_bytes=form.gap_bytes,
            id_row_bytes=form.row_bytes,
            id_lengths=id_lengths,
            posting_bits=bits,
            posting_lengths=posting_lengths,
            table_lengths=table_lengths,
            counted=counted,
            services=services,
        ),
    )


def _new_numbers(sources: Sequence[Source], objects: Sequence[TierObject]) -> list[Numbers]:
    """For each source the new number of each of its objects, below 0 for one that is left out."""
    numbers = [np.full(len(source.rows), -1, np.int64) for source in sources]
    for number, each in enumerate(objects):
        numbers[each.source][each.number] = number
    return numbers


def _stretches(size: int, bits: int) -> int:
    """Into how many stretches of hashes the work is cut: a power of two, at most one for each bucket."""
    return 1 << min(bits, max(0, (size // _STRETCH_BYTES).bit_length()))


def _append(out: bytearray, pieces: Iterable[bytes]) -> bytes:
    """Write pieces one behind the other; gives their lengths as varints."""
    lengths = []
    for piece in pieces:
        out += piece
        lengths.append(len(piece))
    return encode_varints(lengths)


def _id_buckets(
    sources: Sequence[Source], new_numbers: Sequence[Numbers], rows: Sequence[int], stretches: int
) -> Iterable[bytes]:
    form = id_format(sum(rows))
    first_rows = np.cumsum(np.array([0, *rows], np.int64))
    width, buckets = (1 << ID_BITS) // stretches, (1 << form.bits) // stretches
    for stretch in range(stretches):
        found = [_renumbered(source.ids(stretch * width, (stretch + 1) * width), numbers)
                 for source, numbers in zip(sources, new_numbers, strict=True)]  # fmt: skip
        both = [ids.hashes << _ROW_BITS | (first_rows[ids.objects] + ids.rows).astype(np.uint64) for ids in found]
        entries = np.sort(np.concatenate([np.zeros(0, np.uint64), *both]))
        hashes, places = entries >> _ROW_BITS, (entries & _ROW_MASK).astype(np.int64)
        yield from encode_ids(hashes, places, form, stretch * buckets, (stretch + 1) * buckets)


def _renumbered(ids: Ids, numbers: Numbers) -> Ids:
    new = numbers[ids.objects]
    kept = new >= 0
    return Ids(ids.hashes[kept], new[kept], ids.rows[kept])


def _posting_buckets(
    sources: Sequence[Source], new_numbers: Sequence[Numbers], bits: int, stretches: int
) -> Iterable[bytes]:
    width, buckets = (1 << VALUE_BITS) // stretches, (1 << bits) // stretches
    for stretch in range(stretches):
        parts = [source.runs(stretch * width, (stretch + 1) * width).renumbered(numbers)
                 for source, numbers in zip(sources, new_numbers, strict=True)]  # fmt: skip
        yield from encode_postings(joined(parts), bits, stretch * buckets, (stretch + 1) * buckets)


def _counts(sources: Sequence[Source], new_numbers: Sequence[Numbers], column: str) -> Counts | None:
    parts = []
    for source, numbers in zip(sources, new_numbers, strict=True):
        counts = source.counts(column)
        if counts is None:
            return None
        parts.append(counts.renumbered(numbers))
    return join_counts(parts)


def _most_frequent(counts: Counts) -> dict[str, int]:
    sums = np.bincount(counts.codes, weights=counts.counts, minlength=len(counts.values)).astype(np.int64)
    order = np.argsort(-sums, kind="stable")[:_SERVICES].tolist()
    return {counts.values[code]: int(sums[code]) for code in order}
