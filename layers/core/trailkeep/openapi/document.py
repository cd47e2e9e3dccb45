"""The OpenAPI document: every route of the API, put together from the modules that describe them."""

from functools import cache
from typing import Any

import trailkeep
from trailkeep.openapi import (
    access,
    description,
    events,
    exports,
    failures,
    health,
    insight_settings,
    insights,
    jobs,
    lists,
    parameters,
    retention,
    saved_queries,
    search,
)

_ABOUT = """\
The audit trail you own: look events up, search them, export them, and keep them for as long as you like.

Send your token as `Authorization: Bearer <token>`. Times are RFC 3339; windows include their start and exclude their
end. Every list names itself, has a `nextToken` unless it is the last page, and says how complete it is. Errors are
`{"code", "message", "hint", "requestId"}`, and `code` is one of those that an operation names.
"""

_RESOURCES = (
    events,
    insights,
    insight_settings,
    search,
    saved_queries,
    jobs,
    exports,
    retention,
    access,
    health,
    description,
)
_TAGS = {
    events.TAG: "Events in, events out.",
    insights.TAG: "What was found unusual.",
    search.TAG: "Conditions on anything in events, and SQL over what meets them.",
    saved_queries.TAG: "Searches under a name: your own, shared ones, and presets.",
    jobs.TAG: "What takes longer than an answer may.",
    exports.TAG: "Every row, as files.",
    retention.TAG: "How long what is kept, and what has to stay beyond that.",
    access.TAG: "Tokens, and what they may do.",
    health.TAG: "Ready or not.",
    description.TAG: "This document, and a page that shows it.",
}


@cache
def document() -> dict[str, Any]:
    """The document, as OpenAPI 3.1. Not to be changed: it is made once."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Trailkeep",
            "version": trailkeep.__version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Relative to where the document is: below the stage of whichever deployment serves it.
        "servers": [{"url": "."}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": _joined("PATHS", _RESOURCES),
        "components": {
            "schemas": _joined("SCHEMAS", (failures, lists, *_RESOURCES)),
            "parameters": parameters.SHARED,
            "examples": failures.EXAMPLES,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token with the scope that an operation names. No scope contains another.",
                }
            },
        },
    }


def _joined(name: str, modules: tuple[Any, ...]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for module in modules:
        added: dict[str, Any] = getattr(module, name)
        twice = joined.keys() & added.keys()
        if twice:
            raise ValueError(f"described twice: {', '.join(sorted(twice))}")
        joined |= added
    return joined
