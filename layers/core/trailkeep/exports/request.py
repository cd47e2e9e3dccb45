"""The body of ``POST /v1/exports``, checked member by member: whose rows, in which format, with what of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trailkeep.errors import InvalidParameter
from trailkeep.exports.formats import CONTENT_TYPES, Format
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lookup.question import OPERATOR, Question, parse_question
from trailkeep.named import refuse_unknown
from trailkeep.search.conditions import Everything
from trailkeep.search.language import ParsedQuery, parse_query
from trailkeep.search.matching import Matching
from trailkeep.search.request import parse_request
from trailkeep.sql.statement import Statement, parse_statement

_OF_SEARCH = ("query", "startTime", "endTime", "regions", "direction")
_OF_FILES = ("format", "gzip", "byteOrderMark", "view")
_MEMBERS = ("lookup", *_OF_SEARCH, *_OF_FILES)
_OF_PAGES = ("maxResults", "nextToken")
_EXAMPLE = 'Send {"lookup": {"eventRW": "Write"}, "format": "csv"}, or "query" in the place of "lookup".'


@dataclass(frozen=True, slots=True)
class Export:
    """An export as it was asked for: ``question`` has its window, regions, direction and filters, and no page.

    ``view`` is :data:`OPERATOR`, or None for whole events; ``query`` is None for a lookup, ``statement`` is its SQL.
    """

    format: Format
    view: str | None
    question: Question
    query: ParsedQuery | None = None
    statement: Statement | None = None

    @property
    def matching(self) -> Matching:
        """The events that it is about: a lookup's are events alone, a search finds Insights as well."""
        return Matching(
            start=self.question.start,
            end=self.question.end,
            datasets=(EVENTS, INSIGHTS) if self.query else (EVENTS,),
            regions=self.question.regions,
            filters=self.question.filters,
            condition=self.query.condition if self.query else Everything(),
            newest_first=self.question.newest_first,
        )


def parse_export(body: Mapping[str, Any], now: datetime) -> Export:
    """The export in a JSON body; what is not given is as in the lookup or the search.

    Raises :class:`InvalidParameter`, which names the member (and the nearest known one for an unknown one),
    :class:`trailkeep.errors.InvalidTimeRange` and :class:`trailkeep.errors.InvalidQuery`. With the same ``now`` the
    same body is the same export.
    """
    for name in _OF_PAGES:
        if name in body:
            raise InvalidParameter(f"{name} is of pages, and an export has all rows", hint=f"Leave out {name}.")
    refuse_unknown(body, _MEMBERS)
    if ("lookup" in body) == ("query" in body):
        raise InvalidParameter("either lookup or query must be given, and not both", hint=_EXAMPLE)
    form, view = _format(body), _view(body)
    if "query" in body:
        asked = parse_request({name: body[name] for name in _OF_SEARCH if name in body}, now)
        parsed = parse_query(asked.query)
        if parsed.sql is None:
            return Export(form, view, asked.question, parsed)
        if view:
            raise InvalidParameter("view is of events, and the query selects columns of its own")
        return Export(form, None, asked.question, parsed, parse_statement(asked.query, parsed.sql_at))
    for name in _OF_SEARCH:
        if name in body:
            raise InvalidParameter(f"{name} beside lookup must be within it")
    question, _ = parse_question(_parameters(body["lookup"]), now)
    return Export(form, OPERATOR if question.is_operator_view else view, question)


def _format(body: Mapping[str, Any]) -> Format:
    name = body.get("format")
    if not isinstance(name, str) or name not in CONTENT_TYPES:
        raise InvalidParameter(f"format must be one of {', '.join(CONTENT_TYPES)}", hint=_EXAMPLE)
    gzip, mark = _flag(body, "gzip"), _flag(body, "byteOrderMark")
    if gzip and name == "parquet":
        raise InvalidParameter("gzip is not for parquet, which is compressed within")
    if mark and name != "csv":
        raise InvalidParameter("byteOrderMark is for csv alone")
    return Format(name, gzip, mark)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidParameter(f"{name} must be true or false")
    return value


def _view(body: Mapping[str, Any]) -> str | None:
    view = body.get("view")
    if view not in (None, OPERATOR):
        raise InvalidParameter(f"view must be {OPERATOR}")
    return OPERATOR if view else None


def _parameters(lookup: Any) -> dict[str, list[str]]:
    """The members of ``lookup`` as the query parameters that they stand for."""
    if not isinstance(lookup, dict):
        raise InvalidParameter("lookup must be an object of the parameters of GET /v1/events", hint=_EXAMPLE)
    parameters = {}
    for name, value in lookup.items():
        if name in _OF_PAGES:
            raise InvalidParameter(f"lookup.{name} is of pages, and an export has all rows", hint=f"Leave out {name}.")
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(each, str) for each in values):
            raise InvalidParameter(f"lookup.{name[:64]} must be a text, or a list of texts")
        parameters[name] = values
    return parameters
