"""Functions over several rows: of a group, with DISTINCT, ORDER BY and FILTER, or of a window."""

from collections.abc import Sequence

from sqlglot import exp

from trailkeep.sql.calls import fitted, named
from trailkeep.sql.comparisons import groupable, orderable
from trailkeep.sql.dialects import Aggregate, Call, Form
from trailkeep.sql.functions.function import Role
from trailkeep.sql.kinds import BIGINT, ORDERED, is_comparable
from trailkeep.sql.place import Place
from trailkeep.sql.source import Source
from trailkeep.sql.typed import Typed, as_bigint

_COUNT_ROWS = Form.same("count(*)")
_WITH_ORDER = "array_agg"
_INSIDE = "Put it into a SELECT inside this one."


def aggregate(node: exp.Expr, place: Place) -> Typed:
    """A function over the rows of a group: ``count(DISTINCT user_name)``."""
    made, is_wider = _made(node, place)
    return as_bigint(made.node) if is_wider else made


def filtered(node: exp.Expr, place: Place) -> Typed:
    """The same over those that meet a condition: ``count(*) FILTER (WHERE …)``."""
    made, is_wider = _filtered(node, place)
    return as_bigint(made.node) if is_wider else made


def windowed(node: exp.Expr, place: Place) -> Typed:
    """A function over the rows of a window: ``rank() OVER (PARTITION BY … ORDER BY …)``."""
    place.source.only(node, "this", "partition_by", "order", "spec", "over")
    if not place.windows:
        raise place.source.error(f"a window cannot stand in {place.clause}", node, hint=_INSIDE)
    inside = place.within(aggregates=place.aggregates)
    of = node.this
    made, is_wider = (_filtered if isinstance(of, exp.Filter) else _made)(of, inside, is_window=True)
    window = exp.Window(
        this=made.node,
        partition_by=[
            groupable(inside.typed(each), each, place.source) for each in node.args.get("partition_by") or []
        ],
        order=ordered(node.args["order"].expressions, inside) if node.args.get("order") else None,
        spec=_frame(node.args["spec"], place.source) if node.args.get("spec") else None,
        over="OVER",
    )
    return as_bigint(window) if is_wider else Typed(window, made.kind)


def ordered(items: Sequence[exp.Expr], place: Place, this: exp.Expr | None = None) -> exp.Order:
    """ORDER BY; in an aggregate ``this`` is what stands before it. NULLs come last, unless it says first."""
    return exp.Order(this=this, expressions=[_ordered(each, place) for each in items])


def _ordered(item: exp.Expr, place: Place) -> exp.Ordered:
    value = place.typed(item.this)
    orderable(value.kind, item, place.source)
    return direction(item, value.node, place.source)


def direction(item: exp.Expr, node: exp.Expr, source: Source) -> exp.Ordered:
    """A value with the direction that it is ordered in."""
    source.only(item, "this", "desc", "nulls_first")
    return exp.Ordered(this=node, desc=bool(item.args.get("desc")), nulls_first=bool(item.args.get("nulls_first")))


def _filtered(node: exp.Expr, place: Place, *, is_window: bool = False) -> tuple[Typed, bool]:
    place.source.only(node, "this", "expression")
    made, is_wider = _made(node.this, place, is_window=is_window)
    where = place.within().condition(node.expression.this).node
    return Typed(exp.Filter(this=made.node, expression=exp.Where(this=where)), made.kind), is_wider


