"""Counting: rows of the lake become facts, those of each account for itself. Pure: the same rows, the same facts."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.events.addresses import canonical
from trailkeep.insights.facts import FACTS

COUNTED_COLUMNS = (
    "uid", "event_time", "event_id", "service_name", "event_name", "event_category", "account_id", "user_name",
    "user_type", "principal_id", "role_name", "access_key_id", "source_ip_address", "caller_class", "user_agent",
    "error_code",
)  # fmt: skip
"""What is read of the lake."""

LONGEST_ACCOUNT = 256
"""Characters of an account's ID. None is so long; what is longer would not fit into messages, and is left out."""

_MINUTE = 60_000_000
_ROOTS = pa.array(["Root", "root-account"])
_SERVICES = pa.array(["AWSService", "system"])
"""Types of callers whose name is a service's, not a user's."""

_SHORT_LIVED = ("ASIA", "STS.", "TMP.")
"""What AccessKeys begin with that last for hours: they say less than the role that they were made for."""

_ALIKE = [name for name in FACTS.names if name not in ("calls", "event_id")]


def count_facts(rows: pa.Table) -> dict[str, pa.Table]:
    """The facts of each account in rows that have the :data:`COUNTED_COLUMNS`, some of them perhaps twice.

    Each event counts once. Left out are events without an account, and Insights: they tell of calls, and are none.
    """
    rows = _calls(rows.select(COUNTED_COLUMNS))
    if not rows.num_rows:
        return {}
    rows = _each_once(rows).sort_by([("event_time", "ascending"), ("uid", "ascending")])
    # In the order of time, on one thread: the first event ID of a group is that of its earliest event that has one.
    counted = _described(rows).group_by(["account", *_ALIKE], use_threads=False)
    facts = counted.aggregate([("event_id", "first"), ([], "count_all")])
    facts = facts.rename_columns({"event_id_first": "event_id", "count_all": "calls"})
    facts = facts.sort_by([(name, "ascending") for name in ("account", *_ALIKE)])
    return {account: _as_facts(own) for account, own in _by_account(facts)}


def _calls(rows: pa.Table) -> pa.Table:
    is_insight = pc.fill_null(pc.equal(rows.column("event_category"), "Insight"), False)
    # Of a missing account the length is missing too, and so is the row.
    length = pc.utf8_length(rows.column("account_id"))
    has_account = pc.and_(pc.greater(length, 0), pc.less_equal(length, LONGEST_ACCOUNT))
    return rows.filter(pc.and_(pc.invert(is_insight), has_account)).drop_columns(["event_category"])


def _each_once(rows: pa.Table) -> pa.Table:
    """One row of each event, the same one in whatever order they come: code of two versions may have read it."""
    if pc.count_distinct(rows.column("uid")).as_py() == rows.num_rows:
        return rows
    rows = rows.sort_by([(name, "ascending") for name in rows.column_names]).combine_chunks()
    uids = rows.column("uid")
    is_first = pc.not_equal(uids.slice(1), uids.slice(0, rows.num_rows - 1))
    return rows.filter(pa.chunked_array([pa.array([True]), *is_first.chunks]))


def _described(rows: pa.Table) -> pa.Table:
    """The rows as facts tell of them, one for each call, with the account in front."""
    kind = rows.column("caller_class")
    return pa.table(
        {
            "account": rows.column("account_id"),
            "minute": pc.cast(pc.divide(pc.cast(rows.column("event_time"), pa.int64()), _MINUTE), pa.int32()),
            "identity": _identity(rows),
            "principal": rows.column("principal_id"),
            "kind": kind,
            "address": _only_if(pc.equal(kind, "address"), _canonical(rows.column("source_ip_address"))),
            "key": _only_if(pc.invert(_is_short_lived(rows.column("access_key_id"))), rows.column("access_key_id")),
            "service": rows.column("service_name"),
            "event": rows.column("event_name"),
            "error": rows.column("error_code"),
            "agent": rows.column("user_agent"),
            "event_id": rows.column("event_id"),
        }
    )


def _identity(rows: pa.Table) -> pa.ChunkedArray:
    """Who called: the role whatever its session, root, the service that calls for itself, or the user."""
    kind, name = rows.column("user_type"), rows.column("user_name")
    source = _only_if(pc.equal(rows.column("caller_class"), "service"), rows.column("source_ip_address"))
    is_service = pc.is_in(kind, _SERVICES)
    unnamed = pc.coalesce(rows.column("principal_id"), name, "")
    return pc.coalesce(
        _joined("role", rows.column("role_name")),
        _only_if(pc.is_in(kind, _ROOTS), pa.scalar("root")),
        _only_if(is_service, _joined("service", pc.coalesce(source, name))),
        _only_if(pc.invert(is_service), _joined("user", name)),
        _joined("service", source),
        pc.binary_join_element_wise(pc.coalesce(kind, "unknown"), unnamed, "/"),
    )


def _joined(kind: str, names: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(kind, names, "/")


def _only_if(condition: pa.ChunkedArray, values: pa.ChunkedArray | pa.Scalar) -> pa.ChunkedArray:
    return pc.if_else(pc.fill_null(condition, False), values, pa.scalar(None, pa.string()))


def _is_short_lived(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    found = pc.starts_with(keys, _SHORT_LIVED[0])
    for beginning in _SHORT_LIVED[1:]:
        found = pc.or_(found, pc.starts_with(keys, beginning))
    return found


def _canonical(addresses: pa.ChunkedArray) -> pa.ChunkedArray:
    """The one spelling of each address; there are far fewer of them than calls."""
    distinct = pc.unique(addresses.drop_null())
    spellings = pa.array([canonical(address) for address in distinct.to_pylist()], pa.string())
    return spellings.take(pc.index_in(addresses, distinct))


def _by_account(facts: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each account, which stand together."""
    runs = pc.run_end_encode(facts.column("account").combine_chunks())
    start = 0
    for account, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield account, facts.slice(start, end - start)
        start = end


def _as_facts(own: pa.Table) -> pa.Table:
    columns = [pc.cast(own.column(field.name), field.type) for field in FACTS]
    return pa.Table.from_arrays(columns, schema=FACTS).combine_chunks()
