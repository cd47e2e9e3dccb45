"""Conditions of a statement: comparisons and what joins them."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from trailkeep.sql.comparisons import SIGNS, alike, compare
from trailkeep.sql.dialects import Call, Form
from trailkeep.sql.kinds import BOOLEAN, UNKNOWN, VARCHAR, Kind
from trailkeep.sql.place import Place, Rule
from trailkeep.sql.source import spoken
from trailkeep.sql.typed import Typed, call


def _chain(node: exp.Expr, place: Place) -> Typed:
    """AND and OR: as many as there are, side by side."""
    parts = [place.condition(each) for each in node.flatten(unnest=False)]
    return call(Form.same(f"({{* {spoken(node)} }})"), BOOLEAN, *(each.node for each in parts))


def _not(node: exp.Expr, place: Place) -> Typed:
    return call(Form.same("(NOT {0})"), BOOLEAN, place.condition(node.this).node)


def _compared(node: exp.Expr, place: Place) -> Typed:
    return compare(node, place.typed(node.this), place.typed(node.expression), place.source)


def _is(node: exp.Expr, place: Place) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise place.source.error("IS goes with NULL alone", node)
    return call(Form.same("({0} IS NULL)"), BOOLEAN, place.typed(node.this).node)


def _between(node: exp.Expr, place: Place) -> Typed:
    place.source.only(node, "this", "low", "high")
    value, source = place.typed(node.this), place.source
    value, low = alike(value, place.typed(node.args["low"]), node, source, is_ordered=True)
    value, high = alike(value, place.typed(node.args["high"]), node, source, is_ordered=True)
    return call(Form.same("({0} BETWEEN {1} AND {2})"), BOOLEAN, value.node, low.node, high.node)


def _in(node: exp.Expr, place: Place) -> Typed:
    place.source.only(node, "this", "expressions", "query")
    value, source = place.typed(node.this), place.source
    query = node.args.get("query")
    if query is not None:
        nested, kind = _one_column(query, place)
        alike(value, Typed(nested, kind), node, source)
        return call(Form.same("({0} IN {1})"), BOOLEAN, value.node, nested)
    if not node.expressions:
        raise place.source.error("IN takes values or a SELECT in brackets", node)
    listed = [alike(value, place.typed(each), each, source)[1].node for each in node.expressions]
    return call(Form.same("({0} IN {1})"), BOOLEAN, value.node, Call(form=Form.same("({*})"), expressions=listed))


def _like(node: exp.Expr, place: Place) -> Typed:
    escape = None
    if isinstance(node, exp.Escape):
        node, escape = node.this, place.typed(node.expression)
    if not isinstance(node, exp.Like):
        raise place.source.refusal(node)
    place.source.only(node, "this", "expression", "negate")
    parts = [place.typed(node.this), place.typed(node.expression), *([escape] if escape else [])]
    if any(part.kind not in (VARCHAR, UNKNOWN) for part in parts):
        raise place.source.error("LIKE compares texts", node, hint="cast(… as varchar) makes a text of a number.")
    if escape and not (isinstance(escape.node, exp.Literal) and len(escape.node.name) == 1):
        raise place.source.error("what escapes is one character in quotes", node)
    form = f"({{0}} {'NOT ' if node.args.get('negate') else ''}LIKE {{1}}{' ESCAPE {2}' if escape else ''})"
    return call(Form.same(form), BOOLEAN, *(part.node for part in parts))


def _exists(node: exp.Expr, place: Place) -> Typed:
    query, _ = place.subquery(node.this, place.scope)
    return call(Form.same("(EXISTS {0})"), BOOLEAN, exp.Subquery(this=query))


def _scalar(node: exp.Expr, place: Place) -> Typed:
    """A SELECT for a value."""
    return Typed(*_one_column(node, place))


def _one_column(node: exp.Expr, place: Place) -> tuple[exp.Expr, Kind]:
    place.source.only(node, "this")
    query, kinds = place.subquery(node.this, place.scope)
    if len(kinds) != 1:
        raise place.source.error("a SELECT for a value selects one column", node)
    return exp.Subquery(this=query), kinds[0]


RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        **dict.fromkeys((exp.And, exp.Or), _chain),
        exp.Not: _not,
        **dict.fromkeys(SIGNS, _compared),
        exp.Is: _is,
        exp.Between: _between,
        exp.In: _in,
        **dict.fromkeys((exp.Like, exp.Escape), _like),
        exp.Exists: _exists,
        exp.Subquery: _scalar,
    }
)
