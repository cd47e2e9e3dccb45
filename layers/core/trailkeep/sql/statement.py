"""SQL text → a checked statement: one SELECT over known tables, columns and functions, or an error that says where."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from trailkeep.sql.dialects import ForDuckDB, FormTooLong, ForTrino
from trailkeep.sql.kinds import Kind
from trailkeep.sql.queries import Queries
from trailkeep.sql.reading import read
from trailkeep.sql.source import Source
from trailkeep.sql.uses import Uses


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT that may be run, and what it reads.

    ``tree`` is for an engine that offers ``tables``, each with ``columns`` and one text column for every name of
    ``paths``: the value at that path of the original event (:mod:`trailkeep.sql.paths` says what it is). Tables and
    columns are written in the tree as they are named here, quoted; calls, casts and operators that the engines spell
    or mean differently are nodes that both dialects of :mod:`trailkeep.sql.dialects` know how to write:
    ``tree.sql(dialect=dialects.ForTrino)``, ``tree.sql(dialect=dialects.ForDuckDB)``. It is shared: copy it before a
    change.
    """

    tree: exp.Query
    tables: frozenset[str]
    """Of :data:`trailkeep.sql.columns.TABLES`: those that are read; none where the text reads no table."""
    columns: frozenset[str]
    """Of :data:`trailkeep.sql.columns.COLUMNS`: those that are read, of whichever table."""
    paths: Mapping[str, tuple[str, ...]]
    """Columns of the tree that are paths into the event, by the names that they have there: ``event.a.b``, ("a", "b").

    Engines ignore case in names and events do not: of paths that differ in case alone, only one has its plain name.
    """
    outputs: tuple[tuple[str, Kind], ...]
    """Names and kinds of what it selects, in order. Names may be there twice."""
    has_order: bool
    """Whether its rows are ordered (ORDER BY at the outermost level)."""
    limit: int | None
    """The outermost LIMIT."""
    reads: int
    """How often tables are read: rows that come once, as a stream, are enough for one."""


def parse_statement(text: str, at: int = 0) -> Statement:
    """The statement of the SQL that stands in ``text`` from index ``at`` on.

    ``text`` is the whole query, so that errors name the line and column that its writer sees. Raises
    :class:`trailkeep.errors.InvalidQuery` for text that is not SQL, or that is more than one SELECT over the tables
    that there are: what is not on the lists of this package is not run.
    """
    source = Source(text, at)
    uses = Uses()
    tree = read(source)
    try:
        selected = Queries(source, uses).statement(tree)
        for dialect in (ForTrino, ForDuckDB):
            selected.node.sql(dialect=dialect)
    except RecursionError:
        raise source.error("the SQL is nested too deeply", 0) from None
    except FormTooLong:
        raise source.error("calls stand in calls too deeply", 0) from None
    limit = selected.node.args.get("limit")
    return Statement(
        tree=selected.node,
        tables=frozenset(uses.tables),
        columns=frozenset(uses.columns),
        paths=MappingProxyType(uses.paths),
        outputs=selected.columns,
        has_order=bool(selected.node.args.get("order")),
        limit=int(limit.expression.name) if limit else None,
        reads=selected.reads,
    )
