"""What is looked up by: hashes of event IDs and of the values of columns. Part of the format, never to be changed."""

from functools import partial
from hashlib import blake2b

from trailkeep.events.addresses import canonical

ID_BITS = 34
"""Of an event ID. With 18 million events one lookup in a thousand is led to an event that is another's."""

VALUE_BITS = 56
"""Of a value in a column. That two of five million share one is a matter of one lake in five thousand."""

POSTED: dict[str, int] = {
    "event_name": 1,
    "service_name": 2,
    "event_source": 2,
    "user_name": 4,
    "role_name": 5,
    "access_key_id": 6,
    "account_id": 7,
    "source_ip_address": 8,
    "resource_types": 9,
    "resource_names": 10,
    "error_code": 11,
    "event_rw": 12,
    "event_type": 13,
}
"""Columns with postings, and their numbers in the hashes: a new column takes a new number.

A service is asked for by its name or its host: these two share theirs, so that one look finds either.
"""

LISTS = frozenset({"resource_types", "resource_names"})
"""Columns that hold several values a row."""

ADDRESSES = frozenset({"source_ip_address"})
"""Columns of addresses: each is looked up by its one spelling, so that it is found however it is written."""

COUNTED = (
    "service_name",
    "event_name",
    "event_rw",
    "event_type",
    "user_name",
    "role_name",
    "access_key_id",
    "account_id",
    "source_ip_address",
    "error_code",
)
"""Columns whose values are counted by object."""

id_digest = partial(blake2b, digest_size=8, person=b"trailkeep-id")
"""Of an event ID in UTF-8: its lowest :data:`ID_BITS` bits, read from the lowest byte, are the hash."""

value_digest = partial(blake2b, digest_size=8, person=b"trailkeep-value")
"""Of a column's number as one byte and a value in UTF-8; the lowest :data:`VALUE_BITS` bits are the hash."""


def id_hash(event_id: str) -> int:
    """The hash of an event ID."""
    return int.from_bytes(id_digest(event_id.encode(errors="surrogatepass")).digest(), "little") & (1 << ID_BITS) - 1


def spelled(column: str, value: str) -> str:
    """A value of a column in the spelling that it is looked up by."""
    return canonical(value) if column in ADDRESSES else value


def value_hash(column: str, value: str) -> int:
    """The hash of a value in one of the columns of :data:`POSTED`, in whichever spelling."""
    text = bytes((POSTED[column],)) + spelled(column, value).encode(errors="surrogatepass")
    return int.from_bytes(value_digest(text).digest(), "little") & (1 << VALUE_BITS) - 1


def bucket_of(value: int, bits: int, bucket_bits: int) -> int:
    """The bucket of a hash of ``bits`` bits: its top ``bucket_bits``, so that buckets are in the order of hashes."""
    return value >> bits - bucket_bits
