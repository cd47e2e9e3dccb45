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

_VERBATIM = frozenset({"event_id", "event_name", "user_name", "access_key_id", "account_id", "resource_names"})
"""Columns whose value stands in the event as it is: an event without these letters cannot have it."""

_MOST_LETTERS = 8
"""Values that are looked for in an event before it is read: with more of them reading is as quick."""


class Row(NamedTuple):
    """An event as it was fetched: its time in microseconds, its identity, and its text."""

    time: int
    uid: bytes
    text: str


def worth_reading(texts: Sequence[bytes], filters: Sequence[Filter]) -> list[bytes]:
    """The events that may pass the filters: a quick look for the letters of which each must have some.

    Escapes can hide letters, so that a text with any is always worth it.
    """
    wanted = [letters for each in filters if (letters := _letters(each)) is not None]
    return [
        text for text in texts if b"\\" in text or all(any(value in text for value in letters) for letters in wanted)
    ]


def _letters(condition: Filter) -> list[bytes] | None:
    """Texts of which one stands in each event that a filter lets through; None where that cannot be said."""
    keys = condition.keys
    if keys is None or len(keys.pairs) > _MOST_LETTERS or not _VERBATIM.issuperset(column for column, _ in keys.pairs):
        return None
    return [value.encode() for _, value in keys.pairs]


def derive(texts: Sequence[bytes], channel: str, filters: Sequence[Filter]) -> list[Row]:
    """The rows of those events that all filters let through.

    Raises :class:`Damaged` for a text that is no event: then the object is not what the index says of it.
    """
    worth = worth_reading(texts, filters)
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
