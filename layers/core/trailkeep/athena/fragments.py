"""Fragments of SQL: texts with places for what they are about, put together as trees, so that nothing is torn apart."""

import re
from collections.abc import Callable
from functools import lru_cache

from sqlglot import exp, parse_one

_PLACE = re.compile(":([a-z_]+)")
_WHOLE = (exp.Column, exp.Literal, exp.Func, exp.Boolean, exp.Paren, exp.Cast, exp.Case, exp.Array, exp.Lambda)
"""What nothing around it can tear apart."""


def fragment(text: str, /, **parts: exp.Expr | str | int) -> exp.Expr:
    """A fragment in Trino's SQL with ``parts`` in place of ``:name``; texts and numbers become literals."""
    given = {f"the_{name}": part if isinstance(part, exp.Expr) else exp.convert(part) for name, part in parts.items()}

    def filled(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder):
            return node
        part = given[node.name].copy()
        return part if isinstance(part, _WHOLE) else exp.paren(part, copy=False)

    return _parsed(text).transform(filled)


@lru_cache(maxsize=256)
def _parsed(text: str) -> exp.Expr:
    # sqlglot takes no keyword for the name of a placeholder.
    tree: exp.Expr = parse_one(_PLACE.sub(r":the_\1", text), read="trino")
    return tree


def bound(name: str, value: exp.Expr, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """What ``body`` makes of a value, which is computed once however often ``body`` names it.

    ``name`` is what it is called in the text: unlike what is bound around it.
    """
    made = exp.Lambda(this=body(exp.column(name)), expressions=[exp.to_identifier(name)])
    return fragment("element_at(transform(:values, :made), 1)", values=exp.array(value), made=made)
