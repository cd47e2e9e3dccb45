"""Thrift's compact protocol, as far as a Parquet page header needs it: structs of numbers, all else skipped."""

from trailkeep.lake.damaged import Damaged

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_DEEPEST = 8

Struct = dict[int, "int | Struct"]
"""The fields of a struct by their numbers: whole numbers and structs."""


def read_struct(data: bytes, at: int, depth: int = 0) -> tuple[Struct, int]:
    """The struct that starts at a byte, and where the byte behind it is. Raises :class:`Damaged`."""
    fields: Struct = {}
    number = 0
    try:
        while True:
            head = data[at]
            at += 1
            kind = head & 15
            if kind == _STOP:
                return fields, at
            if head >> 4:
                number += head >> 4
            else:
                raw, at = _unsigned(data, at)
                number = _signed(raw)
            if kind in (_I16, _I32, _I64):
                raw, at = _unsigned(data, at)
                fields[number] = _signed(raw)
            elif kind == _STRUCT and depth < _DEEPEST:
                fields[number], at = read_struct(data, at, depth + 1)
            else:
                at = _skip(data, at, kind)
    except IndexError:
        raise Damaged("a page header ends early") from None


def _skip(data: bytes, at: int, kind: int) -> int:
    """Where the byte behind a value is that nobody asks for."""
    if kind in (_TRUE, _FALSE):
        return at
    if kind == _BYTE:
        return at + 1
    if kind == _DOUBLE:
        return at + 8
    if kind == _BINARY:
        length, at = _unsigned(data, at)
        return at + length
    raise Damaged("a page header has fields of an unknown kind")


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise Damaged("a number in a page header is too long")


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
