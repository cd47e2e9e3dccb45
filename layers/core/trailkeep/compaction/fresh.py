"""A fresh part's bytes → its rows, as compaction keeps them: delivered when its store says, and by today's rules."""

import pyarrow as pa
import pyarrow.parquet as pq

from trailkeep.compaction.refresh import Refreshed, refresh
from trailkeep.errors import ObjectUnreadable
from trailkeep.events.timestamps import to_micros
from trailkeep.lake.partitions import Partition, parse_fresh_name, parse_part
from trailkeep.lake.storage import Stat
from trailkeep.schema import EVENTS

_REQUIRED = ("uid", "event_time", "event")
_DELIVERED_AT = EVENTS.names.index("delivered_at")


def decode_part(stat: Stat, body: bytes, partition: Partition, counts: Refreshed) -> pa.Table:
    """The rows of a part that a delivery wrote; :class:`ObjectUnreadable` for a damaged one.

    They are dated by the store, in the whole seconds that stores date by: before that nobody could see them.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(body), pre_buffer=False).read(use_threads=False)
        if set(EVENTS.names) - set(table.column_names):
            raise ObjectUnreadable(f"{stat.key} lacks columns of the lake")
        table = table.select(EVENTS.names)
        if not table.schema.equals(EVENTS):
            table = table.cast(EVENTS)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ObjectUnreadable(f"{stat.key} is damaged: {type(error).__name__}") from error
    if not table.num_rows:
        raise ObjectUnreadable(f"{stat.key} has no rows, which no delivery writes")
    if any(table.column(name).null_count for name in _REQUIRED):
        raise ObjectUnreadable(f"{stat.key} has rows without their event")
    field = EVENTS.field(_DELIVERED_AT)
    delivered = pa.scalar(to_micros(stat.modified_at.replace(microsecond=0)), pa.int64())
    table = table.set_column(_DELIVERED_AT, field, pa.repeat(delivered, table.num_rows).cast(field.type))
    return refresh(table, _normaliser_version(stat.key), partition, counts)


def _normaliser_version(key: str) -> int:
    part = parse_part(key)
    name = parse_fresh_name(part.name) if part else None
    return name.versions.normaliser if name else 0
