"""Varints: whole numbers of 0 or more, seven bits a byte, the lowest first; the top bit says that more follow."""

from collections.abc import Iterable

from trailkeep.lake.damaged import Damaged

_LONGEST = 10


def encode_varints(values: Iterable[int]) -> bytes:
    """The values one after another."""
    out = bytearray()
    for value in values:
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        out.append(value)
    return bytes(out)


def decode_varints(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    """``count`` values from the byte ``at`` on, and where the byte behind them is. Raises :class:`Damaged`."""
    values: list[int] = []
    append = values.append
    try:
        for _ in range(count):
            byte = data[at]
            at += 1
            if byte < 128:
                append(byte)
                continue
            value, shift = byte & 127, 7
            while True:
                byte = data[at]
                at += 1
                value |= (byte & 127) << shift
                if byte < 128:
                    break
                shift += 7
                if shift > 7 * _LONGEST:
                    raise Damaged("a number is too long")
            append(value)
    except IndexError:
        raise Damaged("numbers are missing at the end") from None
    return values, at


def decode_varint(data: bytes, at: int) -> tuple[int, int]:
    """One value, and where the byte behind it is. Raises :class:`Damaged`."""
    (value,), end = decode_varints(data, at, 1)
    return value, end


def split_varints(data: bytes, at: int, *counts: int) -> tuple[list[list[int]], int]:
    """Several lists of values, one behind the other, and where the byte behind them is. Raises :class:`Damaged`."""
    lists = []
    for count in counts:
        values, at = decode_varints(data, at, count)
        lists.append(values)
    return lists, at
