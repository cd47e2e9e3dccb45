"""Queries: a SELECT, several of them set together, and what WITH names. What has no rule here is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from trailkeep.sql.aggregates import direction
from trailkeep.sql.columns import TABLES
from trailkeep.sql.comparisons import orderable
from trailkeep.sql.kinds import Kind, common, is_comparable
from trailkeep.sql.positions import limits, output_number
from trailkeep.sql.relations import renamed
from trailkeep.sql.scopes import Scope
from trailkeep.sql.selected import Selected
from trailkeep.sql.selects import Select
from trailkeep.sql.source import Source, spoken
from trailkeep.sql.uses import Uses


class Queries:
    """Checks the queries of one statement."""

    def __init__(self, source: Source, uses: Uses) -> None:
        self._source = source
        self._uses = uses

    def statement(self, node: exp.Expr) -> Selected:
        """The whole statement, whose SELECTs read the log where they have no FROM."""
        return self._query(node, None, {}, reads_log=True)

    def _nested(self, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Selected]) -> Selected:
        return self._query(node, outer, ctes, reads_log=False)

    def _query(self, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Selected], *, reads_log: bool) -> Selected:
        if isinstance(node, exp.Subquery):
            self._source.only(node, "this")
            return self._query(node.this, outer, ctes, reads_log=reads_log)
        named = self._with(node.args.get("with_"), ctes)
        visible = {**ctes, **named}
        if isinstance(node, exp.Select):
            selected = Select(node, Scope(self._source, self._uses, outer), visible, self._nested, reads_log).check()
        elif isinstance(node, exp.SetOperation):
            selected = self._set(node, outer, visible, reads_log=reads_log)
        else:
            raise self._source.error(f"expected a SELECT, and this is {spoken(node)}", node)
        if named:
            selected.node.set("with_", exp.With(expressions=[_cte(name, each) for name, each in named.items()]))
        return selected

    def _with(self, node: exp.Expr | None, ctes: Mapping[str, Selected]) -> dict[str, Selected]:
        """The queries that WITH names, each of which sees those before it."""
        named: dict[str, Selected] = {}
        if node is None:
            return named
        self._source.only(node, "expressions")
        for cte in node.expressions:
            self._source.only(cte, "this", "alias")
            name = cte.alias.lower()
            if name in TABLES or name in named or name.startswith("_"):
                raise self._source.error(f"{cte.alias} is the name of another table", cte.args["alias"])
            selected = self._query(cte.this, None, {**ctes, **named}, reads_log=False)
            named[name] = replace(selected, columns=renamed(selected, cte.args["alias"], self._source))
        return named

    def _set(
        self, node: exp.SetOperation, outer: Scope | None, ctes: Mapping[str, Selected], *, reads_log: bool
    ) -> Selected:
        """UNION, INTERSECT or EXCEPT of two queries with as many columns, of like kinds."""
        self._source.only(node, "with_", "this", "expression", "distinct", "order", "limit", "offset")
        for part in (node.this, node.expression):
            if isinstance(part, exp.Intersect) is not isinstance(node, exp.Intersect) and isinstance(
                part, exp.SetOperation
            ):
                raise self._source.error("put brackets around what belongs together: INTERSECT binds tighter", part)
        one, other = (self._query(part, outer, ctes, reads_log=reads_log) for part in (node.this, node.expression))
        if len(one.columns) != len(other.columns):
            message = f"{spoken(node)} of {len(one.columns)} columns with {len(other.columns)}"
            raise self._source.error(message, node.expression, hint="Select as many columns in both.")
        columns = []
        for (name, kind), (_, second) in zip(one.columns, other.columns, strict=True):
            both = common(kind, second)
            if both is None or not is_comparable(both):
                raise self._source.error(
                    f"{name} is {kind} in one SELECT and {second} in the other", node.expression, hint="Cast one."
                )
            columns.append((name, both))
        made: exp.SetOperation = type(node)(
            this=_bracketed(one.node), expression=_bracketed(other.node), distinct=bool(node.args.get("distinct"))
        )
        if order := node.args.get("order"):
            items = [self._ordered(item, columns, spoken(node)) for item in order.expressions]
            made.set("order", exp.Order(expressions=items))
        limits(node, made, self._source)
        return Selected(made, tuple(columns), one.reads + other.reads)

    def _ordered(self, item: exp.Expr, columns: Sequence[tuple[str, Kind]], of: str) -> exp.Ordered:
        """A column of several queries set together, as ORDER BY names it."""
        number = output_number(item.this, [name for name, _ in columns], self._source)
        if number is None:
            raise self._source.error(f"what {of} gives can be ordered by its columns alone", item)
        orderable(columns[number - 1][1], item, self._source)
        return direction(item, exp.Literal.number(number), self._source)


def _bracketed(query: exp.Query) -> exp.Expr:
    """A part of a set as one: its own LIMIT or set is not that of the whole."""
    is_plain = isinstance(query, exp.Select) and not any(
        query.args.get(name) for name in ("with_", "order", "limit", "offset")
    )
    return query if is_plain else exp.Subquery(this=query)


def _cte(name: str, selected: Selected) -> exp.CTE:
    columns = [exp.to_identifier(column, quoted=True) for column, _ in selected.columns]
    return exp.CTE(this=selected.node, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True), columns=columns))
