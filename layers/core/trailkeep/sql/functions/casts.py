"""Casts: from which kind to which, and how each engine is held to the same reading.

DuckDB reads more texts as numbers than Presto does (``0x1F``, ``1_000``, ``4.6`` as a whole number) and times with an
offset that it ignores. A text that Presto would not take is therefore made an empty one first, which neither takes.
"""

from types import MappingProxyType

from trailkeep.sql.dialects import Form
from trailkeep.sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, JSON, TIMESTAMP, UNKNOWN, VARCHAR, array_of

_TEXTS = array_of(VARCHAR)


def _cast(kind: str, duckdb: str = "{0}", trino: str = "{0}", duckdb_kind: str = "") -> Form:
    return Form(f"CAST({trino} AS {kind})", f"CAST({duckdb} AS {duckdb_kind or kind})")


def _text(kind: str, pattern: str) -> Form:
    return _cast(kind, rf"regexp_extract({{0}}, '^\s*({pattern})\s*$', 1)")


_DAY = "[0-9]{4,4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r" [0-9]{1,2}:[0-9]{2,2}(?::[0-9]{2,2}(?:\.[0-9]+)?)?"
_SCALAR = "(json_value({0}, '$') ->> '$')"

CASTS = MappingProxyType(
    {
        (VARCHAR, BIGINT): _text("BIGINT", "[+-]?[0-9]+"),
        (VARCHAR, DOUBLE): _text("DOUBLE", r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
        (VARCHAR, BOOLEAN): _text("BOOLEAN", "(?i:true|false|t|f|1|0)"),
        (VARCHAR, DATE): _text("DATE", _DAY),
        (VARCHAR, TIMESTAMP): _text("TIMESTAMP", f"{_DAY}(?:{_CLOCK})?"),
        (BIGINT, DOUBLE): _cast("DOUBLE"),
        (BIGINT, BOOLEAN): _cast("BOOLEAN"),
        (BIGINT, VARCHAR): _cast("VARCHAR"),
        (DOUBLE, BIGINT): _cast("BIGINT", "round({0})"),
        (DOUBLE, BOOLEAN): _cast("BOOLEAN"),
        (BOOLEAN, BIGINT): _cast("BIGINT"),
        (BOOLEAN, DOUBLE): _cast("DOUBLE"),
        (BOOLEAN, VARCHAR): _cast("VARCHAR"),
        (TIMESTAMP, DATE): _cast("DATE"),
        (DATE, TIMESTAMP): _cast("TIMESTAMP"),
        (DATE, VARCHAR): _cast("VARCHAR"),
        (JSON, VARCHAR): Form("json_extract_scalar({0}, '$')", _SCALAR),
        (JSON, BIGINT): _cast("BIGINT", _SCALAR),
        (JSON, DOUBLE): _cast("DOUBLE", _SCALAR),
        (JSON, BOOLEAN): _cast("BOOLEAN", _SCALAR),
        (JSON, _TEXTS): _cast("ARRAY(VARCHAR)", duckdb_kind="VARCHAR[]"),
    }
    | {(UNKNOWN, kind): _cast(str(kind)) for kind in (BIGINT, DOUBLE, BOOLEAN, VARCHAR, DATE, TIMESTAMP)}
)
"""What can be cast to what. A kind can always be cast to itself."""

INSTEAD = MappingProxyType(
    {
        (TIMESTAMP, VARCHAR): "use date_format(…, '%Y-%m-%d %H:%i:%s')",
        (DOUBLE, VARCHAR): "round it and cast it to bigint first: doubles are written differently by the engines",
        (VARCHAR, JSON): "use json_parse(…)",
        (_TEXTS, VARCHAR): "use array_join(…, ',')",
    }
)
"""What to do where there is no cast."""


def tried(form: Form) -> Form:
    """A cast that gives NULL where there is nothing to cast to."""
    return Form(*(text.replace("CAST(", "TRY_CAST(", 1) for text in (form.trino, form.duckdb)))
