"""Condition → a test of columns: which rows may meet it, before any original is read.

A condition on columns alone is decided by them. One on a path of the original is ruled out where a column would tell
of it; a column that says nothing, or something that another member may have said, rules nothing out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from trailkeep.schema import EVENTS
from trailkeep.search.conditions import (
    And,
    Condition,
    Equals,
    Everything,
    Exists,
    Field,
    InNetwork,
    InRange,
    IsNull,
    Not,
    Or,
    Pattern,
)
from trailkeep.search.document import Document
from trailkeep.search.evaluation import matcher

_Test = Callable[[pa.Table], pa.BooleanArray]
_Compared = Equals | IsNull | Exists | InRange | InNetwork

REGION = "region"
"""A column that is in the keys of the lake, not in its objects."""

_LISTS = frozenset(column.name for column in EVENTS if pa.types.is_list(column.type))
_IN_NUMBERS = frozenset("0123456789+-.e")


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """For a table of ``columns``, a truth value for each row, never null: False only where the condition fails.

    ``is_exact`` where True is only where it holds.
    """

    columns: frozenset[str]
    may_hold: _Test
    is_exact: bool


def column_test(condition: Condition) -> ColumnTest | None:
    """What columns tell of a condition; None where they tell nothing."""
    match condition:
        case Everything():
            return ColumnTest(frozenset(), _everywhere, is_exact=True)
        case Not(inner):
            return _opposite(column_test(inner))
        case And(conditions):
            tests = [column_test(each) for each in conditions]
            return _joined([test for test in tests if test], pc.and_, all_tell=None not in tests)
        case Or(conditions):
            tests = [column_test(each) for each in conditions]
            return None if None in tests else _joined([test for test in tests if test], pc.or_, all_tell=True)
        case Equals(field, pattern) if field.path in _TOLD:
            return _told(condition, pattern, _TOLD[field.path])
        case Equals() | IsNull() | Exists() | InRange() | InNetwork():
            return _decided(condition) if condition.field.columns else None
        case _:
            return None


def _everywhere(table: pa.Table) -> pa.BooleanArray:
    return pa.repeat(pa.scalar(True), len(table))


def _opposite(test: ColumnTest | None) -> ColumnTest | None:
    if test is None or not test.is_exact:
        return None
    return replace(test, may_hold=lambda table: pc.invert(test.may_hold(table)))


def _joined(
    tests: list[ColumnTest], how: Callable[[pa.BooleanArray, pa.BooleanArray], pa.BooleanArray], *, all_tell: bool
) -> ColumnTest | None:
    if not tests:
        return None
    return ColumnTest(
        columns=frozenset[str]().union(*(test.columns for test in tests)),
        may_hold=lambda table: reduce(how, (test.may_hold(table) for test in tests)),
        is_exact=all_tell and all(test.is_exact for test in tests),
    )


def _decided(condition: _Compared) -> ColumnTest:
    """A condition on columns of which one must do."""
    tests = [_in_column(condition, name) for name in condition.field.columns]
    return ColumnTest(
        columns=frozenset(condition.field.columns),
        may_hold=lambda table: reduce(pc.or_, (test(table) for test in tests)),
        is_exact=True,
    )


def _in_column(condition: _Compared, name: str) -> _Test:
    """A condition on a column: each value that occurs is held against it once."""
    holds = matcher(replace(condition, field=Field(name, columns=(name,))))
    is_list = name in _LISTS

    def passing(values: pa.Array) -> pa.Array:
        unique = values.unique()
        asked = (Document("", {name: [text] if is_list else text}) for text in unique.to_pylist())
        return unique.filter(pa.array(map(holds, asked), pa.bool_())).drop_null()

    def test(table: pa.Table) -> pa.BooleanArray:
        column = _array(table, name)
        if not is_list:
            return pc.is_in(column, value_set=passing(column))
        elements = pc.list_flatten(column)
        found = pc.is_in(elements, value_set=passing(elements))
        rows = pc.list_parent_indices(column).filter(found)
        places = pa.array(range(len(column)), rows.type)
        return pc.is_in(places, value_set=rows.unique())

    return test


def _array(table: pa.Table, name: str) -> pa.Array:
    return table.column(name).combine_chunks()


# What columns tell of members of the original


@dataclass(frozen=True, slots=True)
class _Told:
    """A column that says what a member says, if that is a text, save for the rows that are ``unsure``."""

    column: str
    columns: frozenset[str]
    unsure: _Test


def _silent(column: str) -> _Told:
    """A column that is null for every member that is no text of its own: a list, nothing, or a word for nothing."""
    return _Told(column, frozenset({column}), lambda table: pc.is_null(_array(table, column)))


def _may_be_named_by_source(table: pa.Table) -> pa.BooleanArray:
    """Where ``service_name`` may come from ``eventSource``: it is that, or its first label."""
    name, source = _array(table, "service_name"), _array(table, "event_source")
    label = pc.list_element(pc.split_pattern(source, ".", max_splits=1), 0)
    same = pc.or_(pc.fill_null(pc.equal(name, source), False), pc.fill_null(pc.equal(name, label), False))
    return pc.or_(pc.is_null(name), same)


_TOLD: dict[tuple[str, ...], _Told] = {
    ("eventSource",): _silent("event_source"),
    ("eventType",): _silent("event_type"),
    ("userAgent",): _silent("user_agent"),
    ("userIdentity", "type"): _silent("user_type"),
    ("userIdentity", "principalId"): _silent("principal_id"),
    ("userIdentity", "accessKeyId"): _silent("access_key_id"),
    ("insightDetails", "insightType"): _silent("insight_type"),
    ("serviceName",): _Told("service_name", frozenset({"service_name", "event_source"}), _may_be_named_by_source),
}
"""Members that have a column which no other member can speak for, or not without it showing.

``eventName``, ``userName`` and other members are not among them: where one of these is a list, which a condition looks
into, their column takes its text from elsewhere, and nothing in the row tells. Nor are ``errorCode`` and
``errorMessage``: their columns are null for most rows, which rules nothing out.
"""


def _told(condition: Equals, pattern: Pattern, told: _Told) -> ColumnTest | None:
    """A necessary test for a member. Numbers are left out: columns may write them another way than the original."""
    if all(_IN_NUMBERS.issuperset(part) for part in pattern if isinstance(part, str)):
        return None
    says = _in_column(condition, told.column)
    return ColumnTest(told.columns, lambda table: pc.or_(says(table), told.unsure(table)), is_exact=False)
