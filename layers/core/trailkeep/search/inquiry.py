"""A search, understood: what it asks of which events, at which moment. The same for the request and for its job."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trailkeep.access.principal import Principal
from trailkeep.events.timestamps import to_micros
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lookup.page import visible_before
from trailkeep.named import MAX_RESULTS
from trailkeep.search.language import parse_query
from trailkeep.search.matching import Matching, narrowed
from trailkeep.search.request import SearchRequest, parse_request

if TYPE_CHECKING:
    from trailkeep.sql.statement import Statement

DATASETS = (EVENTS, INSIGHTS)
"""A search is about the log: the events and the Insights."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A search as it was asked for, what it looks for within what its asker may see, and its SQL, if it has any."""

    request: SearchRequest
    matching: Matching
    statement: "Statement | None"
    as_of: datetime


def understand(body: Mapping[str, Any], who: Principal, now: datetime) -> Inquiry:
    """What ``who`` asks with a JSON body at a moment; with the same moment, the same.

    A page of rows of SQL is the largest, unless the body says otherwise: most have one page.
    Raises :class:`InvalidParameter`, :class:`InvalidTimeRange` and :class:`InvalidQuery` of :mod:`trailkeep.errors`.
    """
    request = parse_request(body, now)
    parsed = parse_query(request.query)
    statement = None
    if parsed.sql is not None:
        # sqlglot takes long to import, and most searches have no SQL.
        from trailkeep.sql.statement import parse_statement

        statement = parse_statement(request.query, parsed.sql_at)
        if "maxResults" not in body:
            request = replace(request, question=replace(request.question, max_results=MAX_RESULTS))
    question = request.question
    matching = Matching(
        start=question.start,
        end=question.end,
        datasets=DATASETS if statement is None else datasets_of(statement),
        regions=question.regions,
        filters=question.filters,
        condition=parsed.condition,
        newest_first=question.newest_first,
    )
    return Inquiry(request, narrowed(matching, who), statement, visible_before(to_micros(now)))


def datasets_of(statement: "Statement") -> tuple[str, ...]:
    """What has to be read for the tables of a statement."""
    return DATASETS if "log" in statement.tables else tuple(name for name in DATASETS if name in statement.tables)
