"""The body of ``POST /v1/search``, checked member by member: what is asked, over which time and regions, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trailkeep.errors import InvalidParameter
from trailkeep.lookup.question import Question, parse_question
from trailkeep.named import MAX_RESULTS, refuse_unknown

ENGINES = ("auto", "embedded", "athena")
MAX_REGIONS = 100

_MEMBERS = ("query", "startTime", "endTime", "regions", "direction", "maxResults", "nextToken", "engine", "dryRun")
_TEXTS = ("query", "startTime", "endTime", "direction", "nextToken", "engine")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search as it was asked for. ``question`` holds its window, regions, direction and page size, and no filters."""

    query: str
    question: Question
    next_token: str | None
    engine: str
    dry_run: bool


def parse_request(body: Mapping[str, Any], now: datetime) -> SearchRequest:
    """The search in a JSON body; defaults are those of a lookup.

    Raises :class:`InvalidParameter`, which names the member (and the nearest known one for an unknown one), or
    :class:`trailkeep.errors.InvalidTimeRange`.
    """
    refuse_unknown(body, _MEMBERS)
    for name in _TEXTS:
        if not isinstance(body.get(name, ""), str):
            raise InvalidParameter(f"{name} must be a text")
    if "query" not in body:
        raise InvalidParameter("query is missing", hint='Send {"query": "event.serviceName: Ecs"}; * finds everything.')
    engine = body.get("engine", "auto")
    if engine not in ENGINES:
        raise InvalidParameter(f"engine must be one of {', '.join(ENGINES)}")
    dry_run = body.get("dryRun", False)
    if not isinstance(dry_run, bool):
        raise InvalidParameter("dryRun must be true or false")
    question, next_token = parse_question(_as_parameters(body), now)
    return SearchRequest(body["query"], question, next_token, engine, dry_run)


def _as_parameters(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """The members that a lookup has too, as its query parameters: so both mean the same and refuse the same."""
    parameters = {name: [body[name]] for name in ("startTime", "endTime", "direction", "nextToken") if name in body}
    if "maxResults" in body:
        most = body["maxResults"]
        if isinstance(most, bool) or not isinstance(most, int):
            raise InvalidParameter(f"maxResults must be a whole number from 1 to {MAX_RESULTS}")
        parameters["maxResults"] = [str(most)]
    if "regions" in body:
        regions = body["regions"]
        if not isinstance(regions, list) or not all(isinstance(region, str) for region in regions):
            raise InvalidParameter("regions must be a list of regions such as cn-hangzhou")
        if len(regions) > MAX_REGIONS:
            raise InvalidParameter(f"regions may name at most {MAX_REGIONS}")
        if regions:
            parameters["region"] = regions
    return parameters
