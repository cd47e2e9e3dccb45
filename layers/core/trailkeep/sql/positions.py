"""Numbers that stand for what is selected, and numbers of rows."""

from collections.abc import Sequence

from sqlglot import exp

from trailkeep.sql.source import Source

_MOST = 2**63 - 1


def is_position(item: exp.Expr) -> bool:
    """Whether a number stands for a column that is selected."""
    return isinstance(item, exp.Literal) and not item.is_string


def position(item: exp.Expr, count: int, source: Source) -> int:
    """The number of a column that is selected."""
    if not item.name.isdecimal() or not 1 <= int(item.name) <= count:
        raise source.error(f"{item.name} is no column that is selected: there are {count}", item)
    return int(item.name)


def output_number(item: exp.Expr, names: Sequence[str], source: Source) -> int | None:
    """Which of the columns that are selected is named, by its number or its name; None for anything else."""
    if is_position(item):
        return position(item, len(names), source)
    if isinstance(item, exp.Column) and not item.table:
        lower = [name.lower() for name in names]
        return lower.index(item.name.lower()) + 1 if item.name.lower() in lower else None
    return None


def limits(node: exp.Expr, made: exp.Query, source: Source) -> None:
    """LIMIT and OFFSET, which are numbers."""
    for name, clause in (("limit", exp.Limit), ("offset", exp.Offset)):
        if (written := node.args.get(name)) is None:
            continue
        if not isinstance(written, clause):
            raise source.error(f"{written.key.upper()} is not offered", written, hint="Use LIMIT.")
        source.only(written, "expression")
        number = written.expression
        if not (is_position(number) and number.name.isdecimal() and int(number.name) <= _MOST):
            raise source.error(f"{name.upper()} is a number", written)
        made.set(name, clause(expression=exp.Literal.number(int(number.name))))
