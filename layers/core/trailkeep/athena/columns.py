"""The columns that texts for Athena are made of: those of the lake, and what is made of an event's original once."""

from collections.abc import Callable

import pyarrow as pa
from sqlglot import exp

from trailkeep.athena import document
from trailkeep.schema import EVENTS

LISTS = frozenset(field.name for field in EVENTS if pa.types.is_list(field.type))
"""Columns of several texts."""

_ORIGINAL = "event"
_TAGGED = "_tagged"
_TEXTS = "_texts"


def column(name: str) -> exp.Column:
    """A column by its name, as it is written."""
    return exp.column(name, quoted=True)


class Made:
    """Columns that are made of the original, each once for an event however many conditions look at it.

    It is asked for columns first, as :class:`trailkeep.athena.conditions.Event`, and then for the SELECT with them.
    """

    def __init__(self) -> None:
        self._made: dict[str, exp.Expr] = {}
        self._names: dict[tuple[str, document.Path], str] = {}
        self._tagged = False

    def texts(self) -> exp.Expr:
        """The words of all texts."""
        return self._column(_TEXTS, document.texts_of(column(_ORIGINAL)))

    def values(self, path: document.Path) -> exp.Expr:
        """The scalars at a path."""
        return self._at(path, "_values", document.values_at)

    def standing(self, path: document.Path) -> exp.Expr:
        """What stands at a path."""
        return self._at(path, "_standing", document.standing_at)

    def named(self, name: str, path: document.Path) -> exp.Expr:
        """What SQL sees at a path, under a name of its own."""
        self._tagged = True
        return self._column(name, document.column_at(column(_TAGGED), path))

    def over(self, source: exp.Query) -> exp.Query:
        """All columns of a source, which has the original, and those that were asked for."""
        if self._tagged:
            tagged = exp.alias_(document.tagged(column(_ORIGINAL)), _TAGGED, quoted=True)
            source = exp.select("*", tagged).from_(source.subquery(copy=False))
        if self._made:
            made = (exp.alias_(each, name, quoted=True) for name, each in self._made.items())
            source = exp.select("*", *made).from_(source.subquery(copy=False))
        return source

    def _at(self, path: document.Path, kind: str, made: Callable[[exp.Expr, document.Path], exp.Expr]) -> exp.Expr:
        """A column for a path, the same one each time."""
        self._tagged = True
        name = self._names.setdefault((kind, path), f"{kind}_{len(self._names) + 1}")
        return column(name) if name in self._made else self._column(name, made(column(_TAGGED), path))

    def _column(self, name: str, made: exp.Expr) -> exp.Expr:
        self._made[name] = made
        return column(name)
