"""The questions that the lake and its peers are asked: the same ones, given and answered as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

MOST_COUNTED = 1_000
"""Values that an answer names; the others are one number."""

PAGE, EVENT, COUNT, MATCHES, GROUPS = "page", "event", "count", "matches", "groups"

COLUMNS = {
    "serviceName": "service_name",
    "accessKeyId": "access_key_id",
    "sourceIpAddress": "source_ip_address",
    "eventRW": "event_rw",
    "user": "user_name",
    "errorCode": "error_code",
    "eventId": "event_id",
}
"""Parameters of a lookup, and the columns that a peer looks at for them."""


@dataclass(frozen=True)
class Question:
    """A page of the newest events with their originals, one event by its ID, counts of events by address or of all.

    ``days`` are the first and last date of the window, ISO, both included. No ``regions`` are all regions. A ``search``
    is a query of Trailkeep's, ``condition`` the same in DuckDB's SQL; or of groups, what DuckDB groups by.
    """

    name: str
    kind: str
    days: tuple[str, str]
    regions: tuple[str, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    limit: int = 50
    search: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Source:
    """A lake, as a client sees it: a bucket, and the variables that lead to it."""

    bucket: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """How long it took, in seconds, and what came: its number of events or counts, and a digest of them in order."""

    seconds: float
    count: int
    digest: str
    peak_bytes: int = 0


def digest(texts: Iterable[str]) -> str:
    """The same for the same originals in the same order."""
    return sha256("\n".join(texts).encode()).hexdigest()


def counts_digest(counts: Mapping[str, int], others: int = 0) -> str:
    """The same for the same counts of the most common values, and the same sum of all others."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    others += sum(number for _, number in ordered[MOST_COUNTED:])
    return digest([*(f"{value} {number}" for value, number in ordered[:MOST_COUNTED]), f"others {others}"])