def _made(node: exp.Expr, place: Place, *, is_window: bool = False) -> tuple[Typed, bool]:
    """The call itself, and whether its number is to be made one of 64 bits."""
    if not isinstance(node, exp.Anonymous):
        raise place.source.refusal(node)
    functions = named(node.name, node, place.source)
    if functions[0].role is Role.SCALAR:
        raise place.source.error(f"{node.name} is no function over several rows", node)
    if functions[0].role is Role.WINDOW and not is_window:
        raise place.source.error(f"{node.name} stands before OVER (…)", node)
    if not (place.aggregates or is_window):
        hint = "A condition on groups stands in HAVING." if place.clause == "WHERE" else _INSIDE
        message = f"{node.name} makes one value of many rows, and cannot stand in {place.clause}"
        raise place.source.error(message, node, hint=hint)
    inside = place if is_window else place.within()
    kind_of_node = Call if is_window else Aggregate
    if node.name.lower() == "count" and [type(each) for each in node.expressions] == [exp.Star]:
        return Typed(kind_of_node(form=_COUNT_ROWS), BIGINT), False
    arguments, is_distinct, order = _parts(node, place)
    given = [inside.typed(each) for each in arguments]
    function, kind, nodes = fitted(functions, given, node, place.source)
    if is_window and (is_distinct or "DISTINCT" in function.form.trino):
        raise place.source.error("DISTINCT cannot stand before OVER (…)", node)
    if is_distinct and not is_comparable(given[0].kind):
        raise place.source.error(f"{given[0].kind} cannot be told apart by DISTINCT", node)
    if is_distinct:
        nodes = [exp.Distinct(expressions=nodes)]
    if function.name == _WITH_ORDER and not is_window:
        nodes = [_in_order(nodes[0], given[0], order, node, inside)]
    return Typed(kind_of_node(form=function.form, expressions=nodes), kind), function.is_wider


def _parts(node: exp.Expr, place: Place) -> tuple[Sequence[exp.Expr], bool, exp.Order | None]:
    """The arguments of an aggregate, whether different ones alone count, and the order that it takes them in."""
    arguments: Sequence[exp.Expr] = node.expressions
    order = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], exp.Order) else None
    if order and node.name.lower() != _WITH_ORDER:
        raise place.source.error("ORDER BY changes nothing here", order)
    arguments = [order.this] if order else arguments
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        place.source.only(arguments[0], "expressions")
        if len(arguments[0].expressions) != 1:
            raise place.source.error("DISTINCT takes one value", node, hint="Join several to one text with || first.")
        return arguments[0].expressions, True, order
    return arguments, False, order


def _in_order(argument: exp.Expr, given: Typed, order: exp.Order | None, node: exp.Expr, place: Place) -> exp.Expr:
    """The values of array_agg in the order that is asked for, or else in their own: always the same."""
    if order is None:
        items = [exp.Ordered(this=given.node.copy(), desc=False, nulls_first=False)]
        return exp.Order(this=argument, expressions=items) if given.kind in ORDERED else argument
    made = ordered(order.expressions, place, argument)
    if isinstance(argument, exp.Distinct) and any(each.this != given.node for each in made.expressions):
        raise place.source.error("with DISTINCT the values can be ordered by themselves alone", node)
    return made


def _frame(spec: exp.Expr, source: Source) -> exp.WindowSpec:
    """``ROWS BETWEEN 1 PRECEDING AND CURRENT ROW``."""
    source.only(spec, "kind", "start", "start_side", "end", "end_side")
    kind = str(spec.args["kind"]).upper()
    edges = {name: spec.args.get(name) for name in ("start", "end")}
    if kind not in ("ROWS", "RANGE"):
        raise source.error("a window is of ROWS or of a RANGE", spec)
    for edge in edges.values():
        is_number = isinstance(edge, exp.Literal) and edge.name.isdecimal() and kind == "ROWS"
        if not (edge is None or edge in ("UNBOUNDED", "CURRENT ROW") or is_number):
            raise source.error("a window is bounded by UNBOUNDED, CURRENT ROW, or a number of ROWS", spec)
    sides = {name: str(spec.args[name]).upper() for name in ("start_side", "end_side") if spec.args.get(name)}
    copied = {name: edge.copy() if isinstance(edge, exp.Expr) else edge for name, edge in edges.items()}
    return exp.WindowSpec(kind=kind, **copied, **sides)
