"""GROUP BY: what one row stands for, and what may be selected of it."""

from collections.abc import Sequence

from sqlglot import exp

from trailkeep.sql.comparisons import groupable
from trailkeep.sql.dialects import Aggregate
from trailkeep.sql.place import Place
from trailkeep.sql.positions import is_position, position
from trailkeep.sql.typed import Typed


def is_aggregated(node: exp.Expr) -> bool:
    """Whether a value is made of the rows of a group. SELECTs within it are for themselves."""
    return any(isinstance(each, Aggregate) for each in _own(node))


def is_of_several(node: exp.Expr) -> bool:
    """Whether a value is made of several rows: of a group or of a window."""
    return any(isinstance(each, Aggregate | exp.Window) for each in _own(node))


def _own(node: exp.Expr) -> Sequence[exp.Expr]:
    return list(node.walk(prune=lambda each: isinstance(each, exp.Subquery)))


def groups(items: Sequence[exp.Expr], outputs: Sequence[Typed], place: Place) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """What GROUP BY names: as it is written, and the values that it means. A number is a column that is selected."""
    written: list[exp.Expr] = []
    values: list[exp.Expr] = []
    for item in items:
        value = outputs[position(item, len(outputs), place.source) - 1] if is_position(item) else place.typed(item)
        if is_of_several(value.node):
            raise place.source.error("groups cannot be made by what is made of groups", item)
        node = groupable(value, item, place.source)
        same = [number for number, output in enumerate(outputs, start=1) if output.node == node]
        written.append(exp.Literal.number(same[0]) if same else node.copy())
        values.append(node)
    return written, values


def check_grouped(node: exp.Expr, by: Sequence[exp.Expr], written: exp.Expr, place: Place) -> None:
    """Refuse a value that rows of one group may have several of."""
    is_made_of_rows = isinstance(node.this if isinstance(node, exp.Filter) else node, Aggregate)
    if is_made_of_rows or isinstance(node, exp.Subquery) or any(node == each for each in by):
        return
    own = {relation.name for relation in place.scope.relations}
    if isinstance(node, exp.Column) and node.table in own:
        message = f"{node.name} must stand in GROUP BY, or inside an aggregate such as arbitrary"
        raise place.source.error(message, written)
    for child in node.iter_expressions():
        check_grouped(child, by, written, place)
