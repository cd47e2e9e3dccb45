"""Originals → rows: what a question compares follows from the event itself, by the normaliser that made its columns.

The index says of which objects this holds, row by row. It saves fetching a page of each column beside the event's own.
"""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from trailkeep.index.derivable import Derived, derive_all
from trailkeep.lake.damaged import Damaged
from trailkeep.lookup.filters import Filter
from trailkeep.schema import EVENTS

_VERBATIM = frozenset(
    {"event_id", "event_name", "user_name", "access_key_id", "account_id", "source_ip_address", "resource_names"}
)
"""Columns whose value stands in the event as it is: an event without these letters cannot have it."""


class Row(NamedTuple):
    """An event as it was fetched: its time in microseconds, its identity, and its text."""

    time: int
    uid: bytes
    text: str


def may_hold(text: bytes, filters: Sequence[Filter]) -> bool:
    """Whether it is worth looking at an event: a quick look for the letters that the filters ask for.

    Escapes can hide letters, so that a text with any is always worth it.
    """
    if b"\\" in text:
        return True
    return all(
        each.excludes
        or each.networks
        or not _VERBATIM.issuperset(each.columns)
        or any(value.encode() in text for value in each.values)
        for each in filters
    )


def derive(texts: Sequence[bytes], channel: str, filters: Sequence[Filter]) -> list[Row]:
    """The rows of those events that all filters let through.

    Raises :class:`Damaged` for a text that is no event: then the object is not what the index says of it.
    """
    worth = [text for text in texts if may_hold(text, filters)]
    events = _events(worth, channel)
    if not events:
        return []
    names = sorted({name for each in filters for name in each.columns})
    table = pa.table({name: pa.array([getattr(e, name) for e in events], EVENTS.field(name).type) for name in names})
    kept = [True] * len(events)
    for each in filters:
        kept = [before and now for before, now in zip(kept, each.holds(table).to_pylist(), strict=True)]
    return [
        Row(event.event_time, event.uid, text.decode())
        for event, text, keep in zip(events, worth, kept, strict=True)
        if keep
    ]


def _events(texts: Sequence[bytes], channel: str) -> list[Derived]:
    events = [event for event in derive_all(texts, channel) if event is not None]
    if len(events) < len(texts):
        raise Damaged("an event of the lake is none")
    return events
