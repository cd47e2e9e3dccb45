"""The history that detectors look at: the calls of the last weeks, each event once, as plain columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import pyarrow as pa

from trailkeep.events.timestamps import to_micros
from trailkeep.lake.parquet import values
from trailkeep.lake.partitions import EVENTS, dates_between
from trailkeep.lake.parts import Lake, Reading

HISTORY = timedelta(days=28)
"""Four of each weekday: what happens once a week is usual."""


@dataclass(frozen=True, slots=True)
class Call:
    """One event, as far as detection looks at it; ``time`` in microseconds."""

    time: int
    uid: bytes
    region: str
    account_id: str
    address: str
    principal_id: str | None
    user_agent: str | None
    service_name: str | None
    event_name: str | None
    error_code: str | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Calls from public and private addresses, in order of time, and the moment up to which they are known."""

    calls: list[Call]
    now: int


_COLUMNS = (
    "event_time", "uid", "account_id", "source_ip_address", "principal_id", "user_agent", "service_name", "event_name",
    "error_code", "event_id", "caller_class",
)  # fmt: skip


def read_history(lake: Lake, now: datetime, reading: Reading) -> History:
    """Read the history up to ``now``. Services and internal callers are no addresses, so they are left out here."""
    end = to_micros(now)
    start = to_micros(now - HISTORY)
    partitions = lake.partitions(EVENTS, lake.regions(EVENTS), *dates_between(start, end))
    partitions.sort(key=lambda partition: partition.date)
    calls: list[Call] = []
    for _, group in groupby(partitions, key=lambda partition: partition.date):
        stretches = lake.stretches(lake.parts(group, now, reading), reading)
        day = {
            call.uid: call
            for stretch, table in lake.rows(stretches, _COLUMNS, reading)
            for call in _calls(table, stretch.stored.part.partition.region)
            if start <= call.time < end
        }
        calls += sorted(day.values(), key=lambda call: (call.time, call.uid))
    return History(calls, end)


def _calls(table: pa.Table, region: str) -> Iterator[Call]:
    for time, uid, account, address, principal, agent, service, name, error, event_id, kind in values(table, _COLUMNS):
        if kind == "address" and account is not None:
            yield Call(time, uid, region, account, address, principal, agent, service, name, error, event_id)
