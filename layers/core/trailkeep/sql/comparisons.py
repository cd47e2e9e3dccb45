"""Comparisons: of one kind with the same, or with one that it can be without guessing."""

from sqlglot import exp

from trailkeep.errors import InvalidQuery
from trailkeep.sql.constants import moment
from trailkeep.sql.dialects import Form
from trailkeep.sql.kinds import BOOLEAN, JSON, NUMBERS, ORDERED, TIMES, VARCHAR, Kind, common, is_comparable
from trailkeep.sql.source import Source
from trailkeep.sql.typed import Typed, call

SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_OF_EQUALITY = frozenset({exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ})


def compare(node: exp.Expr, one: Typed, other: Typed, source: Source) -> Typed:
    """One value compared with another by an operator."""
    one, other = alike(one, other, node, source, is_ordered=type(node) not in _OF_EQUALITY)
    return call(Form.same(f"({{0}} {SIGNS[type(node)]} {{1}})"), BOOLEAN, one.node, other.node)


def alike(
    one: Typed, other: Typed, place: exp.Expr, source: Source, *, is_ordered: bool = False
) -> tuple[Typed, Typed]:
    """Two values that can be compared; raises :class:`trailkeep.errors.InvalidQuery` where they cannot."""
    one, other = _as_time(one, other, place, source), _as_time(other, one, place, source)
    kind = common(one.kind, other.kind)
    if kind is None:
        raise _unlike(one, other, place, source)
    if not (kind in ORDERED if is_ordered else is_comparable(kind)):
        hint = (
            "Take a text or a number out of it with json_extract_scalar(…)."
            if kind == JSON
            else "Compare its elements."
        )
        raise source.error(f"{kind} cannot be compared", place, hint=hint)
    return one, other


def _as_time(given: Typed, other: Typed, place: exp.Expr, source: Source) -> Typed:
    """A text that is written out and compared with a time is one."""
    if isinstance(given.node, exp.Literal) and given.kind == VARCHAR and other.kind in TIMES:
        return moment(given.node.name, other.kind, place, source)
    return given


def _unlike(one: Typed, other: Typed, place: exp.Expr, source: Source) -> InvalidQuery:
    kinds = {one.kind, other.kind}
    hint = "Cast one of them to the kind of the other, as in cast(… as bigint)."
    if VARCHAR in kinds and kinds & NUMBERS:
        text, number = (one, other) if one.kind == VARCHAR else (other, one)
        hint = f"Write cast(… as {number.kind}) around the text, or try_cast, which gives NULL for what is no number"
        hint += _quoted(number) if text.kind == VARCHAR else ""
    elif JSON in kinds:
        hint = f"Write cast(… as {_other(kinds, JSON)}) around the JSON, or use json_extract_scalar, which gives text."
    elif kinds & TIMES:
        hint = "Write the text as a time with cast(… as timestamp) or from_iso8601_timestamp(…)."
    return source.error(f"{one.kind} and {other.kind} cannot be compared", place, hint=hint)


def _quoted(number: Typed) -> str:
    return f"; or compare it with the text '{number.node.name}'." if isinstance(number.node, exp.Literal) else "."


def _other(kinds: set[Kind], kind: Kind) -> Kind:
    return next(iter(kinds - {kind}))


def groupable(value: Typed, node: exp.Expr, source: Source) -> exp.Expr:
    """The node of a value that rows can have in common; raises :class:`trailkeep.errors.InvalidQuery` for others."""
    if not is_comparable(value.kind):
        hint = "Take a text out of it: json_extract_scalar(…), or json_format(…)."
        raise source.error(f"{value.kind} makes no groups", node, hint=hint)
    return value.node


def orderable(kind: Kind, node: exp.Expr, source: Source) -> None:
    """Refuse to order by what has no order."""
    if kind not in ORDERED:
        raise source.error(f"{kind} has no order", node)
