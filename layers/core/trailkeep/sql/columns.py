"""The tables that SQL may read, and their columns beside the paths into the original event."""

from types import MappingProxyType
from typing import Any

import pyarrow as pa

from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.schema import EVENTS as LAKE
from trailkeep.sql.kinds import BIGINT, TIMESTAMP, VARCHAR, Kind, array_of

LOG = "log"
"""Everything that was found, as ActionTrail's users call it; the table of a SELECT without FROM."""

TABLES = MappingProxyType(
    {LOG: "everything that the search found", EVENTS: "of that the audit events", INSIGHTS: "of that the Insights"}
)
"""Tables and what is in them. All have the same columns."""

DATASET = "dataset"
"""The column that tells the rows of the two other tables from each other."""

_NOT_OFFERED = frozenset({"uid"})
"""A key of the lake's own, that no event and no answer holds."""


def _kind(data_type: Any) -> Kind:
    """The kind of a column of the lake, to whose types there is one each."""
    if pa.types.is_list(data_type):
        return array_of(_kind(data_type.value_type))
    return {pa.string(): VARCHAR, pa.int32(): BIGINT, pa.timestamp("us", tz="UTC"): TIMESTAMP}[data_type]


COLUMNS = MappingProxyType(
    {field.name: _kind(field.type) for field in LAKE if field.name not in _NOT_OFFERED}
    | {"region": VARCHAR, DATASET: VARCHAR}
)
"""Columns that the tables have, and their kinds."""

MEANINGS = MappingProxyType(
    {name: LAKE.field(name).metadata[b"description"].decode() for name in COLUMNS if name in LAKE.names}
    | {
        "region": "the region that it happened in",
        DATASET: f"{EVENTS} or {INSIGHTS}",
        "date": "the day that it happened on, in UTC: 2026-01-02",
        "__time__": "when it happened, in seconds since 1970: the name that Log Service gives it",
    }
)
"""What the columns mean, those that are computed included."""

COMPUTED = MappingProxyType(
    {"date": "date_format(event_time, '%Y-%m-%d')", "__time__": "cast(floor(to_unixtime(event_time)) as bigint)"}
)
"""Further columns, and what they stand for."""

STAR = (
    *("event_time", "region", "account_id", "service_name", "event_name", "event_rw", "user_name", "access_key_id"),
    *("source_ip_address", "resource_types", "resource_names", "error_code", "event_id"),
)
"""What ``*`` gives of a table: what people look at first. The original is the column ``event``."""
