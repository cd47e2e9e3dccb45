"""FROM and JOIN: what a SELECT reads."""

from collections.abc import Callable, Mapping

from sqlglot import exp

from trailkeep.sql.columns import LOG, TABLES
from trailkeep.sql.kinds import BIGINT, Kind
from trailkeep.sql.place import Place
from trailkeep.sql.scopes import Relation
from trailkeep.sql.selected import Selected
from trailkeep.sql.source import Source

Nested = Callable[[exp.Expr], Selected]
"""Checks a SELECT that is read like a table."""

_KINDS = frozenset({"", "INNER", "OUTER", "CROSS"})
_SIDES = frozenset({"", "LEFT", "RIGHT", "FULL"})


class Relations:
    """The relations of one SELECT, as they are taken in. ``reads`` counts how often tables are read for them."""

    def __init__(self, place: Place, ctes: Mapping[str, Selected], nested: Nested) -> None:
        self._place = place
        self._source = place.source
        self._ctes = ctes
        self._nested = nested
        self.reads = 0

    def log(self, place: exp.Expr) -> exp.From:
        """What is read where nothing is said."""
        return exp.From(this=self._table(LOG, LOG, place))

    def source(self, node: exp.Expr) -> exp.From:
        """FROM."""
        self._source.only(node, "this")
        return exp.From(this=self._relation(node.this))

    def join(self, node: exp.Join) -> exp.Join:
        """A JOIN, or what stands behind a comma."""
        self._source.only(node, "this", "side", "kind", "on")
        kind, side, on = node.kind.upper(), node.side.upper(), node.args.get("on")
        if kind not in _KINDS or side not in _SIDES:
            raise self._source.error(f"{kind} JOIN is not offered", node)
        is_cross = kind == "CROSS" or not (kind or side or on)
        if is_cross is (on is not None):
            raise self._source.error("a JOIN needs ON, but CROSS JOIN has none", node)
        if isinstance(node.this, exp.Unnest) and not is_cross:
            raise self._source.error("UNNEST goes with CROSS JOIN alone", node)
        relation = self._relation(node.this)
        if on is None:
            return exp.Join(this=relation, kind="CROSS")
        return exp.Join(
            this=relation, side=side or None, kind=None if side else "INNER", on=self._place.condition(on).node
        )

    def _relation(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            self._source.only(node, "this", "alias")
            alias = node.args.get("alias")
            if alias and alias.columns:
                raise self._source.error("a table's columns have their names; give others behind SELECT", alias)
            return self._table(node.name, node.alias or node.name, node)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            return self._subquery(node)
        if isinstance(node, exp.Unnest):
            return self._unnest(node)
        raise self._source.error(
            "expected a table or a SELECT in brackets", node, hint=f"Tables are {', '.join(TABLES)}."
        )

    def _table(self, name: str, alias: str, place: exp.Expr) -> exp.Table:
        columns = None
        if cte := self._ctes.get(name.lower()):
            self.reads += cte.reads
            columns = cte.columns
        elif name.lower() in TABLES:
            self.reads += 1
            name = name.lower()
            self._place.scope.uses.tables.add(name)
        else:
            raise self._source.error(f"there is no table {name}", place, hint=f"Tables are {', '.join(TABLES)}.")
        self._place.scope.add(Relation(alias, columns), place)
        return exp.Table(this=exp.to_identifier(name, quoted=True), alias=_alias(alias))

    def _subquery(self, node: exp.Subquery) -> exp.Subquery:
        self._source.only(node, "this", "alias")
        selected = self._nested(node.this)
        self.reads += selected.reads
        name = node.alias or f"select_{len(self._place.scope.relations) + 1}"
        columns = renamed(selected, node.args.get("alias"), self._source)
        self._place.scope.add(Relation(name, columns), node)
        return exp.Subquery(this=selected.node, alias=_alias(name, [column for column, _ in columns]))

    def _unnest(self, node: exp.Unnest) -> exp.Unnest:
        """The elements of an array as rows: ``UNNEST(resource_names) WITH ORDINALITY AS t(name, number)``."""
        self._source.only(node, "expressions", "alias", "offset")
        alias, offset = node.args.get("alias"), node.args.get("offset")
        names = [*(alias.columns if alias else []), *([offset] if isinstance(offset, exp.Identifier) else [])]
        if len(node.expressions) != 1 or len(names) != (2 if offset else 1):
            raise self._source.error(
                "it is written UNNEST(array) AS t(element), or WITH ORDINALITY AS t(element, number)", node
            )
        array = self._place.typed(node.expressions[0])
        if array.kind.element is None:
            raise self._source.error(f"UNNEST takes an array, and this is {array.kind}", node)
        kinds = (array.kind.element, BIGINT)
        columns = tuple((name.name, kind) for name, kind in zip(names, kinds, strict=False))
        self._place.scope.add(Relation(node.alias, columns), node)
        made = exp.Unnest(expressions=[array.node], alias=_alias(node.alias, [name.name for name in names]))
        if offset:
            made.args["alias"].set("columns", [exp.to_identifier(names[0].name, quoted=True)])
            made.set("offset", exp.to_identifier(names[1].name, quoted=True))
        return made


def renamed(selected: Selected, alias: exp.Expr | None, source: Source) -> tuple[tuple[str, Kind], ...]:
    """The columns of a query by the names that are given behind it, if any: ``t(a, b)``."""
    if not isinstance(alias, exp.TableAlias) or not alias.columns:
        return selected.columns
    names = [column.name for column in alias.columns]
    if len(names) != len(selected.columns):
        raise source.error(f"{len(names)} names are given, and {len(selected.columns)} columns selected", alias)
    return tuple((name, kind) for name, (_, kind) in zip(names, selected.columns, strict=True))


def _alias(name: str, columns: list[str] | None = None) -> exp.TableAlias:
    identifiers = [exp.to_identifier(column, quoted=True) for column in columns or ()]
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True), columns=identifiers)
