"""Values of a statement: what is computed, chosen, cast and made into arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp

from trailkeep.sql.calls import FUNCTIONS, fitted
from trailkeep.sql.comparisons import alike
from trailkeep.sql.constants import moment
from trailkeep.sql.dialects import Call, Form
from trailkeep.sql.functions.casts import CASTS, INSTEAD, tried
from trailkeep.sql.functions.operators import OPERATORS, SIGNS
from trailkeep.sql.kinds import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    JSON,
    SCALARS,
    TIMES,
    TIMESTAMP,
    UNKNOWN,
    VARCHAR,
    Kind,
    array_of,
    common,
)
from trailkeep.sql.place import Place, Rule
from trailkeep.sql.typed import Typed, call


def _operator(node: exp.Expr, place: Place) -> Typed:
    parts = [node.this] if isinstance(node, exp.Neg) else [node.this, node.expression]
    return _fitted_operator(node, [place.typed(each) for each in parts], place)


def _joined(node: exp.Expr, place: Place) -> Typed:
    """A chain of ``||``: of texts side by side, however many, else from its left."""
    first, *rest = parts = [place.typed(each) for each in node.flatten(unnest=False)]
    if all(part.kind == VARCHAR for part in parts):
        return call(Form.same("({* || })"), VARCHAR, *(part.node for part in parts))
    for each in rest:
        first = _fitted_operator(node, [first, each], place)
    return first


def _fitted_operator(node: exp.Expr, given: Sequence[Typed], place: Place) -> Typed:
    source = place.source
    function, kind, arguments = fitted(OPERATORS[type(node)], given, node, source, name=SIGNS[type(node)])
    return call(function.form, kind, *map(_wide, arguments))


def _wide(node: exp.Expr) -> exp.Expr:
    """A number that is written out, with 64 bits: engines give it 32, which sums and products do not fit into."""
    is_number = isinstance(node, exp.Literal) and not node.is_string
    return Call(form=Form.same("CAST({0} AS BIGINT)"), expressions=[node]) if is_number else node


def _case(node: exp.Expr, place: Place) -> Typed:
    place.source.only(node, "this", "ifs", "default")
    compared = place.typed(node.this) if node.this else None
    ifs, kind = [], UNKNOWN
    for branch in node.args["ifs"]:
        value = place.typed(branch.args["true"])
        kind = _together(kind, value.kind, branch, place)
        ifs.append(exp.If(this=_when(branch.this, compared, place), true=value.node))
    default = place.typed(node.args["default"]) if node.args.get("default") else Typed(exp.null(), UNKNOWN)
    kind = _together(kind, default.kind, node, place)
    case = exp.Case(this=compared and compared.node, ifs=ifs, default=default.node)
    return call(Form.same("{0}"), kind, case)


def _when(node: exp.Expr, compared: Typed | None, place: Place) -> exp.Expr:
    """What a branch of CASE asks for: a condition, or a value to compare with."""
    if compared is None:
        return replace(place, clause="WHEN").condition(node).node
    return alike(compared, place.typed(node), node, place.source)[1].node


def _array(node: exp.Expr, place: Place) -> Typed:
    place.source.only(node, "expressions")
    values = [place.typed(each) for each in node.expressions]
    kind = UNKNOWN
    for value in values:
        kind = _together(kind, value.kind, node, place)
    form = Form("ARRAY[{*}]", "[{*}]") if values else Form("ARRAY[]", "[]")
    return call(form, array_of(kind), *(each.node for each in values))


def _bracket(node: exp.Expr, place: Place) -> Typed:
    """An element by its place: ``resource_names[1]``."""
    place.source.only(node, "this", "expressions")
    given = [place.typed(each) for each in (node.this, *node.expressions)]
    function, kind, arguments = fitted(FUNCTIONS["element_at"], given, node, place.source, name="[ ]")
    return call(function.form, kind, *arguments)


def _together(one: Kind, other: Kind, node: exp.Expr, place: Place) -> Kind:
    """The kind that both can be."""
    kind = common(one, other)
    if kind is None:
        raise place.source.error(f"{one} and {other} cannot stand for each other", node, hint="Cast one of them.")
    return kind


def _cast(node: exp.Expr, place: Place) -> Typed:
    place.source.only(node, "this", "to", "safe")
    source, wanted = place.source, _wanted(node.args["to"], node, place)
    literal = node.this
    if isinstance(literal, exp.Literal) and literal.is_string and wanted in TIMES and not isinstance(node, exp.TryCast):
        return moment(literal.name, wanted, node, source)
    given = place.typed(literal)
    if given.kind == wanted:
        return given
    form = CASTS.get((given.kind, wanted))
    if form is None:
        hint = INSTEAD.get((given.kind, wanted), "docs/sql.md lists what can be cast to what.")
        raise source.error(f"{given.kind} cannot be cast to {wanted}", node, hint=hint)
    return call(tried(form) if isinstance(node, exp.TryCast) else form, wanted, given.node)


_WANTED = (BOOLEAN, BIGINT, DOUBLE, VARCHAR, DATE, TIMESTAMP, JSON)
_CAST_TO = ", ".join(map(str, (*_WANTED[:-1], array_of(VARCHAR))))
_KINDS = {"TEXT": "varchar", "INT": "bigint", "SMALLINT": "bigint", "TINYINT": "bigint"}


def _wanted(data_type: exp.Expr, node: exp.Expr, place: Place) -> Kind:
    """The kind that a type in a cast means."""
    name = data_type.this.name if isinstance(data_type.this, exp.DType) else str(data_type.this)
    inner = data_type.expressions
    if name == "ARRAY" and len(inner) == 1 and isinstance(inner[0], exp.DataType):
        return array_of(_wanted(inner[0], node, place))
    kind = SCALARS.get(_KINDS.get(name, name.lower()))
    if kind is None or kind not in _WANTED or (inner and kind not in TIMES):
        written = data_type.sql("trino").lower()
        raise place.source.error(f"nothing can be cast to {written} here", node, hint=f"Cast to one of {_CAST_TO}.")
    return kind


RULES: Mapping[type[exp.Expr], Rule] = MappingProxyType(
    {
        **dict.fromkeys(OPERATORS, _operator),
        exp.DPipe: _joined,
        exp.Case: _case,
        exp.Array: _array,
        exp.Bracket: _bracket,
        **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
    }
)
