"""Facts: what detection knows of events. One row for the calls of a minute that are alike, one table for a day.

A fact is what remains of events when everything is left out that no detector looks at. It is derived from the lake
alone, and the same events give the same facts, in whatever order they came.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

MINUTES_A_DAY = 24 * 60

FACTS = pa.schema(
    [
        pa.field("minute", pa.int32(), nullable=False),
        pa.field("identity", pa.string(), nullable=False),
        pa.field("principal", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("address", pa.string()),
        pa.field("key", pa.string()),
        pa.field("service", pa.string()),
        pa.field("event", pa.string()),
        pa.field("error", pa.string()),
        pa.field("agent", pa.string()),
        pa.field("calls", pa.int32(), nullable=False),
        pa.field("event_id", pa.string()),
    ]
)
"""A table of facts: those of one account, one region and one UTC date, in the order of all columns."""


class Fact(NamedTuple):
    """Calls of one minute that are alike. ``minute`` counts from 1970-01-01T00:00Z, in UTC.

    ``identity`` is who called, as baselines know them: ``user/<name>``, ``role/<name>``, ``service/<host>``, ``root``.
    ``kind`` is the caller class: ``address``, ``service``, ``internal`` or ``masked``; only the first has an
    ``address``, in its one spelling. ``key`` is a long-term AccessKey; a short-lived one belongs to its role. ``agent``
    is the whole user agent. ``event_id`` is that of the first of the calls.
    """

    minute: int
    identity: str
    principal: str | None
    kind: str | None
    address: str | None
    key: str | None
    service: str | None
    event: str | None
    error: str | None
    agent: str | None
    calls: int
    event_id: str | None
    region: str


def facts_of(table: pa.Table, region: str) -> Iterator[Fact]:
    """The rows of a table of facts."""
    columns: Sequence[Sequence[Any]] = [table.column(name).to_pylist() for name in FACTS.names]
    for row in zip(*columns, strict=True):
        yield Fact._make((*row, region))
