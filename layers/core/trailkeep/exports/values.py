"""Values of any Arrow type as texts and as JSON: times as RFC 3339, bytes as hexadecimal digits, numbers exactly."""

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=lambda value: str(value))


def plain(column: pa.Array) -> pa.Array:
    """The column as it is written: of a type of texts, numbers or truth; or nested, with such types within."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return _times(column)
    if is_binary(kind):
        return pa.array((None if value is None else value.hex() for value in column.to_pylist()), pa.string())
    if is_text(kind):
        return column.cast(pa.string())
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return column.cast(pa.string())
    return column


def as_json(value: Any) -> bytes:
    """A value of a :func:`plain` column as JSON."""
    return _encoder.encode(value)


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_binary(kind: pa.DataType) -> bool:
    """Whether values of this type are bytes."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _times(column: pa.Array) -> pa.Array:
    """RFC 3339, in UTC with ``Z`` where the zone is known; a fraction only where there is one.

    By the numbers, since Arrow asks the system for the rules of time zones, which Lambda has not, even for UTC.
    """
    kind = column.type
    texts = column.cast(pa.int64()).cast(pa.timestamp(kind.unit)).cast(pa.string())
    texts = pc.replace_substring_regex(pc.replace_substring(texts, " ", "T"), r"\.0+$", "")
    return pc.binary_join_element_wise(texts, pa.scalar("Z"), "") if kind.tz else texts
