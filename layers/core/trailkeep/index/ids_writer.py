"""Event IDs, for building: their hashes and rows as arrays, into buckets and out of them again. See ``ids``."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trailkeep.index.arrays import Hashes, Numbers, buffer, first_of
from trailkeep.index.frames import seal, unseal
from trailkeep.index.ids import NARROW, WIDE, ids_place
from trailkeep.index.keys import ID_BITS
from trailkeep.lake.damaged import Damaged

_BUCKET_ENTRIES = 2048
_MOST_BITS = 12
_KINDS: dict[int, npt.DTypeLike] = {NARROW: "<u2", WIDE: "<u4"}


@dataclass(frozen=True, slots=True)
class Ids:
    """Hashes of event IDs in their order; for each, the number of its object and the row there."""

    hashes: Hashes
    objects: Numbers
    rows: Numbers

    def between(self, start: int, end: int) -> "Ids":
        """Those with hashes from ``start`` to before ``end``."""
        low, high = np.searchsorted(self.hashes, np.array([start, end], np.uint64))
        return Ids(self.hashes[low:high], self.objects[low:high], self.rows[low:high])


@dataclass(frozen=True, slots=True)
class IdFormat:
    """The form of a tier's buckets, which follows from how many rows it has."""

    bits: int
    gap_bytes: int
    row_bytes: int


def id_format(rows: int) -> IdFormat:
    """The form for a tier of so many rows: buckets of some ten kilobytes, gaps that seldom need more than one entry."""
    bits = min(_MOST_BITS, max(0, (rows // _BUCKET_ENTRIES).bit_length()))
    narrow = rows > (1 << ID_BITS - 16) * 2
    return IdFormat(bits, NARROW if narrow else WIDE, 3 if rows < 1 << 24 else 4)


def encode_ids(hashes: Hashes, rows: Numbers, form: IdFormat, first: int, last: int) -> Iterator[bytes]:
    """The buckets from ``first`` to before ``last`` for hashes in their order and their rows in the tier."""
    width = ID_BITS - form.bits
    bounds = np.searchsorted(hashes, np.arange(first, last + 1, dtype=np.uint64) << np.uint64(width))
    most = (1 << 8 * form.gap_bytes) - 1
    own_rows = np.ascontiguousarray(rows.astype("<u4")).view(np.uint8).reshape(-1, 4)[:, : form.row_bytes]
    for bucket, (low, high) in enumerate(pairwise(bounds.tolist()), first):
        offsets = hashes[low:high].astype(np.int64) - (bucket << width)
        steps = np.diff(offsets, prepend=0)
        entries = steps // most + 1
        gaps = np.full(int(entries.sum()), most, _KINDS[form.gap_bytes])
        gaps[np.cumsum(entries) - 1] = steps % most
        payload = len(gaps).to_bytes(4, "little") + gaps.tobytes() + own_rows[low:high].tobytes()
        yield seal(payload, ids_place(bucket))


def decode_ids(frames: bytes, lengths: Numbers, form: IdFormat, first: int) -> tuple[Hashes, Numbers]:
    """Hashes and rows of consecutive buckets, ``first`` and those behind it. Raises :class:`Damaged`."""
    hashes: list[npt.NDArray[np.int64]] = []
    rows: list[npt.NDArray[np.int64]] = []
    most = (1 << 8 * form.gap_bytes) - 1
    for bucket, (start, length) in enumerate(zip(first_of(lengths).tolist(), lengths.tolist(), strict=True), first):
        payload = unseal(frames[start : start + length], ids_place(bucket))
        behind = 4 + int.from_bytes(payload[:4], "little") * form.gap_bytes
        gaps = np.frombuffer(payload[4:behind], _KINDS[form.gap_bytes])
        is_entry = gaps != most
        found = buffer(payload)[behind:]
        if len(found) != int(is_entry.sum()) * form.row_bytes:
            raise Damaged(f"{ids_place(bucket)} does not hold a row for each hash")
        base = bucket << ID_BITS - form.bits
        hashes.append(np.cumsum(gaps.astype(np.int64))[is_entry] + base)
        wide = np.zeros((len(found) // form.row_bytes, 4), np.uint8)
        wide[:, : form.row_bytes] = found.reshape(-1, form.row_bytes)
        rows.append(wide.view("<u4").reshape(-1).astype(np.int64))
    nothing = np.zeros(0, np.int64)
    return np.concatenate([nothing, *hashes]).astype(np.uint64), np.concatenate([nothing, *rows])
