"""Single columns of single objects: what retention has to know of rows that no manifest tells of."""

from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ArrowException

from trailkeep.errors import ObjectUnreadable
from trailkeep.events.timestamps import from_micros
from trailkeep.lake.ranged import RangedObject
from trailkeep.lake.storage import Bucket, Stat


def accounts_in(bucket: Bucket, stat: Stat) -> frozenset[str]:
    """The account IDs of an object's rows. Raises :class:`ObjectUnreadable` where it cannot be read."""
    return frozenset(_distinct(bucket, stat, "account_id"))


def newest_delivery_in(bucket: Bucket, stat: Stat) -> datetime:
    """The latest ``delivered_at`` of an object's rows. Raises :class:`ObjectUnreadable` where it cannot be read."""
    times = _distinct(bucket, stat, "delivered_at")
    if not times:
        raise ObjectUnreadable(f"{stat.key} does not say when it was delivered")
    return from_micros(max(times))


def _distinct(bucket: Bucket, stat: Stat, name: str) -> set[Any]:
    """The values of a column, each once, without nulls; times as microseconds. Only the footer and it are read."""
    found: set[Any] = set()
    try:
        part = RangedObject(bucket, stat.key, stat.size)
        for group in part.row_groups():
            column = part.read(group.number, [name])[0].column(name)
            values = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
            found.update(pc.unique(values).drop_null().to_pylist())
    except (ArrowException, OSError, ValueError) as error:
        raise ObjectUnreadable(f"{stat.key} is damaged or not of the lake: {type(error).__name__}") from error
    return found
