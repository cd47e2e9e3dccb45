"""Event IDs → rows: one bucket of hashes in their order, each with its row in the tier.

A bucket: the number of gaps; the gaps, each from the hash before, the first from where the bucket begins; the rows. A
gap of all ones leads on without an entry.
"""

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate
from sys import byteorder

from trailkeep.index.frames import unseal
from trailkeep.index.keys import ID_BITS, bucket_of, id_hash
from trailkeep.lake.damaged import Damaged

NARROW, WIDE = 2, 4
"""Bytes of a gap, in a large tier and in a small one, where hashes lie far from each other."""

_KINDS = {NARROW: "H", WIDE: "I"}


def ids_place(bucket: int) -> str:
    """What a bucket's checksum knows of it."""
    return f"ids/{bucket}"


def id_bucket(event_id: str, bucket_bits: int) -> int:
    """The bucket that an event ID would be in."""
    return bucket_of(id_hash(event_id), ID_BITS, bucket_bits)


def find_id(frame: bytes, event_id: str, bucket_bits: int, gap_bytes: int, row_bytes: int) -> list[int]:
    """The rows of a tier that may have an event ID: all that have it, seldom another. Raises :class:`Damaged`."""
    wanted = id_hash(event_id)
    bucket = bucket_of(wanted, ID_BITS, bucket_bits)
    payload = unseal(frame, ids_place(bucket))
    count = int.from_bytes(payload[:4], "little")
    rows_at = 4 + count * gap_bytes
    gaps = array(_KINDS[gap_bytes])
    try:
        gaps.frombytes(payload[4:rows_at])
    except ValueError:
        raise Damaged("a bucket of IDs ends early") from None
    if byteorder == "big":
        gaps.byteswap()
    without_entry = (1 << 8 * gap_bytes) - 1
    hashes = list(accumulate(gaps))
    offset = wanted - (bucket << ID_BITS - bucket_bits)
    found = []
    for number in range(bisect_left(hashes, offset), bisect_right(hashes, offset)):
        if gaps[number] != without_entry:
            at = rows_at + (number - gaps[:number].count(without_entry)) * row_bytes
            found.append(int.from_bytes(payload[at : at + row_bytes], "little"))
    return found
