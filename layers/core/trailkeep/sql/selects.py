"""One SELECT, clause by clause: FROM first, then what is selected of it, then what that is ordered by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlglot import exp

from trailkeep.sql import expressions
from trailkeep.sql.aggregates import direction, ordered
from trailkeep.sql.comparisons import orderable
from trailkeep.sql.grouping import check_grouped, groups, is_aggregated, is_of_several
from trailkeep.sql.kinds import DAYS, INTERVAL, Kind, is_comparable
from trailkeep.sql.paths import path_name
from trailkeep.sql.place import Place
from trailkeep.sql.positions import limits, output_number
from trailkeep.sql.relations import Relations
from trailkeep.sql.scopes import Scope
from trailkeep.sql.selected import Selected, distinct_names
from trailkeep.sql.typed import Typed

_CLAUSES = (
    *("with_", "expressions", "distinct", "from_", "joins", "where"),
    *("group", "having", "order", "limit", "offset"),
)

Nested = Callable[[exp.Expr, Scope | None, Mapping[str, Selected]], Selected]
"""Checks a query within this one, which sees the names of a scope and what WITH names."""


class _Output(NamedTuple):
    """Something that is selected: as it was parsed, its name, and what it becomes."""

    written: exp.Expr
    name: str
    value: Typed


@dataclass
class Select:
    """Checks one SELECT, in the scope made for it."""

    node: exp.Select
    scope: Scope
    ctes: Mapping[str, Selected]
    nested: Nested
    reads_log: bool
    """Whether it reads the log where it has no FROM."""

    def __post_init__(self) -> None:
        self.reads = 0
        self._base = Place(self.scope, expressions.check, self._subquery, "SELECT")

    def _subquery(self, node: exp.Expr, scope: Scope) -> tuple[exp.Query, Sequence[Kind]]:
        selected = self.nested(node, scope, self.ctes)
        self.reads += selected.reads
        return selected.node, selected.kinds

    def check(self) -> Selected:
        """The SELECT made anew."""
        node = self.node
        self.scope.source.only(node, *_CLAUSES)
        made = exp.Select()
        self._from(made)
        if where := node.args.get("where"):
            made.set("where", exp.Where(this=self._place("WHERE").condition(where.this).node))
        outputs = self._outputs()
        self._grouped(made, outputs)
        if distinct := node.args.get("distinct"):
            self.scope.source.only(distinct)
            self._refuse_incomparable(outputs)
            made.set("distinct", exp.Distinct())
        names = distinct_names([output.name for output in outputs])
        made.set("expressions", [_named(output.value.node, name) for output, name in zip(outputs, names, strict=True)])
        limits(node, made, self.scope.source)
        kinds = [output.value.kind for output in outputs]
        return Selected(made, tuple(zip(names, kinds, strict=True)), self.reads)

    def _place(self, clause: str, *, aggregates: bool = False, windows: bool = False) -> Place:
        return replace(self._base, clause=clause, aggregates=aggregates, windows=windows)

    def _from(self, made: exp.Select) -> None:
        relations = Relations(
            self._place("FROM"), self.ctes, lambda node: self.nested(node, self.scope.outer, self.ctes)
        )
        if source := self.node.args.get("from_"):
            made.set("from_", relations.source(source))
        elif self.reads_log:
            made.set("from_", relations.log(self.node))
        made.set("joins", [relations.join(join) for join in self.node.args.get("joins") or []])
        self.reads += relations.reads

    def _outputs(self) -> list[_Output]:
        place = self._place("SELECT", aggregates=True, windows=True)
        outputs: list[_Output] = []
        if not self.node.expressions:
            raise self.scope.source.error("SELECT selects nothing", self.node)
        for item in self.node.expressions:
            if star := self._star(item):
                outputs += star
                continue
            inner = item.this if isinstance(item, exp.Alias) else item
            value = place.typed(inner)
            if value.kind in (INTERVAL, DAYS):
                hint = "date_diff('second', …, …) gives a number."
                raise place.source.error("an interval cannot be selected", item, hint=hint)
            outputs.append(_Output(item, self._name(item, value, len(outputs)), value))
        return outputs

    def _star(self, item: exp.Expr) -> list[_Output]:
        """What ``*`` or ``t.*`` stands for; nothing for what is neither."""
        star = item.this if isinstance(item, exp.Column) else item
        if not isinstance(star, exp.Star):
            return []
        self.scope.source.only(star)
        relations = self.scope.relations
        if isinstance(item, exp.Column):
            relations = [each for each in relations if each.name.lower() == item.table.lower()]
        if not relations:
            raise self.scope.source.error(f"there is nothing that {item.sql()} could stand for", item)
        found = [each for relation in relations for each in self.scope.star(relation)]
        return [_Output(item, each.column.name, Typed(each.column, each.kind)) for each in found]

    def _name(self, item: exp.Expr, value: Typed, index: int) -> str:
        """The name of a column that is selected: given, its own, or a number, as Presto gives it."""
        if item.alias:
            return item.alias
        if isinstance(item, exp.Column | exp.Dot) and isinstance(value.node, exp.Column):
            path = self.scope.uses.paths.get(value.node.name)
            return path_name(path) if path else value.node.name
        return item.name if isinstance(item, exp.Column) else f"_col{index}"

    def _grouped(self, made: exp.Select, outputs: Sequence[_Output]) -> None:
        """GROUP BY, HAVING and ORDER BY, and whether they and what is selected go together."""
        node, values = self.node, [output.value for output in outputs]
        aliases = {output.name.lower(): output.value for output in reversed(outputs) if output.written.alias}
        group, having, order = (node.args.get(name) for name in ("group", "having", "order"))
        by: list[exp.Expr] = []
        if group:
            self.scope.source.only(group, "expressions")
            of_rows = {name: each for name, each in aliases.items() if not is_of_several(each.node)}
            place = replace(self._place("GROUP BY"), aliases=of_rows)
            written, by = groups(group.expressions, values, place)
            made.set("group", exp.Group(expressions=written))
        checked = [(output.value.node, output.written) for output in outputs]
        if having:
            place = replace(self._place("HAVING", aggregates=True), aliases=aliases)
            made.set("having", exp.Having(this=place.condition(having.this).node))
            checked.append((made.args["having"].this, having))
        if order:
            items = self._order(order, outputs, aliases)
            made.set("order", exp.Order(expressions=items))
            checked += [(each.this, item) for each, item in zip(items, order.expressions, strict=True)]
        if group or having or any(is_aggregated(each) for each, _ in checked):
            for each, written_item in checked:
                check_grouped(each, by, written_item, self._base)

    def _order(self, order: exp.Expr, outputs: Sequence[_Output], aliases: Mapping[str, Typed]) -> list[exp.Expr]:
        place = replace(self._place("ORDER BY", aggregates=True, windows=True), aliases=aliases)
        names = [output.name for output in outputs]
        items: list[exp.Expr] = []
        for item in order.expressions:
            number = output_number(item.this, names, self.scope.source)
            if number is None and self.node.args.get("distinct"):
                raise place.source.error("what SELECT DISTINCT gives can be ordered by what is selected alone", item)
            if number is None:
                items += ordered([item], place).expressions
                continue
            orderable(outputs[number - 1].value.kind, item, place.source)
            items.append(direction(item, exp.Literal.number(number), self.scope.source))
        return items

    def _refuse_incomparable(self, outputs: Sequence[_Output]) -> None:
        for output in outputs:
            if not is_comparable(output.value.kind):
                raise self.scope.source.error(f"{output.value.kind} cannot be told apart by DISTINCT", output.written)


def _named(node: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=node.copy(), alias=exp.to_identifier(name, quoted=True))
