"""Checked parts of a statement: new nodes, each with the kind of its value."""

from dataclasses import dataclass

from sqlglot import exp

from trailkeep.sql.dialects import Call, Form
from trailkeep.sql.kinds import BIGINT, BOOLEAN, DATE, DOUBLE, TIMESTAMP, UNKNOWN, VARCHAR, Kind

_CAST_NULL = frozenset({BIGINT, BOOLEAN, DATE, DOUBLE, TIMESTAMP, VARCHAR})


@dataclass(frozen=True, slots=True)
class Typed:
    """A node made anew from a parsed one, never a piece of that, and the kind of its value."""

    node: exp.Expr
    kind: Kind


def call(form: Form, kind: Kind, *arguments: exp.Expr) -> Typed:
    """A call in a form."""
    return Typed(Call(form=form, expressions=list(arguments)), kind)


def as_kind(typed: Typed, wanted: Kind) -> exp.Expr:
    """The node of a value for what takes a kind: not all of that takes a date for a timestamp, or a bare NULL."""
    if (typed.kind, wanted) == (DATE, TIMESTAMP) or (typed.kind == UNKNOWN and wanted in _CAST_NULL):
        return Call(form=Form.same(f"CAST({{0}} AS {wanted.name.upper()})"), expressions=[typed.node])
    return typed.node


def as_bigint(node: exp.Expr) -> Typed:
    """A number of 64 bits, of one that may have more."""
    return Typed(exp.Cast(this=node, to=exp.DataType.build("BIGINT")), BIGINT)
