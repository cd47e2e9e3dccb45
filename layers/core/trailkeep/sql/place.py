"""Where an expression stands in a statement: what names mean there, and what else may stand there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from trailkeep.sql.kinds import BOOLEAN, UNKNOWN, Kind
from trailkeep.sql.scopes import Scope
from trailkeep.sql.source import Source
from trailkeep.sql.typed import Typed

MAX_DEPTH = 60
"""Expressions in expressions. Brackets are counted, chains of AND, OR and || are not."""

Subquery = Callable[[exp.Expr, Scope], tuple[exp.Query, Sequence[Kind]]]
"""Checks a SELECT within another one: what it becomes, and the kinds of its columns."""


@dataclass(frozen=True, slots=True)
class Place:
    """The clause of a SELECT, as messages name it, and how far inside it. Aggregates and windows stand in some alone.

    ``aliases`` are names of what is selected that come before columns here, in lower case.
    """

    scope: Scope
    check: "Callable[[exp.Expr, Place], Typed]"
    subquery: Subquery
    clause: str
    aggregates: bool = False
    windows: bool = False
    aliases: Mapping[str, Typed] = field(default_factory=dict)
    depth: int = 0

    def typed(self, node: exp.Expr) -> Typed:
        """What a parsed expression becomes here; raises :class:`trailkeep.errors.InvalidQuery` where it may not run."""
        if self.depth > MAX_DEPTH:
            raise self.source.error(f"nested deeper than {MAX_DEPTH} levels", node)
        return self.check(node, replace(self, depth=self.depth + 1))

    def condition(self, node: exp.Expr) -> Typed:
        """The same of something that must be true or false."""
        found = self.typed(node)
        if found.kind not in (BOOLEAN, UNKNOWN):
            raise self.source.error(f"{self.clause} needs a condition, and this is {found.kind}", node)
        return found

    def within(self, *, aggregates: bool = False) -> "Place":
        """The place of what an aggregate or a window here is made of, where names mean columns again."""
        return replace(self, aggregates=aggregates, windows=False, aliases={})

    @property
    def source(self) -> Source:
        """The text that it is a place of."""
        return self.scope.source


Rule = Callable[[exp.Expr, Place], Typed]
"""What a kind of parsed nodes becomes."""
