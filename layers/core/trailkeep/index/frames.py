"""Frames: the pieces of the index that are read by themselves, each with a checksum that also knows its place."""

from zlib import crc32

import pyarrow as pa

from trailkeep.lake.damaged import Damaged

_CHECKSUM_BYTES = 4
_SIZE_BYTES = 4
_MOST_BYTES = 1 << 30
_CODEC = pa.Codec("zstd", compression_level=6)


def seal(payload: bytes, place: str) -> bytes:
    """A frame: the payload and a checksum over it and over the place that it is for."""
    return payload + _checksum(payload, place)


def unseal(frame: bytes, place: str) -> bytes:
    """The payload of a frame. Raises :class:`Damaged` for other bytes than were sealed, or sealed for another place."""
    payload = frame[:-_CHECKSUM_BYTES]
    if len(frame) < _CHECKSUM_BYTES or frame[-_CHECKSUM_BYTES:] != _checksum(payload, place):
        raise Damaged(f"the checksum of {place} is wrong")
    return payload


def pack(payload: bytes, place: str) -> bytes:
    """As :func:`seal`, compressed."""
    return seal(len(payload).to_bytes(_SIZE_BYTES, "little") + _CODEC.compress(payload, asbytes=True), place)


def unpack(frame: bytes, place: str) -> bytes:
    """The payload of a compressed frame. Raises :class:`Damaged`."""
    sealed = unseal(frame, place)
    size = int.from_bytes(sealed[:_SIZE_BYTES], "little")
    if len(sealed) <= _SIZE_BYTES or size > _MOST_BYTES:
        raise Damaged(f"{place} is not compressed")
    try:
        payload: bytes = _CODEC.decompress(sealed[_SIZE_BYTES:], size, asbytes=True)
    except (OSError, ValueError) as error:
        raise Damaged(f"{place} cannot be decompressed") from error
    if len(payload) != size:
        raise Damaged(f"{place} is shorter than it says")
    return payload


def _checksum(payload: bytes, place: str) -> bytes:
    return crc32(payload, crc32(place.encode())).to_bytes(_CHECKSUM_BYTES, "little")
