"""The text that a statement comes from: what is wrong with it, and where its writer finds that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from trailkeep.errors import InvalidQuery

_HINT = "docs/sql.md lists the tables, columns and functions, and shows examples."

_INSTEAD: Mapping[type[exp.Expr], str] = MappingProxyType(
    {
        exp.AtTimeZone: "; add or take away hours instead: event_time + interval '8' hour",
        exp.GroupConcat: "; use array_join(array_agg(…), ',')",
        exp.Lambda: "; use CROSS JOIN UNNEST(…) AS t(element)",
        exp.Any: "; use IN",
        exp.All: "; compare with (SELECT max(…) …)",
        exp.Star: "; it stands alone, or in count(*)",
        exp.Distinct: "; it stands in count(DISTINCT …) and other aggregates",
        exp.Order: "; it stands in array_agg(… ORDER BY …)",
        exp.Filter: "; it follows an aggregate",
        exp.Concat: "; texts are joined with ||",
        exp.JSONExtract: "; use json_extract(…, '$.name'), and CROSS JOIN UNNEST(…) AS t(element) for arrays",
    }
)


@dataclass(frozen=True, slots=True)
class Source:
    """A whole query, whose SQL begins at an index of it."""

    text: str
    at: int

    @property
    def sql(self) -> str:
        """The SQL alone."""
        return self.text[self.at :]

    def error(self, message: str, place: exp.Expr | int, *, hint: str = _HINT) -> InvalidQuery:
        """An error about a node of the parsed SQL, or about an index of the SQL."""
        index = self.at + (place if isinstance(place, int) else start_of(place))
        line = self.text.count("\n", 0, index) + 1
        column = index - self.text.rfind("\n", 0, index)
        return InvalidQuery(f"{message} at line {line}, column {column}", hint=hint)

    def refusal(self, node: exp.Expr) -> InvalidQuery:
        """An error: that a node is nothing that may stand where it does."""
        return self.error(f"{spoken(node)} is not offered here{_INSTEAD.get(type(node), '')}", node)

    def only(self, node: exp.Expr, *names: str) -> None:
        """Refuse a node that says more than these: the parser keeps what other dialects add to it."""
        for name, value in node.args.items():
            if value and name not in names:
                raise self.error(f"{spoken(node)} with {name.strip('_').upper()} is not offered", node)


def spoken(node: exp.Expr) -> str:
    """What a node is called in messages: ``AtTimeZone`` is AT TIME ZONE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).upper()


def start_of(node: exp.Expr) -> int:
    """Where a node begins: at the first of its parts that the parser knows the place of."""
    while True:
        starts = [start for start, _ in _spans(node)]
        if starts or node.parent is None:
            return min(starts, default=0)
        node = node.parent


def _spans(node: exp.Expr) -> list[tuple[int, int]]:
    return [(each.meta["start"], each.meta["end"]) for each in node.walk() if "start" in each.meta]
