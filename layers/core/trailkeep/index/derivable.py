"""Which rows say in their columns just what their events say: of these a lookup reads nothing but the event."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa

from trailkeep.events.columns import Call, Origin, Target, call_of, origin_of, target_of
from trailkeep.events.identity import event_uid
from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.events.plain import PlainReader
from trailkeep.events.principals import Principal, principal_of
from trailkeep.events.reasons import Unreadable
from trailkeep.events.regions import RegionRules
from trailkeep.events.strict_json import parse_object
from trailkeep.events.timestamps import parse_micros
from trailkeep.events.values import identifier
from trailkeep.index.keys import LISTS

MOST_EXCEPTIONS = 64
"""An object with more is read by other means."""

_BATCH_ROWS = 4_096
_RULES = RegionRules("unknown", "unknown")
"""The region of a row is told by its object's key."""


class Derived(NamedTuple):
    """What follows from an event as the lake keeps it, by the names of the columns: what lookups need."""

    uid: bytes
    event_time: int
    event_id: str | None
    event_name: str
    service_name: str | None
    event_source: str | None
    user_name: str | None
    role_name: str | None
    access_key_id: str | None
    account_id: str | None
    source_ip_address: str | None
    resource_types: Sequence[str]
    resource_names: Sequence[str]
    error_code: str | None
    event_rw: str
    event_type: str | None


COLUMNS = Derived._fields


def derive_all(events: Sequence[bytes], channel: str) -> list[Derived | None]:
    """What follows from each event; None for what is no event of the lake.

    It is read as the normaliser reads it but not masked, which it is already. So of an event without an ID that held a
    secret another identity follows than the row has: such rows are among the exceptions.
    """
    rows = _reader(channel).rows(events)
    return [
        _derived(row.uid, row.event_time, row.event_id, row.call, row.actor, row.origin, row.target)
        if row
        else _exactly(event, channel)
        for event, row in zip(events, rows, strict=True)
    ]


def exceptions_in(file: Any, channel: str | None, normaliser_version: int) -> tuple[int, ...] | None:
    """The rows of an object that do not follow from their events; None where they are too many or not to be known.

    Every row is looked at. ``file`` is an opened Parquet object, ``channel`` that of all its rows.
    """
    if channel is None or normaliser_version != NORMALISER_VERSION:
        return None
    found: list[int] = []
    first = 0
    for batch in file.iter_batches(_BATCH_ROWS, columns=[*COLUMNS, "event"], use_threads=False):
        found += (first + row for row in _differing(batch, channel))
        first += batch.num_rows
        if len(found) > MOST_EXCEPTIONS:
            return None
    return tuple(found)


@lru_cache(maxsize=16)
def _reader(channel: str) -> PlainReader:
    """One for each channel: it remembers what it has read."""
    return PlainReader(channel, _RULES)


def _exactly(event: bytes, channel: str) -> Derived | None:
    """The same of an event that is not plain."""
    try:
        fields = parse_object(event)
        event_time = parse_micros(fields["eventTime"])
        call = call_of(fields, channel, _RULES)
        event_id = identifier(fields.get("eventId")) or identifier(fields.get("eventID"))
        uid = event_uid(channel, event_id, event_time, fields)
    except (Unreadable, ValueError, TypeError, KeyError):
        return None
    if call is None:
        return None
    return _derived(uid, event_time, event_id, call, principal_of(fields), origin_of(fields), target_of(fields))


def _derived(
    uid: bytes, event_time: int, event_id: str | None, call: Call, actor: Principal, origin: Origin, target: Target
) -> Derived:
    return Derived(
        uid,
        event_time,
        event_id,
        call.event_name,
        call.service_name,
        call.event_source,
        actor.user_name,
        actor.role_name,
        actor.access_key_id,
        actor.account_id,
        origin.source_ip_address,
        target.resource_types,
        target.resource_names,
        origin.error_code,
        call.event_rw,
        call.event_type,
    )


def _differing(batch: pa.RecordBatch, channel: str) -> list[int]:
    """The rows whose columns are not those of their events, counted from the first of the batch."""
    stored = zip(*(_values(batch.column(name), name) for name in COLUMNS), strict=True)
    events = batch.column("event").cast(pa.binary()).to_pylist()
    if None in events:
        return list(range(len(events)))
    return [
        row for row, (mine, found) in enumerate(zip(derive_all(events, channel), stored, strict=True)) if mine != found
    ]


def _values(column: pa.Array, name: str) -> list[Any]:
    if name == "event_time":
        column = column.cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return [tuple(own or ()) for own in values] if name in LISTS else values
