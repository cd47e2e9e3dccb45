"""Rows that older code wrote are read and masked again by today's, from the original that each keeps.

Identity and time stay as they are stored: they are taken before masking, and decide where a row stands. A row that
today's code refuses is kept unchanged, for nothing is ever lost here.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.events.identity import OBJECTS
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION, Arrival, normalise
from trailkeep.events.reasons import Rejected
from trailkeep.events.records import Record
from trailkeep.events.regions import RegionRules
from trailkeep.lake.partitions import Partition
from trailkeep.schema import EVENTS

_STORED = frozenset({"uid", "event_time", "delivered_at"})
_DAY = 86_400_000_000


@dataclass(slots=True)
class Refreshed:
    """How many rows were read again by newer code, and how many of those had to stay as they were."""

    rows: int = 0
    refused: int = 0


def refresh(table: pa.Table, normaliser_version: int, partition: Partition, counts: Refreshed) -> pa.Table:
    """The rows of a table, in no order if any was of older code; ``normaliser_version`` is the one they came with."""
    masked = pc.fill_null(table.column("mask_version"), 0)
    stale = pc.less(masked, MASK_VERSION)
    if normaliser_version < NORMALISER_VERSION:
        stale = pc.or_(stale, True)
    if not pc.any(stale).as_py():
        return table
    # By rows, in Python: it happens once after an update, and takes what delivery takes.
    rows = [_again(row, partition, counts) for row in table.filter(stale).to_pylist()]
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in EVENTS]
    return pa.concat_tables([table.filter(pc.invert(stale)), pa.Table.from_arrays(columns, schema=EVENTS)])


def _again(row: dict[str, Any], partition: Partition, counts: Refreshed) -> dict[str, Any]:
    counts.rows += 1
    regions = RegionRules(partition.region, partition.region)
    time = pa.scalar(row["event_time"], EVENTS.field("event_time").type).value
    try:
        result = normalise(Record(0, row["event"].encode()), Arrival(row["channel"] or OBJECTS, time + _DAY, regions))
    except Exception:  # noqa: BLE001 - whatever it is, it must not cost the row
        result = None
    if result is None or isinstance(result, Rejected):
        counts.refused += 1
        return row
    event = result[0]
    return row | {name: getattr(event, name) for name in EVENTS.names if name not in _STORED}
