"""Expressions: parsed nodes → new ones that may run, with their kinds. What has no rule is refused.

Nothing of the parsed tree is taken over: what no rule makes anew cannot come through.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlglot import exp, maybe_parse

from trailkeep.sql import conditions, values
from trailkeep.sql.aggregates import aggregate, filtered, windowed
from trailkeep.sql.calls import fitted, is_scalar, named
from trailkeep.sql.constants import constant, interval
from trailkeep.sql.dialects import AsWritten
from trailkeep.sql.kinds import UNKNOWN
from trailkeep.sql.place import Place, Rule
from trailkeep.sql.typed import Typed, call


def check(node: exp.Expr, place: Place) -> Typed:
    """What a parsed expression becomes; raises :class:`trailkeep.errors.InvalidQuery` for what may not be run."""
    rule = _RULES.get(type(node))
    if rule is None:
        raise place.source.refusal(node)
    return rule(node, place)


def _column(node: exp.Expr, place: Place) -> Typed:
    if not isinstance(node, exp.Column | exp.Dot) or not all(isinstance(part, exp.Identifier) for part in node.parts):
        raise place.source.refusal(node)
    names = [part.name for part in node.parts]
    if len(names) == 1 and (alias := place.aliases.get(names[0].lower())):
        return Typed(alias.node.copy(), alias.kind)
    found = place.scope.find(names, node)
    if not found.computed:
        return Typed(found.column, found.kind)
    computed: exp.Expr = maybe_parse(found.computed, dialect=AsWritten)
    for column in computed.find_all(exp.Column):
        column.set("table", exp.to_identifier(found.column.table, quoted=True))
    return place.typed(computed)


def _constant(node: exp.Expr, place: Place) -> Typed:
    return constant(node, place.source)


def _interval(node: exp.Expr, place: Place) -> Typed:
    return interval(node, place.source)


def _paren(node: exp.Expr, place: Place) -> Typed:
    return place.typed(node.this)


def _function(node: exp.Expr, place: Place) -> Typed:
    return _called(node.name, node.expressions, node, place)


def _called(name: str, arguments: Sequence[exp.Expr], node: exp.Expr, place: Place) -> Typed:
    functions = named(name, node, place.source)
    if not is_scalar(functions):
        return aggregate(node, place)
    given = [place.typed(each) for each in arguments]
    function, kind, fitting = fitted(functions, given, node, place.source)
    # What is NULL of whatever kind is written as that: engines take it for a kind of their choice.
    return call(function.form, kind, *fitting) if kind != UNKNOWN else Typed(exp.null(), UNKNOWN)


def _spelled(name: str, *arguments: str) -> Rule:
    """A function with a syntax of its own: ``substring(a FROM 2)``."""

    def rule(node: exp.Expr, place: Place) -> Typed:
        place.source.only(node, *arguments)
        return _called(name, [node.args[each] for each in arguments if node.args.get(each)], node, place)

    return rule


def _extract(node: exp.Expr, place: Place) -> Typed:
    return _called(node.this.name, [node.expression], node, place)


_RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        exp.Column: _column,
        exp.Dot: _column,
        **dict.fromkeys((exp.Literal, exp.Boolean, exp.Null), _constant),
        exp.Interval: _interval,
        exp.Paren: _paren,
        exp.Anonymous: _function,
        exp.Filter: filtered,
        exp.Window: windowed,
        exp.Extract: _extract,
        exp.If: _spelled("if", "this", "true", "false"),
        exp.Substring: _spelled("substr", "this", "start", "length"),
        exp.Trim: _spelled("trim", "this"),
        exp.StrPosition: _spelled("strpos", "this", "substr"),
        **conditions.RULES,
        **values.RULES,
    }
)
