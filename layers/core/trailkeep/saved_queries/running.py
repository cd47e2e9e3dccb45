"""Running a saved query: what is sent with it, and the query → the body of a search."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trailkeep.errors import InvalidParameter
from trailkeep.named import refuse_unknown
from trailkeep.saved_queries.resolve import resolve
from trailkeep.saved_queries.saved_query import Definition
from trailkeep.saved_queries.window import window_of

_PASSED_ON = ("startTime", "endTime", "regions", "direction", "maxResults", "engine", "dryRun")
_PAGES = "The answer's member search is a body for POST /v1/search, which gives further pages with nextToken."


def search_body(saved: Definition, sent: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The search that a saved query stands for ``now``, with ``arguments`` for its parameters.

    ``sent`` may have them, and what a search has but ``query`` and ``nextToken``; times in it go before those of the
    query. Raises :class:`InvalidParameter`, which names the member or the argument.
    """
    if "nextToken" in sent:
        raise InvalidParameter("nextToken is of the search that was run, not of the saved query", hint=_PAGES)
    refuse_unknown(sent, ("arguments", *_PASSED_ON))
    arguments = sent.get("arguments", {})
    if not isinstance(arguments, dict):
        raise InvalidParameter("arguments must be an object of values by the names of their parameters")
    body: dict[str, Any] = {"query": resolve(saved, arguments)}
    if "startTime" not in sent and "endTime" not in sent:
        window = dict(zip(("startTime", "endTime"), window_of(saved, now), strict=True))
        body |= {name: value for name, value in window.items() if value is not None}
    return body | {name: sent[name] for name in _PASSED_ON if name in sent}
