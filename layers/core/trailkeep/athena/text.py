"""The text for Athena: one SELECT for a whole search. It finds, takes each event once, and asks the SQL of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from trailkeep.athena.columns import Made, column
from trailkeep.athena.conditions import translated
from trailkeep.athena.filters import lets_through
from trailkeep.athena.fragments import fragment
from trailkeep.athena.sources import Source
from trailkeep.errors import InvalidQuery
from trailkeep.events.timestamps import from_micros, to_micros
from trailkeep.schema import EVENTS as LAKE
from trailkeep.search.conditions import Everything
from trailkeep.search.matching import Matching
from trailkeep.sql.columns import DATASET, LOG
from trailkeep.sql.dialects import ForTrino
from trailkeep.sql.kinds import BIGINT, VARCHAR, Kind
from trailkeep.sql.statement import Statement

LONGEST_BYTES = 262_144
"""What Athena takes as the text of a query."""

EVENT_OUTPUTS: tuple[tuple[str, Kind], ...] = (
    ("event_time", BIGINT),
    ("uid", VARCHAR),
    ("region", VARCHAR),
    ("dataset", VARCHAR),
    ("event", VARCHAR),
)
"""What a search without SQL selects: the time in microseconds since 1970, the identity as hexadecimal digits, the place
and the original."""

REGION = "region"
_COLUMNS = (*LAKE.names, REGION, DATASET)
_MATCHED = "_matched"


@dataclass(frozen=True, slots=True)
class Asked:
    """A search, complete: what an event must be, where such events are, and at which moment they must have been there.

    There will be ``limit`` rows at most.
    """

    matching: Matching
    sources: Sequence[Source]
    as_of: datetime
    limit: int


def text_for(asked: Asked, database: str, statement: Statement | None = None) -> str:
    """The text that gives Athena's answer to a search: what the statement selects, else :data:`EVENT_OUTPUTS`.

    Raises :class:`InvalidQuery` where it would be too long for Athena.
    """
    text: str = tree_for(asked, database, statement).sql(dialect=ForTrino)
    if len(text.encode()) > LONGEST_BYTES:
        raise InvalidQuery(
            f"this search, written in Athena's SQL, is longer than the {LONGEST_BYTES} bytes that Athena takes",
            hint='Ask with fewer conditions, or with "engine": "embedded".',
        )
    return text


def tree_for(asked: Asked, database: str, statement: Statement | None = None) -> exp.Query:
    """:func:`text_for` as a tree."""
    if statement is None:
        return _with_first(_events(asked), _MATCHED, _matched(asked, database))
    tree = _answer(statement, asked.limit)
    for table in sorted(statement.tables):
        tree = _with_first(tree, table, _table(table, statement))
    return _with_first(tree, _MATCHED, _matched(asked, database)) if statement.tables else tree


def _with_first(tree: exp.Query, name: str, query: exp.Query) -> exp.Query:
    """A query that can name another one, before those that it names already."""
    named = exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    with_ = tree.args.get("with_")
    others = with_.expressions if with_ else []
    tree.set("with_", exp.With(expressions=[named, *others]))
    return tree


def _matched(asked: Asked, database: str) -> exp.Query:
    """Every event that is asked for, once."""
    found: exp.Query = _rows_of(asked, asked.sources[0], database)
    for source in asked.sources[1:]:
        found = exp.union(found, _rows_of(asked, source, database), distinct=False, copy=False)
    if not isinstance(asked.matching.condition, Everything):
        made = Made()
        meets = translated(asked.matching.condition, made)
        found = exp.select("*").from_(made.over(found).subquery(copy=False)).where(meets, copy=False)
    # Until they are compacted, some stand in several objects; any of the copies will do.
    columns = [column(name) for name in _COLUMNS]
    copies = exp.select(*columns, fragment("row_number() OVER (PARTITION BY uid) AS _copy"))
    return exp.select(*columns).from_(copies.from_(found.subquery(copy=False)).subquery()).where(fragment("_copy = 1"))


def _rows_of(asked: Asked, source: Source, database: str) -> exp.Select:
    """What of a table can be what is asked for, by its columns."""
    matching = asked.matching
    tests = [
        exp.In(this=column(REGION), expressions=[exp.Literal.string(region) for region in source.regions]),
        fragment(":date BETWEEN :first AND :last", date=column("date"), first=source.first, last=source.last),
        fragment(":time >= :start", time=column("event_time"), start=_timestamp(matching.start)),
        fragment(":time < :end", time=column("event_time"), end=_timestamp(matching.end)),
        fragment(":time < :as_of", time=column("delivered_at"), as_of=_timestamp(to_micros(asked.as_of))),
        *map(lets_through, matching.filters),
    ]
    dataset = exp.alias_(exp.Literal.string(source.dataset), DATASET, quoted=True)
    table = exp.table_(source.dataset, db=database, quoted=True)
    return exp.select(*map(column, _COLUMNS[:-1]), dataset).from_(table).where(*tests)


def _timestamp(micros: int) -> exp.Expr:
    """A moment as the columns of times have it: without a zone."""
    moment = from_micros(micros).replace(tzinfo=None)
    text = moment.isoformat(" ", "microseconds" if micros % 1000 else "milliseconds")
    return exp.cast(exp.Literal.string(text), f"TIMESTAMP({len(text.partition('.')[2])})", dialect="trino")


def _table(name: str, statement: Statement) -> exp.Query:
    """A table of SQL, with the columns that are read."""
    rows: exp.Select = exp.select("*").from_(exp.to_identifier(_MATCHED, quoted=True))
    if name != LOG:
        rows = rows.where(fragment(":dataset = :name", dataset=column(DATASET), name=name))
    made = Made()
    columns = [made.named(each, path) for each, path in statement.paths.items()]
    columns += map(column, sorted(statement.columns))
    # Rows can be counted without a look at them, and still a SELECT selects something.
    return exp.select(*(columns or [column("uid")])).from_(made.over(rows).subquery(copy=False))


def _events(asked: Asked) -> exp.Query:
    """The events themselves, in the order in which they are wanted: :data:`EVENT_OUTPUTS`."""
    micros = "date_diff('millisecond', TIMESTAMP '1970-01-01 00:00:00', event_time) * 1000 AS event_time"
    selected = [fragment(micros), fragment("to_hex(uid) AS uid"), *map(column, (REGION, DATASET, "event"))]
    rows = exp.select(*selected).from_(exp.to_identifier(_MATCHED, quoted=True))
    # A name that is selected goes before a column of the same name.
    descending = asked.matching.newest_first
    order = [exp.Ordered(this=column(name), desc=descending, nulls_first=False) for name in ("event_time", "uid")]
    return rows.order_by(*order).limit(asked.limit)


def _answer(statement: Statement, limit: int) -> exp.Query:
    """What the statement selects, in a form that a result can carry."""
    tree = statement.tree.copy()
    for select in _selects(tree):
        for place, (name, kind) in enumerate(statement.outputs):
            if form := _FORMS.get(kind.name, _ARRAYS if kind.element else None):
                value = select.expressions[place].unalias()
                select.expressions[place].replace(exp.alias_(fragment(form, value=value), name, quoted=True))
    tree.set(
        "limit",
        exp.Limit(expression=exp.Literal.number(limit if statement.limit is None else min(limit, statement.limit))),
    )
    return tree


_ARRAYS = "json_format(CAST(:value AS JSON))"
_FORMS = {"json": "json_format(:value)"}
"""Kinds of values that a result has no exact text for by itself."""


def _selects(tree: exp.Query) -> list[exp.Select]:
    """The SELECTs whose rows are the answer: several where it is a union."""
    if isinstance(tree, exp.SetOperation):
        return [*_selects(tree.left), *_selects(tree.right)]
    if isinstance(tree, exp.Subquery):
        return _selects(tree.this)
    return [tree] if isinstance(tree, exp.Select) else []
